"""Conditions as queries of an engine: filters, clauses of the query language, the integrity policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Generic

from retrieval.analysis import Analyzer, fold
from retrieval.identifiers import KEY_CEILING
from retrieval.index.clauses import Clauses, Q
from retrieval.index.facet_codes import COLUMNS, KnownFacets
from retrieval.integrity import EXCLUDED
from retrieval.mesh_tree import MeshTree
from retrieval.query import Clause, Constraint
from retrieval.records import FacetName, Filters, IntegrityPolicy

_LAST_YEAR: Final = 9999


class Conditions(Generic[Q]):
    """The conditions of one index, whose headings and classes they are read by."""

    def __init__(self, clauses: Clauses[Q], analyzer: Analyzer, tree: MeshTree, facets: KnownFacets) -> None:
        self._clauses = clauses
        self._analyzer = analyzer
        self._tree = tree
        self._facets = facets

    def query(self, constraint: Constraint) -> Q | None:
        """One unscored query for the whole constraint, None where everything meets it."""
        filters = constraint.filters
        required = [*self._filters(filters), *(self._clause(c, filters) for c in constraint.required)]
        excluded = [*self._exclusions(filters), *(self._clause(c, filters) for c in constraint.excluded)]
        if not required and not excluded:
            return None
        if not required:
            required = [self._clauses.everything()]
        return self._clauses.both(required, excluded)

    def _filters(self, filters: Filters) -> Iterator[Q]:
        if filters.year_from is not None or filters.year_to is not None:
            yield self._years(filters.year_from, filters.year_to)
        if filters.journals:
            yield self._clauses.one_of("journal", list(map(fold, filters.journals)))
        coded: dict[FacetName, tuple[str, ...]] = {
            "mesh": filters.mesh,
            "type": filters.publication_types,
            "language": filters.languages,
            "species": filters.species,
            "organ": filters.organs,
            "study": filters.study_types,
            "integrity": filters.integrity_statuses,
        }
        for name, values in coded.items():
            if values:
                yield self._coded(name, values, filters)
        if filters.pmids:
            yield self.pmids(filters.pmids)

    def _exclusions(self, filters: Filters) -> Iterator[Q]:
        if filters.exclude_pmids:
            yield self.pmids(filters.exclude_pmids)
        if filters.integrity is IntegrityPolicy.EXCLUDE:
            yield self.left_out()

    def left_out(self) -> Q:
        return self._of_codes("integrity", self._facets.codes("integrity", EXCLUDED))

    def _coded(self, name: FacetName, values: Sequence[str], filters: Filters) -> Q:
        is_heading = name == "mesh"
        asked = self._tree.terms(values, explode=filters.mesh_explode) if is_heading else map(fold, values)
        return self._of_codes(name, self._facets.codes(name, asked))

    def _of_codes(self, name: FacetName, codes: Sequence[int]) -> Q:
        return self._clauses.one_of(COLUMNS[name], codes) if codes else self._clauses.nothing()

    def _clause(self, clause: Clause, filters: Filters) -> Q:
        match clause.field:
            case "text" | "title":
                return self._phrase(clause.field, clause.value)
            case "mesh" | "type" | "language" | "species" | "organ" | "study" | "integrity" as name:
                return self._coded(name, [clause.value], filters)
            case "year":
                return self._years(clause.year_from, clause.year_to)
            case "pmid":
                return self.pmids([int(clause.value)])
            case "doi":
                return self._clauses.row("doi", [clause.value.lower()])
            case field:
                return self._clauses.row(field, [fold(clause.value)])

    def _phrase(self, field: str, text: str) -> Q:
        rows = [self._clauses.row(field, row) for row in self._analyzer.phrases(text)]
        if len(rows) == 1:
            return rows[0]
        return self._clauses.either(rows) if rows else self._clauses.nothing()

    def _years(self, first: int | None, last: int | None) -> Q:
        lowest = 0 if first is None else min(max(first, 0), _LAST_YEAR)
        highest = _LAST_YEAR if last is None else min(max(last, 0), _LAST_YEAR)
        return self._clauses.years(lowest, highest)

    def pmids(self, pmids: Sequence[int]) -> Q:
        usable = [pmid for pmid in pmids if 0 < pmid < KEY_CEILING]
        return self._clauses.one_of("pmid", usable) if usable else self._clauses.nothing()
