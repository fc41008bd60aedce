"""Facet counts by Elasticsearch's aggregations over the columns of codes, exact over all shards."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from retrieval.index.elasticsearch.conditions import Dsl
from retrieval.index.elasticsearch.searching import NO_HITS, Searching
from retrieval.index.facet_codes import COLUMNS, KnownFacets, Tally, most
from retrieval.index.interface import FacetCounts
from retrieval.records import FacetName

_COUNTED_AT_ONCE: Final = 30_000
"""Values of all facets in one search: below half of what the engine counts (search.max_buckets), for it also divides a
facet's values into partitions of unequal size."""


class FacetCounter:
    """Counts the values of one index; safe to use from several threads."""

    def __init__(self, searching: Searching, known: KnownFacets) -> None:
        self._searching = searching
        self._known = known

    def count(self, query: Dsl, wanted: Sequence[FacetName], size: int) -> FacetCounts:
        return self._known.count(lambda names, take: self._tally(query, names, take), wanted, size)

    def _tally(self, query: Dsl, names: Sequence[FacetName], take: int) -> Tally:
        searches = [{**NO_HITS, "query": query, "aggs": aggs} for aggs in self._aggregations(names, take)]
        answers = self._searching.all(searches)
        found = defaultdict[FacetName, list[tuple[int, int]]](list)
        for answer in answers:
            for name in names:
                for part, counted in answer["aggregations"].items():
                    if part.partition(" ")[0] == name:
                        found[name] += [(int(b["key"]), int(b["doc_count"])) for b in counted["buckets"]]
        frequent = {name: sorted(found[name], key=lambda f: (-f[1], f[0]))[: most(name, take)] for name in names}
        return Tally(int(answers[0]["hits"]["total"]["value"]), frequent)

    def _aggregations(self, names: Sequence[FacetName], take: int) -> Iterator[Dsl]:
        """What to count in one search each: several small facets together, one with many values in parts."""
        together: Dsl = {}
        counted = 0
        for name in names:
            values = max(1, self._known.known(name))
            parts = math.ceil(values / _COUNTED_AT_ONCE)
            for part in range(parts):
                if together and counted + values / parts > _COUNTED_AT_ONCE:
                    yield together
                    together, counted = {}, 0
                # Every shard hands in all that it has; fewer, and counts of rare values would be too low.
                terms = {"field": COLUMNS[name], "size": min(most(name, take), values), "shard_size": values + 1}
                if parts > 1:
                    terms["include"] = {"partition": part, "num_partitions": parts}
                together[f"{name} {part}"] = {"terms": terms}
                counted += math.ceil(values / parts)
        yield together
