"""Clauses as queries of Elasticsearch's query language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

Dsl = dict[str, Any]

_MOST_VALUES: Final = 65_536
"""Of one terms query, by the engine's own limit."""


class DslClauses:
    """The same for every index."""

    def everything(self) -> Dsl:
        return {"match_all": {}}

    def nothing(self) -> Dsl:
        return {"match_none": {}}

    def both(self, required: Sequence[Dsl], excluded: Sequence[Dsl]) -> Dsl:
        return {"bool": {"filter": list(required), "must_not": list(excluded)}}

    def either(self, queries: Sequence[Dsl]) -> Dsl:
        return queries[0] if len(queries) == 1 else {"bool": {"should": list(queries)}}

    def best(self, queries: Sequence[Dsl]) -> Dsl:
        return {"dis_max": {"queries": list(queries)}}

    def boosted(self, query: Dsl, boost: float) -> Dsl:
        return {"bool": {"must": [query], "boost": boost}}

    def row(self, field: str, terms: Sequence[str]) -> Dsl:
        if len(terms) == 1:
            return {"term": {field: {"value": terms[0]}}}
        return {"match_phrase": {field: {"query": " ".join(terms)}}}

    def one_of(self, field: str, values: Sequence[str] | Sequence[int]) -> Dsl:
        parts = [values[at : at + _MOST_VALUES] for at in range(0, len(values), _MOST_VALUES)]
        return self.either([{"terms": {field: list(part)}} for part in parts])

    def years(self, first: int, last: int) -> Dsl:
        return {"range": {"year": {"gte": first, "lte": last}}}


def scored_among(words: Dsl, conditions: Sequence[Dsl]) -> Dsl:
    """Scored by words, found where the conditions are met."""
    return {"bool": {"must": [words], "filter": list(conditions)}} if conditions else words
