"""Identifiers and addresses in free text. A model is shown none, so whatever it writes of them it made up."""

from __future__ import annotations

import re
from typing import Final

_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bPMID\s*[:#=]?\s*\d{1,9}\b",
        r"\bPubMed\s*(?:ID|identifier)?\s*[:#]?\s*\d{4,9}\b",
        r"\bPMC\s*[:#]?\s*\d{4,9}\b",
        r"\b10\.\d{4,9}/[^\s\"'<>\])}]+",
        r"\bdoi\s*[:=]\s*\S+",
        r"\barXiv\s*:?\s*\d{4}\.\d{4,5}",
        r"\bNCT\d{8}\b",
        r"\bhttps?://[^\s\"'<>\])}]+",
        r"\bwww\.[^\s\"'<>\])}]+",
        r"\bISBN\s*:?\s*[\d-]{9,17}",
    )
)


def identifiers_in(text: str) -> tuple[str, ...]:
    """Everything in a text that looks like an identifier of a paper or an address, in order of its kind."""
    found: dict[str, None] = {}
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            written = match[0].rstrip(".,;:")
            if not any(written in other for other in found):
                found[written] = None
    return tuple(found)


def forged(text: str, shown: str) -> tuple[str, ...]:
    """Those that do not stand in what the model was shown: its sources and the question."""
    flat = shown.casefold()
    return tuple(written for written in identifiers_in(text) if written.casefold() not in flat)
