"""Turns a claim around: what would be said if the opposite were true."""

from __future__ import annotations

import re
from typing import Final

from retrieval.verify.lexicon import Lexicon

_AUXILIARY: Final = re.compile(
    r"\b(?:is|are|was|were|does|do|did|can|could|has|have|had|may|might|will|would|should)\b", re.IGNORECASE
)
_DENIED: Final = re.compile(r"\b(?:(?:do|does|did) not|cannot|not|no|never)\b\s*", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def opposites(claim: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The claim with its first direction turned, and the claim denied (or no longer); at least one, none of them it."""
    return tuple(dict.fromkeys(filter(None, (turned(claim, lexicon), denied(claim)))))


def turned(claim: str, lexicon: Lexicon) -> str:
    """With the first word that has a partner in the lexicon replaced by it; "" where there is none."""
    for match in _WORD.finditer(claim):
        partner = lexicon.opposites.get(match.group().lower())
        if partner:
            kept = partner.capitalize() if match.group()[0].isupper() else partner
            return f"{claim[: match.start()]}{kept}{claim[match.end() :]}"
    return ""


def denied(claim: str) -> str:
    """With "not" after its first auxiliary verb; where something is denied already, without that."""
    if (found := _DENIED.search(claim)) is not None:
        word = "can " if found.group().lower().startswith("cannot") else ""
        return f"{claim[: found.start()]}{word}{claim[found.end() :]}"
    if (verb := _AUXILIARY.search(claim)) is not None:
        return f"{claim[: verb.end()]} not{claim[verb.end() :]}"
    return f"It is not true that {claim[:1].lower()}{claim[1:]}"
