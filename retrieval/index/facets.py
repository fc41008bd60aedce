"""Facet counts: over every article that matches, by tantivy's aggregations over the columns of codes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import tantivy

from retrieval.errors import GenerationError
from retrieval.index.facet_codes import CODED, COLUMNS, KnownFacets, Tally, most
from retrieval.index.interface import FacetCounts
from retrieval.records import FacetName

_FILE: Final = "facets.json"
_EVERY_VALUE: Final = 2**31
"""Values that one segment hands in; fewer, and counts of rare values would be too low."""


def add_facet_fields(builder: tantivy.SchemaBuilder) -> None:
    for name in CODED:
        builder.add_unsigned_field(COLUMNS[name], fast=True, indexed=name != "journal")


def save_facets(names: bytes, folder: Path) -> None:
    (folder / _FILE).write_bytes(names)


class FacetReader(KnownFacets):
    """Counts the values of one index; safe to use from several threads."""

    def __init__(self, folder: Path, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        path = folder / _FILE
        try:
            super().__init__(path.read_bytes())
        except (OSError, msgspec.MsgspecError) as exc:
            raise GenerationError(f"the names of facets {path} cannot be read: {exc}; rebuild or roll back") from exc

    def of(self, query: tantivy.Query, wanted: Sequence[FacetName], size: int) -> FacetCounts:
        """Of each facet its `size` most frequent values among what the query finds, equally frequent ones by name."""
        return self.count(lambda names, take: self._tally(query, names, take), wanted, size)

    def _tally(self, query: tantivy.Query, names: Sequence[FacetName], take: int) -> Tally:
        terms = {
            name: {"terms": {"field": COLUMNS[name], "size": most(name, take), "segment_size": _EVERY_VALUE}}
            for name in names
        }
        found = self._searcher.aggregate(query, {**terms, "articles": {"value_count": {"field": "pmid"}}})
        return Tally(
            int(found["articles"]["value"] or 0),
            {name: [(int(b["key"]), int(b["doc_count"])) for b in found[name]["buckets"]] for name in names},
        )
