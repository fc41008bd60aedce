"""Facet counts: over every article that matches, by tantivy's aggregations over columns of small numbers.

Each article has the codes of its values in a column per facet; what a code stands for is kept beside the index. In a
build a code takes a third of the time that the value itself would take. Conditions look for codes as well, except for
journals, whose abbreviations and ISSNs may be those of several titles.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import tantivy

from retrieval.analysis import fold
from retrieval.classification import CLASS_FACETS, Classes, Classifier
from retrieval.errors import GenerationError
from retrieval.index.interface import FacetCounts, IndexedArticle
from retrieval.records import FACETS, Facet, FacetName, FacetValue, Record, Term

_FILE: Final = "facets.json"
_CODED: Final[tuple[FacetName, ...]] = tuple(name for name in FACETS if name != "year")
COLUMNS: Final = {name: "year" if name == "year" else f"facet_{name}" for name in FACETS}
_CACHE_LIMIT: Final = 100_000
_TIE_MARGIN: Final = 16
_EVERY_VALUE: Final = 2**31
"""Values that one segment hands in; fewer, and counts of rare values would be too low."""
_MOST_YEARS: Final = 10_000


class _Names(Record, frozen=True):
    """What the codes of one index stand for."""

    values: dict[FacetName, list[str]]
    """By code."""
    also: dict[FacetName, dict[str, list[int]]]
    """What else they may be asked for with, folded: identifiers of headings, other words for an organ."""


def add_facet_fields(builder: tantivy.SchemaBuilder) -> None:
    for name in _CODED:
        builder.add_unsigned_field(COLUMNS[name], fast=True, indexed=name != "journal")


class FacetWriter:
    """Gives each value its code, and each document its codes."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._codes = {name: _Codes() for name in _CODED}
        self._of_classes: dict[Classes, list[tuple[str, int]]] = {}

    def add(self, document: tantivy.Document, indexed: IndexedArticle, title_row: str) -> None:
        """`title_row`: the row of terms that the analyzer makes of the article's title."""
        article, add, codes = indexed.article, document.add_unsigned, self._codes
        if journal := article.journal.title or article.journal.abbreviation:
            add(COLUMNS["journal"], codes["journal"][journal])
        of_type, of_mesh = codes["type"], codes["mesh"]
        for term in article.publication_types:
            add(COLUMNS["type"], of_type.of_term(term))
        for heading in article.mesh:
            add(COLUMNS["mesh"], of_mesh.of_term(heading))
        for language in article.languages:
            add(COLUMNS["language"], codes["language"][language])
        add(COLUMNS["integrity"], codes["integrity"][indexed.integrity.status])
        for column, code in self._class_codes(self._classifier.classify(article, title_row)):
            add(column, code)

    def save(self, folder: Path) -> None:
        values: dict[FacetName, list[str]] = {name: codes.names for name, codes in self._codes.items()}
        also: dict[FacetName, dict[str, list[int]]] = {name: codes.identifiers for name, codes in self._codes.items()}
        for name, words in self._classifier.also.items():
            codes = {value: code for code, value in enumerate(values[name])}
            also[name] = {word: [codes[value]] for word, value in words.items() if value in codes}
        (folder / _FILE).write_bytes(msgspec.json.encode(_Names(values, also)))

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


class FacetReader:
    """Counts the values of one index; safe to use from several threads."""

    def __init__(self, folder: Path, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        path = folder / _FILE
        try:
            self._names = msgspec.json.decode(path.read_bytes(), type=_Names)
        except (OSError, msgspec.MsgspecError) as exc:
            raise GenerationError(f"the names of facets {path} cannot be read: {exc}; rebuild or roll back") from exc

    def values(self, name: FacetName) -> list[str]:
        """Every value that occurs."""
        return sorted(self._names.values[name])

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

    def count(self, query: tantivy.Query, wanted: Sequence[FacetName], size: int) -> FacetCounts:
        """Of each facet its `size` most frequent values among what the query finds, equally frequent ones by name."""
        asked = dict.fromkeys(wanted)
        take = size + _TIE_MARGIN
        articles, facets = 0, dict[FacetName, Facet]()
        while asked:
            found = self._aggregated(query, list(asked), take)
            articles = int(found["articles"]["value"] or 0)
            for name in list(asked):
                buckets = found[name]["buckets"]
                # Where the last ones are as frequent as the last one kept, there may be more that come before it.
                if name == "year" or len(buckets) < take or buckets[-1]["doc_count"] < buckets[size - 1]["doc_count"]:
                    facets[name] = Facet(name, self._sorted(name, buckets, size))
                    del asked[name]
            take *= 4
        return FacetCounts(articles, tuple(facets[name] for name in dict.fromkeys(wanted)))

    def _aggregated(self, query: tantivy.Query, wanted: Sequence[FacetName], take: int) -> dict[str, Any]:
        terms = {
            name: {"terms": {"field": COLUMNS[name], "size": _size(name, take), "segment_size": _EVERY_VALUE}}
            for name in wanted
        }
        return self._searcher.aggregate(query, {**terms, "articles": {"value_count": {"field": "pmid"}}})

    def _sorted(self, name: FacetName, buckets: Sequence[dict[str, Any]], size: int) -> tuple[FacetValue, ...]:
        if name == "year":
            years = sorted(((int(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets), reverse=True)
            return tuple(FacetValue(str(year), count) for year, count in years)
        names = self._names.values[name]
        values = [FacetValue(names[int(bucket["key"])], int(bucket["doc_count"])) for bucket in buckets]
        return tuple(sorted(values, key=lambda value: (-value.count, value.value))[:size])


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


def _size(name: FacetName, take: int) -> int:
    return max(take, _MOST_YEARS) if name == "year" else take
