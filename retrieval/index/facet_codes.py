"""Codes of facet values: each value of an article is a small number in the index, and what it stands for kept beside.

In a build a code takes a third of the time that the value itself would take. Conditions look for codes as well, except
for journals, whose abbreviations and ISSNs may be those of several titles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import msgspec

from retrieval.analysis import fold
from retrieval.classification import CLASS_FACETS, Classes, Classifier
from retrieval.index.interface import FacetCounts, IndexedArticle
from retrieval.records import FACETS, Facet, FacetName, FacetValue, Record, Term

CODED: Final[tuple[FacetName, ...]] = tuple(name for name in FACETS if name != "year")
COLUMNS: Final = {name: "year" if name == "year" else f"facet_{name}" for name in FACETS}
_CACHE_LIMIT: Final = 100_000
_TIE_MARGIN: Final = 16
_MOST_YEARS: Final = 10_000

Frequent = Sequence[tuple[int, int]]
"""(code or year, articles), the most frequent first."""


class Tally(NamedTuple):
    """What an engine counted in one go."""

    articles: int
    frequent: Mapping[FacetName, Frequent]


class _Names(Record, frozen=True):
    """What the codes of one index stand for."""

    values: dict[FacetName, list[str]]
    """By code."""
    also: dict[FacetName, dict[str, list[int]]]
    """What else they may be asked for with, folded: identifiers of headings, other words for an organ."""


class FacetCoder:
    """Gives each value its code."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._codes = {name: _Codes() for name in CODED}
        self._of_classes: dict[Classes, list[tuple[str, int]]] = {}

    def codes(self, indexed: IndexedArticle, title_row: str) -> Iterator[tuple[str, int]]:
        """(column, code) of all that an article has; `title_row`: the row of terms that its title becomes."""
        article, codes = indexed.article, self._codes
        if journal := article.journal.title or article.journal.abbreviation:
            yield COLUMNS["journal"], codes["journal"][journal]
        of_type, of_mesh = codes["type"], codes["mesh"]
        for term in article.publication_types:
            yield COLUMNS["type"], of_type.of_term(term)
        for heading in article.mesh:
            yield COLUMNS["mesh"], of_mesh.of_term(heading)
        for language in article.languages:
            yield COLUMNS["language"], codes["language"][language]
        yield COLUMNS["integrity"], codes["integrity"][indexed.integrity.status]
        yield from self._class_codes(self._classifier.classify(article, title_row))

    def names(self) -> bytes:
        """What the codes given so far stand for, as KnownFacets reads it."""
        values: dict[FacetName, list[str]] = {name: codes.names for name, codes in self._codes.items()}
        also: dict[FacetName, dict[str, list[int]]] = {name: codes.identifiers for name, codes in self._codes.items()}
        for name, words in self._classifier.also.items():
            codes = {value: code for code, value in enumerate(values[name])}
            also[name] = {word: [codes[value]] for word, value in words.items() if value in codes}
        return msgspec.json.encode(_Names(values, also))

    def _class_codes(self, classes: Classes) -> list[tuple[str, int]]:
        found = self._of_classes.get(classes)
        if found is None:
            if len(self._of_classes) >= _CACHE_LIMIT:
                self._of_classes.clear()
            found = self._of_classes[classes] = [
                (COLUMNS[name], self._codes[name][value])
                for name, values in zip(CLASS_FACETS, classes, strict=True)
                for value in values
            ]
        return found


class KnownFacets:
    """The values of one index and their codes; safe to use from several threads."""

    def __init__(self, names: bytes) -> None:
        """MsgspecError where these are not the names of facets."""
        self._names = msgspec.json.decode(names, type=_Names)

    def values(self, name: FacetName) -> list[str]:
        """Every value that occurs."""
        return sorted(self._names.values[name])

    def known(self, name: FacetName) -> int:
        """How many values occur, or may occur."""
        return _MOST_YEARS if name == "year" else len(self._names.values[name])

    def codes(self, name: FacetName, asked: Iterable[str]) -> list[int]:
        """The codes of values that are asked for by folded names or identifiers; none for one that no article has."""
        known = self._codes[name]
        return sorted({code for value in asked for code in known.get(value, ())})

    @cached_property
    def _codes(self) -> dict[FacetName, dict[str, list[int]]]:
        # Made when first asked for, since opening an index should not wait for it.
        return {
            name: {fold(value): [code] for code, value in enumerate(values)} | self._names.also[name]
            for name, values in self._names.values.items()
        }

    def count(
        self, tally: Callable[[Sequence[FacetName], int], Tally], wanted: Sequence[FacetName], size: int
    ) -> FacetCounts:
        """Of each facet its `size` most frequent values, equally frequent ones by name, and of years all.

        `tally(names, take)` has the engine count: at least the `take` most frequent values of each.
        """
        asked = dict.fromkeys(wanted)
        take = size + _TIE_MARGIN
        articles, facets = 0, dict[FacetName, Facet]()
        while asked:
            articles, found = tally(list(asked), take)
            for name in list(asked):
                frequent = found[name]
                # Where the last ones are as frequent as the last one kept, there may be more that come before it.
                if name == "year" or len(frequent) < take or frequent[-1][1] < frequent[size - 1][1]:
                    facets[name] = Facet(name, self._sorted(name, frequent, size))
                    del asked[name]
            take *= 4
        return FacetCounts(articles, tuple(facets[name] for name in dict.fromkeys(wanted)))

    def _sorted(self, name: FacetName, frequent: Frequent, size: int) -> tuple[FacetValue, ...]:
        if name == "year":
            return tuple(FacetValue(str(year), count) for year, count in sorted(frequent, reverse=True))
        names = self._names.values[name]
        values = [FacetValue(names[code], count) for code, count in frequent]
        return tuple(sorted(values, key=lambda value: (-value.count, value.value))[:size])


def most(name: FacetName, take: int) -> int:
    """How many values of a facet to ask an engine for: of years all."""
    return max(take, _MOST_YEARS) if name == "year" else take


class _Codes(dict[str, int]):
    """A value as it is written -> its code; spellings that conditions do not tell apart share one."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        """By code, as first written."""
        self.identifiers: dict[str, list[int]] = {}
        self._last: dict[str, int] = {}
        self._folded: dict[str, int] = {}

    def of_term(self, term: Term) -> int:
        code = self[term.name]
        if self._last.get(term.ui) != code and term.ui:
            # A heading may be renamed from one year to the next; its identifier stands for both.
            self._last[term.ui] = code
            codes = self.identifiers.setdefault(fold(term.ui), [])
            if code not in codes:
                codes.append(code)
        return code

    def __missing__(self, written: str) -> int:
        code = self._folded.setdefault(fold(written), len(self.names))
        if code == len(self.names):
            self.names.append(written)
        self[written] = code
        return code
