"""Headings, and what kind of section one opens."""

from __future__ import annotations

import re
from typing import Final

REFERENCES: Final = "REFERENCES"
_KINDS: Final = (
    (REFERENCES, r"references?|bibliography|literature(?: cited)?|works cited|citations|reference list"),
    ("BACK_MATTER", r"acknowledge?ments?|funding.*|ethic.*|(?:conflicts?|competing).*"
                    r"|authors?['’]? contributions?.*|data availability.*|abbreviations.*"
                    r"|supplementa.*|disclosures?.*|key ?words.*"),
    ("METHODS", r".*\bmethods?\b.*|.*methodology.*|materials?.*|patients?.*"
                r"|(?:study )?(?:design|setting|participants).*|(?:statistical |data )?analysis"
                r"|experimental.*|subjects.*|interventions?"),
    ("RESULTS", r"(?:main |own )?results?(?: and discussion)?|findings|observations"
                r"|case (?:report|presentation|description)s?"),
    ("CONCLUSIONS", r"conclusions?.*|summary|concluding remarks|interpretation"),
    ("LITERATURE", r"(?:general )?(?:introduction|background|discussion|rationale).*|(?:literature )?review.*"
                   r"|state of the art|epidemiology|pathogenesis|a?etiology|related work|context"),
)  # fmt: skip
_COMPILED: Final = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
_LONGEST: Final = 80
_NUMBERING: Final = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,4}\.)\s+")
_LABEL: Final = re.compile(r"\s*(?:\*\*|__)?([A-Z][A-Za-z ,&/]{2,40}?)\s?:(?:\*\*|__)?\s")
_LABEL_IN_FRONT: Final = re.compile(r"\s*(?:\*\*|__)?([A-Z][A-Z ,&/]{4,40}?)\s?[.:](?:\*\*|__)?\s")


def kind_of(heading: str) -> str | None:
    """METHODS, RESULTS, LITERATURE, CONCLUSIONS, BACK_MATTER or REFERENCES; None for a heading that tells no kind."""
    bare = _NUMBERING.sub("", heading.strip().strip("*_# ").rstrip(":. ").strip("*_"))
    if 0 < len(bare) <= _LONGEST:
        for kind, pattern in _COMPILED:
            if pattern.fullmatch(bare):
                return kind
    return None


def label_of(paragraph: str) -> tuple[str, int] | None:
    """The kind that a label such as "METHODS:" in front of a paragraph names, and where the text behind it begins."""
    match = _LABEL_IN_FRONT.match(paragraph) or _LABEL.match(paragraph)
    kind = kind_of(match[1]) if match else None
    return (kind, match.end()) if match and kind and kind != REFERENCES else None
