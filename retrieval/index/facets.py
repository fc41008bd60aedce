"""Facet counts: over every article that matches, by tantivy's aggregations over columns of small numbers.

Each article has the codes of its values in a column per facet; what a code stands for is kept beside the index. In a
build a code takes a third of the time that the value itself would take.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import tantivy

from retrieval.analysis import fold
from retrieval.classification import Classes
from retrieval.errors import GenerationError
from retrieval.index.interface import FacetCounts, IndexedArticle
from retrieval.records import FACETS, Facet, FacetName, FacetValue
from retrieval.vocabulary.classes import ArticleClass

_FILE: Final = "facets.json"
_CODED: Final[tuple[FacetName, ...]] = tuple(name for name in FACETS if name != "year")
_CLASS_FIELDS: Final = ("species", "organ", "study")
_TIE_MARGIN: Final = 16
_EVERY_VALUE: Final = 2**31
"""Values that one segment hands in; fewer, and counts of rare values would be too low."""
_MOST_YEARS: Final = 10_000


def add_facet_fields(builder: tantivy.SchemaBuilder) -> None:
    for name in _CODED:
        builder.add_unsigned_field(_column(name), fast=True)
    for name in _CLASS_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")


class FacetWriter:
    """Gives each value its code, and each document its codes."""

    def __init__(self) -> None:
        self._codes = {name: _Codes() for name in _CODED}
        self._asked: dict[str, tuple[str, ...]] = {}

    def add(self, document: tantivy.Document, indexed: IndexedArticle, classes: Classes) -> None:
        article = indexed.article
        journal = article.journal.title or article.journal.abbreviation
        self._add(document, "journal", (journal,) if journal else ())
        self._add(document, "type", (term.name for term in article.publication_types))
        self._add(document, "mesh", (heading.name for heading in article.mesh))
        self._add(document, "language", article.languages)
        self._add(document, "integrity", (indexed.integrity.status.value,))
        self._add_classes(document, "species", classes.species)
        self._add_classes(document, "organ", classes.organs)
        self._add_classes(document, "study", classes.study_types)

    def save(self, folder: Path) -> None:
        names = {name: codes.names for name, codes in self._codes.items()}
        (folder / _FILE).write_bytes(msgspec.json.encode(names))

    def _add(self, document: tantivy.Document, name: FacetName, values: Iterable[str]) -> None:
        column, codes = _COLUMNS[name], self._codes[name]
        for code in dict.fromkeys(map(codes.__getitem__, values)):
            document.add_unsigned(column, code)

    def _add_classes(self, document: tantivy.Document, name: FacetName, classes: Sequence[ArticleClass]) -> None:
        self._add(document, name, (known.name for known in classes))
        for known in classes:
            for asked in self._asked_by(known):
                document.add_text(name, asked)

    def _asked_by(self, known: ArticleClass) -> tuple[str, ...]:
        asked = self._asked.get(known.name)
        if asked is None:
            asked = self._asked[known.name] = tuple(map(fold, (known.name, *known.also)))
        return asked


class FacetReader:
    """Counts the values of one index; safe to use from several threads."""

    def __init__(self, folder: Path, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        path = folder / _FILE
        try:
            self._names = msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
        except (OSError, msgspec.MsgspecError) as exc:
            raise GenerationError(f"the names of facets {path} cannot be read: {exc}; rebuild or roll back") from exc

    def values(self, name: str) -> list[str]:
        """Every value that occurs."""
        return sorted(self._names[name])

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
            name: {"terms": {"field": _COLUMNS[name], "size": _size(name, take), "segment_size": _EVERY_VALUE}}
            for name in wanted
        }
        return self._searcher.aggregate(query, {**terms, "articles": {"value_count": {"field": "pmid"}}})

    def _sorted(self, name: FacetName, buckets: Sequence[dict[str, Any]], size: int) -> tuple[FacetValue, ...]:
        if name == "year":
            years = sorted(((int(bucket["key"]), int(bucket["doc_count"])) for bucket in buckets), reverse=True)
            return tuple(FacetValue(str(year), count) for year, count in years)
        names = self._names[name]
        values = [FacetValue(names[int(bucket["key"])], int(bucket["doc_count"])) for bucket in buckets]
        return tuple(sorted(values, key=lambda value: (-value.count, value.value))[:size])


class _Codes(dict[str, int]):
    """A value as it is written -> its code; spellings that conditions do not tell apart share one."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        """By code, as first written."""
        self._folded: dict[str, int] = {}

    def __missing__(self, written: str) -> int:
        code = self._folded.setdefault(fold(written), len(self.names))
        if code == len(self.names):
            self.names.append(written)
        self[written] = code
        return code


def _column(name: FacetName) -> str:
    return "year" if name == "year" else f"facet_{name}"


def _size(name: FacetName, take: int) -> int:
    return max(take, _MOST_YEARS) if name == "year" else take


_COLUMNS: Final = {name: _column(name) for name in FACETS}
