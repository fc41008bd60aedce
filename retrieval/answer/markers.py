"""Citation markers in what a model wrote: which sources a sentence cites, and what in it only looks like a citation."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from retrieval.answer.keys import KEY_PATTERN

_SEPARATORS: Final = r"(?:\s*(?:[,;/&|]|and)\s*|\s+)"
_WORD_BEFORE: Final = r"(?:(?:sources?|refs?\.?|references?|keys?|see)\s*:?\s*)?"
_KEYS: Final = rf"{_WORD_BEFORE}#?(?:{KEY_PATTERN})(?:{_SEPARATORS}#?(?:{KEY_PATTERN}))*"
_MARKER = re.compile(rf"\s*(?:[\[【({{]{{1,2}}\^?{_KEYS}\s*[\]】)}}]{{1,2}})", re.IGNORECASE)
_KEY = re.compile(KEY_PATTERN, re.IGNORECASE)
# What people write in papers. A bracket that only holds numbers is a reference of some other list.
_NUMBERED = re.compile(r"\s*[\[【]\^?\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*[\]】](?!\w)|(?<![\d×m])[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_NAMED = r"(?:S|D|R|K|refs?|doc|sources?|cite|citation|paper|article|abstract|id|key|pmid)[ _:#.-]{0,2}\d{1,9}"
_BARE_BRACKET = re.compile(rf"\s*[\[【]\s*#?(?:{_NAMED}|[A-Z]\d[A-Z])\s*[\]】](?!\w)", re.IGNORECASE)
_AUTHOR_YEAR = re.compile(
    r"\s*\(\s*(?:see\s+|e\.g\.,?\s+)?[A-Z][\w'’-]+(?:\s+(?:et\s+al\.?|(?:and|&)\s+[A-Z][\w'’-]+))?,?\s+(?:19|20)\d\d[a-z]?"
    r"(?:\s*;[^()]{0,120})?\)"
)
_BLANKS = re.compile(r"[ \t]{2,}")
_BEFORE_STOP = re.compile(r"\s+([.,;:?!])")


class Marked(NamedTuple):
    """A sentence taken apart."""

    text: str
    """Without markers, good ones and bad ones."""
    keys: tuple[str, ...]
    """Of known sources, in order, without repeats."""
    unknown: tuple[str, ...]
    """Markers that name no source, as written."""


def read_markers(sentence: str, known: Collection[str]) -> Marked:
    """Splits a sentence into words, known keys and unresolvable markers; `known` are the keys of this answer."""
    keys: dict[str, None] = {}
    unknown: dict[str, None] = {}

    def take(found: re.Match[str]) -> str:
        named = _KEY.findall(found[0])
        if "(" in found[0] and not all(written.upper() in known for written in named):
            return found[0]  # an abbreviation in parentheses
        for written in named:
            if written.upper() in known:
                keys[written.upper()] = None
            else:
                unknown[written] = None
        return ""

    def doubt(found: re.Match[str]) -> str:
        unknown[found[0].strip()] = None
        return ""

    text = _MARKER.sub(take, sentence)
    for pattern in (_NUMBERED, _BARE_BRACKET, _AUTHOR_YEAR):
        text = pattern.sub(doubt, text)
    text = _BEFORE_STOP.sub(r"\1", _BLANKS.sub(" ", text)).strip()
    return Marked(text, tuple(keys), tuple(unknown))


def is_only_markers(text: str, known: Collection[str]) -> bool:
    """Whether nothing but markers (and stops) stands there: they belong to the sentence before."""
    return bool(text.strip()) and not re.search(r"\w", read_markers(text, known).text)


def leading_markers(text: str) -> int:
    """How many characters of markers a text begins with: some models cite after the full stop."""
    end = 0
    while found := _MARKER.match(text, end) or _NUMBERED.match(text, end):
        end = found.end()
    return end
