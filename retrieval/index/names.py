"""One clause of the lexical leg for a thing of several names.

An article scores by the best of the names that it has (a disjunction by maximum), and each name is worth what the best
known one is worth: the idf of its words. So a rare name does not outvote the others, and whichever name was typed, the
clause is the same. Words of the best known name count alone as well, as they do in any query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log

import tantivy
from tantivy import Occur, Query

from retrieval.analysis import Analyzer
from retrieval.synonyms import Row, group_rows
from retrieval.vocabulary.file import SynonymGroup


class NameQueries:
    """Makes the clauses for one open index; safe to use from several threads."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, analyzer: Analyzer) -> None:
        self._schema = schema
        self._searcher = searcher
        self._analyzer = analyzer

    def query(self, group: SynonymGroup) -> Query:
        terms = self._best_known(group)
        worth = sum(map(self._idf, terms))
        names = [Query.boolean_query([(Occur.Should, self._row([term])) for term in terms])]
        sure, vague = group_rows(group, self._analyzer)
        names += self._rows([row for row in sure if row != (*terms,) or len(row) > 1], worth, vague=False)
        names += self._rows(vague, worth, vague=True)
        return Query.disjunction_max_query(names)

    def _best_known(self, group: SynonymGroup) -> list[str]:
        """The terms of the first of its names whose words the index has, or else of its name."""
        for name in group.names:
            terms = self._analyzer.query_terms(name)
            if all(map(self._count, terms)):
                return terms
        return self._analyzer.query_terms(group.name)

    def _rows(self, rows: Sequence[Row], worth: float, *, vague: bool) -> Iterator[Query]:
        for row in rows:
            if all(map(self._count, row)):
                boost = worth / sum(map(self._idf, row))
                # An ambiguous name is worth no more than it tells by itself.
                yield Query.boost_query(self._row(row), min(boost, 1.0) if vague else boost)

    def _row(self, row: Sequence[str]) -> Query:
        if len(row) == 1:
            return Query.term_query(self._schema, "text", row[0], "freq")
        return Query.phrase_query(self._schema, "text", list[str | tuple[int, str]](row))

    def _idf(self, term: str) -> float:
        """As BM25 has it."""
        count = self._count(term)
        return log(1 + (self._searcher.num_docs - count + 0.5) / (count + 0.5))

    def _count(self, term: str) -> int:
        return self._searcher.doc_freq("text", term)
