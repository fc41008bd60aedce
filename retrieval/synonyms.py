"""Finds the names of a vocabulary in the words of a query.

Names are compared as the analyzer has them, so that plural, hyphen, Greek letters and UK spelling make no difference.
The longest name counts. Letter case decides where small letters are likely to be another word: see `Synonyms.find`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from retrieval.analysis import Analyzer
from retrieval.vocabulary.file import SynonymGroup, Vocabulary, spellings

_PIECE: Final = re.compile(r"[^\W_]+")
_WITHIN_A_NAME: Final = re.compile(r"[\s&+./'\u2019\u02bc\u2010-\u2014\u2212-]*")
"""What may stand between two words of one name; a comma or a bracket may not."""
_SHORT: Final = 4
"""Letters of capitals that may be a word when typed small: GIST and gist."""

Row = tuple[str, ...]


class Found(NamedTuple):
    """A name in a text: `text[start:end]` names this group."""

    start: int
    end: int
    group: SynonymGroup
    because: str
    """The word of the query that makes an ambiguous name this group's; empty where the name needs none."""


class _Name(NamedTuple):
    text: str
    group: SynonymGroup
    ambiguous: bool


class _Unit(NamedTuple):
    """A term of the row and the characters that it comes from."""

    term: str
    start: int
    end: int
    starts: bool
    """Whether a name may start here: not within a number or an abbreviation with dots."""
    ends: bool
    whole: str
    """At the first part of a compound: its whole form."""
    parts: int
    """At the first part of a compound: how many it has."""


class Synonyms:
    """The vocabulary as one analyzer reads it; safe to use from several threads."""

    def __init__(self, vocabulary: Vocabulary, analyzer: Analyzer) -> None:
        self._vocabulary = vocabulary
        self._analyzer = analyzer

    def find(self, text: str, plain: Sequence[tuple[int, int]]) -> list[Found]:
        """The names in the `plain` stretches of a text, in order, without overlap.

        A name in capitals of up to four letters counts in small letters only in company, an ambiguous one only as it
        is written in the vocabulary and in company: beside a word that speaks of this group, or for groups without
        such words of their own another name of the vocabulary or a word that speaks of their kind.
        """
        units = list(self._units(text))
        found = list(self._scan(text, plain, units, ()))
        if any(not match.because for match in found):
            found = list(self._scan(text, plain, units, [match for match in found if not match.because]))
        return found

    @cached_property
    def _names(self) -> dict[str, list[_Name]]:
        names: dict[str, list[_Name]] = defaultdict(list)
        for group in self._vocabulary.groups:
            for ambiguous, listed in ((False, group.names), (True, group.ambiguous)):
                for text in listed:
                    for row in _rows(text, self._analyzer):
                        names[" ".join(row)].append(_Name(text, group, ambiguous))
        return dict(names)

    @cached_property
    def _longest(self) -> int:
        return max((key.count(" ") + 1 for key in self._names), default=0)

    def _units(self, text: str) -> Iterator[_Unit]:
        for start, end, _ in self._analyzer.spans(text):
            row, wholes = self._analyzer.text(text[start:end])
            parts = row.split()
            pieces = [(m.start(), m.end()) for m in _PIECE.finditer(text, start, end)]
            alike = len(pieces) == len(parts)
            for i, part in enumerate(parts):
                first, last = i == 0, i == len(parts) - 1
                piece = pieces[i] if alike else (start, end)
                whole = wholes[0] if wholes and first else ""
                yield _Unit(part, *piece, alike or first, alike or last, whole, len(parts))

    def _scan(
        self, text: str, plain: Sequence[tuple[int, int]], units: Sequence[_Unit], others: Sequence[Found]
    ) -> Iterator[Found]:
        i = 0
        while i < len(units):
            for length in range(min(self._longest, len(units) - i), 0, -1):
                found = self._at(text, plain, units[i : i + length], units, others)
                if found is not None:
                    yield found
                    i += length
                    break
            else:
                i += 1

    def _at(
        self,
        text: str,
        plain: Sequence[tuple[int, int]],
        named: Sequence[_Unit],
        units: Sequence[_Unit],
        others: Sequence[Found],
    ) -> Found | None:
        first, last = named[0], named[-1]
        keys = [" ".join(unit.term for unit in named)] if first.starts and last.ends else []
        if first.whole and first.parts == len(named):
            keys.append(first.whole)
        names = [name for key in keys for name in self._names.get(key, ())]
        if not names:
            return None
        start, end = first.start, last.end
        if not any(low <= start and end <= high for low, high in plain):
            return None
        if not all(a.end > b.start or _WITHIN_A_NAME.fullmatch(text, a.end, b.start) for a, b in pairwise(named)):
            return None
        typed = text[start:end]
        beside = [other for other in others if not start <= other.start < end]
        for name in names:
            if name.ambiguous:
                if typed.removesuffix("s") != name.text:
                    continue
            elif not _may_be_a_word(name.text, typed):
                return Found(start, end, name.group, "")
            if because := self._company(text, name.group, (start, end), units, beside):
                return Found(start, end, name.group, because)
        return None

    def _company(
        self, text: str, group: SynonymGroup, place: tuple[int, int], units: Sequence[_Unit], others: Sequence[Found]
    ) -> str:
        """The word of the query that speaks of the group, "" for none."""
        wanted = self._company_terms(group)
        for unit in units:
            if not place[0] <= unit.start < place[1] and (unit.term in wanted or unit.whole in wanted):
                return text[unit.start : unit.end]
        if not group.company and others:
            return text[others[0].start : others[0].end]
        return ""

    def _company_terms(self, group: SynonymGroup) -> frozenset[str]:
        words = group.company or self._vocabulary.company.get(group.kind, ())
        return self._companies[words]

    @cached_property
    def _companies(self) -> dict[tuple[str, ...], frozenset[str]]:
        groups, shared = self._vocabulary.groups, self._vocabulary.company
        lists = {group.company or shared.get(group.kind, ()) for group in groups}
        # Of a compound its whole form alone: the "l1" of PD-L1 is company for nobody.
        return {words: frozenset(self._analyzer.terms(word)[-1] for word in words) for words in lists}


def group_rows(group: SynonymGroup, analyzer: Analyzer) -> tuple[list[Row], list[Row]]:
    """Each spelling of a group's names as a row of terms: those that mean nothing else, the ambiguous ones.

    Rows of stop words alone (ALL, HE) are left out: they are in every text.
    """
    sure = dict.fromkeys(row for name in group.names for row in _rows(name, analyzer))
    vague = dict.fromkeys(row for name in group.ambiguous for row in _rows(name, analyzer))
    told = [[row for row in rows if analyzer.telling_terms(" ".join(row))] for rows in (sure, vague)]
    return told[0], [row for row in told[1] if row not in sure]


def _rows(name: str, analyzer: Analyzer) -> list[Row]:
    return list(dict.fromkeys(row for spelling in spellings(name) for row in analyzer.phrases(spelling)))


def _may_be_a_word(name: str, typed: str) -> bool:
    return name.isalpha() and name.isupper() and len(name) <= _SHORT and not typed.removesuffix("s").isupper()
