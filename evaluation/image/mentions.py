"""What tells that a text mentions a marker, by any of its names, or a finding."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from retrieval.expression import GeneNames, read_housekeeping
from retrieval.vocabulary.file import Vocabulary, spellings

_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9-]{1,9}")


class Mention(NamedTuple):
    symbol: str
    """What stands for it in a list of genes; empty for a finding."""
    parts: tuple[str, ...]
    """In small letters, one of which a text must hold: looking for them first is many times faster."""
    pattern: re.Pattern[str]

    def stands_in(self, text: str, folded: str) -> bool:
        """`folded` is the text in small letters."""
        return any(part in folded for part in self.parts) and self.pattern.search(text) is not None


def markers(vocabulary: Vocabulary) -> dict[str, Mention]:
    """By best known name: the markers that have a symbol and are no housekeeping genes."""
    housekeeping = read_housekeeping()
    known = GeneNames(vocabulary, housekeeping)
    found = {}
    for group in vocabulary.groups:
        if group.kind != "marker":
            continue
        symbol = next((name for name in group.names if _SYMBOL.fullmatch(name) and known.name(name) == group.name), "")
        if symbol and symbol not in housekeeping:
            written = [spelling for name in group.names for spelling in spellings(name)]
            # Symbols as they are written: in small letters, many are plain words.
            parts = [re.escape(w) if _SYMBOL.fullmatch(w) else f"(?i:{re.escape(w)})" for w in written]
            pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?![\w-])")
            found[group.name] = Mention(symbol, tuple(dict.fromkeys(w.casefold() for w in written)), pattern)
    return found


def stem(entity: str) -> str:
    """What singular and plural have in common, nearly: "Macrophages" gives "macrophage"."""
    folded = " ".join(entity.casefold().split())
    return folded[:-1] if folded.endswith("s") and not folded.endswith(("ss", "is", "us")) else folded


@cache
def of_entity(entity: str) -> Mention:
    """`entity` as `stem` gives it."""
    return Mention("", (entity,), re.compile(rf"\b{re.escape(entity)}(?:s|es)?\b", re.IGNORECASE))
