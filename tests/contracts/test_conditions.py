"""Filters and conditions of the query hold on every leg and in the counts, as reading every article would have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.index.interface import NO_CONDITION, IndexReader, Words
from retrieval.query import Clause, Constraint, parse_query
from retrieval.records import FACETS, Filters, IntegrityPolicy, IntegrityStatus
from tests.contracts.comparing import SAME_VECTOR, assert_same_ranking
from tests.contracts.documents import PMIDS, paper
from tests.contracts.library import Library
from tests.contracts.oracle import Oracle
from tests.fakes import HashingEncoder

EVERYTHING = 100
SOME_TEXTS = ("lung", "lung carcinoma", "tumour expression", "xenografts", "of the", "xylophone")

YEARS = st.sampled_from([None, 0, 1998, 2010, 2016, 2019, 2020, 2024, 9999, 20_000])
HEADINGS = [
    "Neoplasms", "neoplasms", "D009369", "Lung Neoplasms", "d008175", "Humans", "Animals", "Mice", "D051379", "Humours",
    "Xenografts", "D000077", "Carcinoma, Small Cell", "Immunohistochemistry",
]  # fmt: skip
TYPES = ["Review", "review", "D016454", "Journal Article", "Case Reports", "Retracted Publication", "Letter"]
JOURNALS = [
    "Modern Pathology", "mod pathol", "1530-0285", "CHEST", "chest", "Revue d'anatomie pathologique generale",
    "Ann Invent", "Nobody's Journal",
]  # fmt: skip
LANGUAGES = ["eng", "ENG", "fre", "ger", "xxx"]
SPECIES = ["human", "Humans", "mouse", "mice", "animal", "unicorn"]
ORGANS = ["lung", "pulmonary", "LUNG", "breast", "colorectum", "spoon"]
STUDIES = ["review", "case report", "animal study", "reviews", "guesswork"]
AUTHORS = ["Smith", "smith j", "Smith JA", "Muller K", "Müller", "The Müller Group", "Smithson", "Jones"]
DOIS = ["10.1000/lung.1", "10.1000/LUNG.1", "10.1000/breast.2", "10.1000/none"]
PHRASES = [
    "lung cancer", "lung cancer-related", "PD-L1", "PDL1", "anti-PD-L1", "PD-L1 expression", "TGF-β", "TGFβ", "T-cell",
    "Tcell", "tumor-infiltrating lymphocytes", "tumour infiltrating lymphocytes", "colon colon", "colon lung",
    "Ki67 CD8", "of the", "lung", "carcinoma carcinoma", "HER2/neu", "Sjogren's", "xylophone", "3.5",
]  # fmt: skip
SOME_PMIDS = [*PMIDS[:12], 25, 30, 50, 51, 1 << 50, 777, 0, -1, 10**30]


def _some(values: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.one_of(st.just(()), st.lists(st.sampled_from(values), max_size=3, unique=True).map(tuple))


FILTERS = st.builds(
    Filters,
    year_from=YEARS,
    year_to=YEARS,
    mesh=_some(HEADINGS),
    mesh_explode=st.booleans(),
    publication_types=_some(TYPES),
    species=_some(SPECIES),
    organs=_some(ORGANS),
    study_types=_some(STUDIES),
    journals=_some(JOURNALS),
    languages=_some(LANGUAGES),
    pmids=st.one_of(st.just(()), st.lists(st.sampled_from(SOME_PMIDS), max_size=15).map(tuple)),
    exclude_pmids=st.one_of(st.just(()), st.lists(st.sampled_from(SOME_PMIDS), max_size=15).map(tuple)),
    integrity_statuses=_some(list(IntegrityStatus)),
    integrity=st.sampled_from(IntegrityPolicy),
)
_LISTS: dict[str, Sequence[Any]] = {
    "publication_types": TYPES,
    "species": SPECIES,
    "organs": ORGANS,
    "study_types": STUDIES,
    "journals": JOURNALS,
    "languages": LANGUAGES,
    "pmids": SOME_PMIDS,
    "exclude_pmids": SOME_PMIDS,
}
ONE_FILTER = st.one_of(
    [
        st.builds(Filters, year_from=YEARS, year_to=YEARS),
        st.builds(Filters, mesh=_some(HEADINGS), mesh_explode=st.booleans()),
        *(st.builds(Filters, **{name: _some(values)}) for name, values in _LISTS.items()),
        st.builds(Filters, integrity_statuses=_some(list(IntegrityStatus)), integrity=st.sampled_from(IntegrityPolicy)),
    ]
)


def _clauses_of(field: Any, values: list[str]) -> st.SearchStrategy[Clause]:
    return st.sampled_from(values).map(lambda value: Clause(field=field, value=value))


CLAUSES = st.one_of(
    _clauses_of("text", PHRASES),
    _clauses_of("title", PHRASES),
    _clauses_of("mesh", HEADINGS),
    _clauses_of("journal", JOURNALS),
    _clauses_of("author", AUTHORS),
    _clauses_of("type", TYPES),
    _clauses_of("language", LANGUAGES),
    _clauses_of("species", SPECIES),
    _clauses_of("organ", ORGANS),
    _clauses_of("study", STUDIES),
    _clauses_of("integrity", list(IntegrityStatus)),
    _clauses_of("doi", DOIS),
    _clauses_of("pmid", ["1", "7", "30", "777", "0", "0030"]),
    st.builds(Clause, field=st.just("year"), value=st.just("2016..2020"), year_from=YEARS, year_to=YEARS),
)
SEVERAL = st.lists(CLAUSES, max_size=2).map(tuple)
CONSTRAINTS = st.one_of(
    st.builds(Constraint, filters=ONE_FILTER),
    st.builds(Constraint, filters=ONE_FILTER, required=SEVERAL, excluded=SEVERAL),
    st.builds(Constraint, required=st.lists(CLAUSES, min_size=1, max_size=1).map(tuple)),
    st.builds(Constraint, excluded=st.lists(CLAUSES, min_size=1, max_size=2).map(tuple)),
    st.builds(Constraint, filters=FILTERS, required=SEVERAL, excluded=SEVERAL),
)


@settings(max_examples=100)
@given(constraint=CONSTRAINTS, text=st.sampled_from(SOME_TEXTS), limit=st.sampled_from([3, EVERYTHING]))
def test_any_condition_holds_on_every_leg_and_in_the_counts(
    library: Library, reader: IndexReader, oracle: Oracle, constraint: Constraint, text: str, limit: int
) -> None:
    newest = reader.lexical("", constraint, EVERYTHING)
    assert [scored.pmid for scored in newest] == oracle.allowed(constraint)[::-1]
    assert library.encoder is not None
    vector = library.encoder.encode_queries([text])[0]
    legs = reader.recall(Words(text), vector, constraint, limit)
    assert_same_ranking(legs.lexical, oracle.lexical(text, constraint), limit)
    assert_same_ranking(legs.dense, oracle.dense(vector, constraint), limit, rel=0, within=SAME_VECTOR)
    assert reader.facets(text, constraint, FACETS, limit) == oracle.facets(text, constraint, FACETS, limit)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"lung cancer-related"', {1}),
        ('"PD-L1"', {1, 2}),
        ("text:PDL1", {1, 2}),
        ('"anti-PD-L1"', {1}),
        ("title:PD-L1", {1, 2}),
        ('"TGF-β"', {3, 4}),
        ("title:TGFβ", {3}),
        ('"tumour infiltrating lymphocytes"', {4, 5}),
        ('title:"T-cell"', {4}),
        ('"Ki67 CD8"', set()),
        ('"colon colon"', set()),
        ('"lung colon"', set()),
        ("lung -PD-L1 year:2015..", {6, 9, 10, 4, 3, 8, 50, 51, 52, 13, 1 << 50}),
        ("mesh:Neoplasms", {1, 2, 3, 4, 9, 53}),
        ("mesh:D008175", {1, 9}),
        ("author:smith", {1, 2}),
        ('author:"Smith JA"', {1}),
        ("author:muller", {1}),
        ('author:"the muller group"', {4}),
        ("journal:chest", {2, 3, 9, 10}),
        ("journal:1530-0285", {1, 8}),
        ('journal:"modern pathology"', {1, 8, 53}),
        ('journal:"Ann Invent"', {5}),
        ("type:review", {2, 5}),
        ("type:D016454", {2, 5}),
        ('type:"case reports"', {4}),
        ("language:fre", {2, 4}),
        ("species:mice", {3, 53}),
        ("organ:breast", {2}),
        ("integrity:corrected", {9}),
        ("integrity:expression_of_concern", {10}),
        ("integrity:retracted", set()),
        ("year:2020", {2, 3, 13, 1 << 50}),
        ("year:..1999", {5}),
        ("doi:10.1000/LUNG.1", {1}),
        ("pmid:7", set()),
        ("pmid:9", {9}),
        (f"pmid:{1 << 50}", {1 << 50}),
    ],
)
def test_each_condition_of_the_query_finds(reader: IndexReader, query: str, found: set[int]) -> None:
    constraint = parse_query(query, Filters()).constraint
    assert {scored.pmid for scored in reader.lexical("", constraint, EVERYTHING)} == found


def test_retracted_and_withdrawn_articles_are_found_only_where_they_are_asked_for(
    library: Library, reader: IndexReader
) -> None:
    assert library.encoder is not None
    vector = library.encoder.encode_queries(["lung marker nodules"])[0]
    for policy, left_out in (
        (IntegrityPolicy.EXCLUDE, {7, 11}),
        (IntegrityPolicy.LABEL, set()),
        (IntegrityPolicy.ALLOW, set()),
    ):
        constraint = Constraint(filters=Filters(integrity=policy))
        by_words = {scored.pmid for scored in reader.lexical("marker nodules", constraint, EVERYTHING)}
        assert by_words == {7, 8, 9, 10, 11} - left_out
        assert {scored.pmid for scored in reader.dense(vector, constraint, EVERYTHING)} == set(PMIDS) - left_out
    assert reader.left_out([11, 7, 7, 1, 777, 0, -1, 10**30]) == [7, 11]
    assert reader.left_out([]) == []
    assert reader.left_out(range(1, 20_000)) == [7, 11]


def test_lists_of_thousands_of_pmids_hold(new_library: Callable[..., Library]) -> None:
    encoder = HashingEncoder(dimension=8)
    library = new_library(encoder)
    library.publish([paper(pmid, "Gland." if pmid % 3 else "Nucleus.") for pmid in range(1, 601)])
    reader, vector = library.open(), encoder.encode_queries(["gland."])[0]
    asked = tuple(range(100, 9_000, 2))
    even, others = set(range(100, 601, 2)), set(range(1, 601)) - set(range(100, 601, 2))
    for filters, allowed in ((Filters(pmids=asked), even), (Filters(exclude_pmids=asked), others)):
        constraint = Constraint(filters=filters)
        assert {s.pmid for s in reader.lexical("", constraint, 1_000)} == allowed
        assert {s.pmid for s in reader.lexical("gland", constraint, 1_000)} == {p for p in allowed if p % 3}
        assert {s.pmid for s in reader.dense(vector, constraint, 1_000)} == allowed
        assert reader.facets("gland", constraint, ("integrity",), 5).articles == sum(1 for p in allowed if p % 3)


def test_what_conditions_cannot_do_is_said(reader: IndexReader) -> None:
    def notices(query: str, filters: Filters = Filters()) -> list[str]:  # noqa: B008
        return reader.notices(parse_query(query, filters).constraint)

    assert notices("organ:lung mesh:Neoplasms species:human") == []
    assert notices("species:unicorn -species:troll") == [
        'No article has the species "unicorn", "troll"; there are: animal, human, mouse.'
    ]
    assert notices("lung mesh:Humours") == ['"Humours": not in this generation\'s MeSH tree, so looked for as it is.']
    assert notices("lung", Filters(organs=("spoon",)))[0].startswith('No article has the organ "spoon"; there are: ')


def test_without_a_tree_it_is_said_that_nothing_below_a_heading_was_looked_for(
    new_library: Callable[..., Library],
) -> None:
    library = new_library()
    library.publish([paper(1, "One.", mesh=["Neoplasms"]), paper(2, "Two.", mesh=["Lung Neoplasms"])])
    reader, constraint = library.open(), parse_query("mesh:Neoplasms", Filters()).constraint
    assert [scored.pmid for scored in reader.lexical("", constraint, 10)] == [1]
    assert reader.notices(constraint) == [
        'MeSH headings below "Neoplasms" were not looked for: this generation was built without NLM\'s tree '
        "(setting mesh_descriptors)."
    ]


def test_conditions_hold_where_every_article_or_none_meets_them(reader: IndexReader) -> None:
    vector = np.ones(64, dtype=np.float32)
    assert len(reader.dense(vector, NO_CONDITION, EVERYTHING)) == len(PMIDS)
    none = Constraint(filters=Filters(year_from=1900, year_to=1901))
    assert reader.dense(vector, none, EVERYTHING) == reader.lexical("lung", none, EVERYTHING) == []
    assert reader.facets("lung", none, ("year",), 5).articles == 0
