"""Licences of articles and figures, named one way: "CC BY-NC", whether a URL, a code or a sentence says so."""

from __future__ import annotations

import re
from typing import Final

OPEN_LICENCES: Final = ("CC0", "CC BY", "CC BY-SA")
"""Those under which an image may be stored, changed and shown to anybody, with credit."""

_URL: Final = re.compile(
    r"creativecommons\.org/(?:licen[sc]es/(by(?:-(?:nc|nd|sa))*)\b|publicdomain/(zero|mark)\b)", re.IGNORECASE
)
_NAME: Final = re.compile(
    r"CC[\s_-]*(0|zero|by(?:[\s_-]*(?:nc|nd|sa))*)(?:[\s_-]*v?\d(?:\.\d)?)?(?:[\s_-]*(?:igo|unported|international))?",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"creative\s+commons[\s,:-]+attribution\b(.{0,60})", re.IGNORECASE | re.DOTALL)
_CONDITIONS: Final = {"NC": r"non-?\s?commercial", "ND": r"no\s?-?deriv", "SA": r"share\s?-?alike"}
_LONGEST: Final = 40


def licence_code(text: str) -> str:
    """The licence that a URL or a code names, without its version: "CC BY", "CC BY-NC-ND", "CC0".

    Any other code comes back in capitals ("TDM"), an empty one as "".
    """
    return creative_commons(text) or " ".join(text.upper().split())[:_LONGEST]


def creative_commons(text: str) -> str:
    """The Creative Commons licence that a URL, a code or a sentence names; "" where it names none."""
    if match := _URL.search(text):
        conditions, dedication = match.groups()
        if dedication:
            return "CC0" if dedication.lower() == "zero" else "PUBLIC DOMAIN"
        return _named(set(conditions.upper().split("-")))
    if match := _NAME.fullmatch(text.strip()):
        if match[1].lower() in ("0", "zero"):
            return "CC0"
        return _named(set(re.findall(r"NC|ND|SA", match[1].upper())))
    if match := _WORDS.search(text):
        return _named({code for code, words in _CONDITIONS.items() if re.search(words, match[1], re.IGNORECASE)})
    return ""


def _named(conditions: set[str]) -> str:
    return "-".join(["CC BY", *(code for code in ("NC", "ND", "SA") if code in conditions)])
