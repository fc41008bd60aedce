"""The words of a query as one scored query of an engine: plain words, and things by all their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Generic

from retrieval.analysis import Analyzer
from retrieval.index.clauses import Clauses, Q
from retrieval.index.names import NameQueries, TermCounts
from retrieval.vocabulary.file import SynonymGroup


class WordQueries(Generic[Q]):
    """Makes the queries for one open index; safe to use from several threads."""

    def __init__(self, clauses: Clauses[Q], counts: TermCounts, analyzer: Analyzer) -> None:
        self._clauses = clauses
        self._analyzer = analyzer
        self._names = NameQueries(clauses, counts, analyzer)

    def query(self, text: str, names: Sequence[SynonymGroup]) -> Q | None:
        """None where there is nothing to look for."""
        terms = Counter(self._analyzer.telling_terms(text) if names else self._analyzer.query_terms(text))
        clauses = [self._weighted(self._clauses.row("text", [term]), times) for term, times in terms.items()]
        clauses += [self._weighted(self._names.query(group), times) for group, times in Counter(names).items()]
        return self._clauses.either(clauses) if clauses else None

    def counted(self, names: Sequence[SynonymGroup]) -> set[str]:
        """The terms whose counts the query of these names may depend on."""
        return set().union(*map(self._names.terms, names))

    def _weighted(self, query: Q, times: int) -> Q:
        return self._clauses.boosted(query, float(times)) if times > 1 else query
