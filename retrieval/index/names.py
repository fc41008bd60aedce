"""One clause of the lexical leg for a thing of several names.

An article scores by the best of the names that it has (a disjunction by maximum), and each name is worth what the best
known one is worth: the idf of its words. So a rare name does not outvote the others, and whichever name was typed, the
clause is the same. Words of the best known name count alone as well, as they do in any query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from typing import Generic, Protocol

from retrieval.analysis import Analyzer
from retrieval.index.clauses import Clauses, Q
from retrieval.synonyms import Row, group_rows
from retrieval.vocabulary.file import SynonymGroup


class TermCounts(Protocol):
    """What an index knows of its terms."""

    @property
    def articles(self) -> int:
        """In all."""
        ...

    def count(self, term: str) -> int:
        """Articles that have the term in their text."""
        ...


class NameQueries(Generic[Q]):
    """Makes the clauses for one open index; safe to use from several threads."""

    def __init__(self, clauses: Clauses[Q], counts: TermCounts, analyzer: Analyzer) -> None:
        self._clauses = clauses
        self._counts = counts
        self._analyzer = analyzer

    def query(self, group: SynonymGroup) -> Q:
        terms = self._best_known(group)
        worth = sum(map(self._idf, terms))
        names = [self._clauses.either([self._row([term]) for term in terms])]
        sure, vague = group_rows(group, self._analyzer)
        names += self._rows([row for row in sure if row != (*terms,) or len(row) > 1], worth, vague=False)
        names += self._rows(vague, worth, vague=True)
        return self._clauses.best(names)

    def terms(self, group: SynonymGroup) -> set[str]:
        """Every term whose count its clause may depend on."""
        sure, vague = group_rows(group, self._analyzer)
        names = {term for name in (group.name, *group.names) for term in self._analyzer.query_terms(name)}
        return names.union(*sure, *vague)

    def _best_known(self, group: SynonymGroup) -> list[str]:
        """The terms of the first of its names whose words the index has, or else of its name."""
        for name in group.names:
            terms = self._analyzer.query_terms(name)
            if all(map(self._counts.count, terms)):
                return terms
        return self._analyzer.query_terms(group.name)

    def _rows(self, rows: Sequence[Row], worth: float, *, vague: bool) -> Iterator[Q]:
        for row in rows:
            if all(map(self._counts.count, row)):
                boost = worth / sum(map(self._idf, row))
                # An ambiguous name is worth no more than it tells by itself.
                yield self._clauses.boosted(self._row(row), min(boost, 1.0) if vague else boost)

    def _row(self, row: Sequence[str]) -> Q:
        return self._clauses.row("text", row)

    def _idf(self, term: str) -> float:
        """As BM25 has it."""
        count = self._counts.count(term)
        return log(1 + (self._counts.articles - count + 0.5) / (count + 0.5))
