"""Clauses as queries of tantivy."""

from __future__ import annotations

from collections.abc import Sequence

import tantivy
from tantivy import Occur, Query


class TantivyClauses:
    """Those of one index."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._schema = schema

    def everything(self) -> Query:
        return Query.all_query()

    def nothing(self) -> Query:
        return Query.empty_query()

    def both(self, required: Sequence[Query], excluded: Sequence[Query]) -> Query:
        return Query.boolean_query([(Occur.Must, q) for q in required] + [(Occur.MustNot, q) for q in excluded])

    def either(self, queries: Sequence[Query]) -> Query:
        return Query.boolean_query([(Occur.Should, query) for query in queries])

    def best(self, queries: Sequence[Query]) -> Query:
        return Query.disjunction_max_query(queries)

    def boosted(self, query: Query, boost: float) -> Query:
        return Query.boost_query(query, boost)

    def row(self, field: str, terms: Sequence[str]) -> Query:
        if len(terms) == 1:
            return Query.term_query(self._schema, field, terms[0], "freq")
        return Query.phrase_query(self._schema, field, list[str | tuple[int, str]](terms))

    def one_of(self, field: str, values: Sequence[str] | Sequence[int]) -> Query:
        return Query.term_set_query(self._schema, field, values)

    def years(self, first: int, last: int) -> Query:
        return Query.range_query(self._schema, "year", tantivy.FieldType.Unsigned, first, last)
