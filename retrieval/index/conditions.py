"""Conditions as queries of tantivy: filters, clauses of the query language, the integrity policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import tantivy
from tantivy import Occur, Query

from retrieval.analysis import Analyzer, fold
from retrieval.identifiers import KEY_CEILING
from retrieval.index.facets import COLUMNS, FacetReader
from retrieval.integrity import EXCLUDED
from retrieval.mesh_tree import MeshTree
from retrieval.query import Clause, Constraint
from retrieval.records import FacetName, Filters, IntegrityPolicy

_LAST_YEAR: Final = 9999


class Conditions:
    """The conditions of one index, whose headings and classes they are read by."""

    def __init__(self, schema: tantivy.Schema, analyzer: Analyzer, tree: MeshTree, facets: FacetReader) -> None:
        self._schema = schema
        self._analyzer = analyzer
        self._tree = tree
        self._facets = facets

    def query(self, constraint: Constraint) -> Query | None:
        """One unscored query for the whole constraint, None where everything meets it."""
        filters = constraint.filters
        required = [*self._filters(filters), *(self._clause(c, filters) for c in constraint.required)]
        excluded = [*self._exclusions(filters), *(self._clause(c, filters) for c in constraint.excluded)]
        if not required and not excluded:
            return None
        if not required:
            required = [Query.all_query()]
        return Query.boolean_query([(Occur.Must, q) for q in required] + [(Occur.MustNot, q) for q in excluded])

    def _filters(self, filters: Filters) -> Iterator[Query]:
        if filters.year_from is not None or filters.year_to is not None:
            yield self._years(filters.year_from, filters.year_to)
        if filters.journals:
            yield Query.term_set_query(self._schema, "journal", list(map(fold, filters.journals)))
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

    def _exclusions(self, filters: Filters) -> Iterator[Query]:
        if filters.exclude_pmids:
            yield self.pmids(filters.exclude_pmids)
        if filters.integrity is IntegrityPolicy.EXCLUDE:
            yield self.left_out()

    def left_out(self) -> Query:
        return self._of_codes("integrity", self._facets.codes("integrity", EXCLUDED))

    def _coded(self, name: FacetName, values: Sequence[str], filters: Filters) -> Query:
        is_heading = name == "mesh"
        asked = self._tree.terms(values, explode=filters.mesh_explode) if is_heading else map(fold, values)
        return self._of_codes(name, self._facets.codes(name, asked))

    def _of_codes(self, name: FacetName, codes: Sequence[int]) -> Query:
        return Query.term_set_query(self._schema, COLUMNS[name], codes) if codes else Query.empty_query()

    def _clause(self, clause: Clause, filters: Filters) -> Query:
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
                return self._keyword("doi", clause.value.lower())
            case field:
                return self._keyword(field, fold(clause.value))

    def _phrase(self, field: str, text: str) -> Query:
        rows = [self._in_a_row(field, row) for row in self._analyzer.phrases(text)]
        if len(rows) == 1:
            return rows[0]
        return Query.boolean_query([(Occur.Should, row) for row in rows]) if rows else Query.empty_query()

    def _in_a_row(self, field: str, terms: Sequence[str]) -> Query:
        if len(terms) == 1:
            return self._keyword(field, terms[0])
        return Query.phrase_query(self._schema, field, list[str | tuple[int, str]](terms))

    def _keyword(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value)

    def _years(self, first: int | None, last: int | None) -> Query:
        lowest = 0 if first is None else min(max(first, 0), _LAST_YEAR)
        highest = _LAST_YEAR if last is None else min(max(last, 0), _LAST_YEAR)
        return Query.range_query(self._schema, "year", tantivy.FieldType.Unsigned, lowest, highest)

    def pmids(self, pmids: Sequence[int]) -> Query:
        return Query.term_set_query(self._schema, "pmid", [pmid for pmid in pmids if 0 < pmid < KEY_CEILING])
