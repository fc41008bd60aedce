"""Facet counts are exact over everything that matches, and stand in the same order everywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from retrieval.index.interface import NO_CONDITION, FacetCounts, IndexReader
from retrieval.query import Constraint, parse_query
from retrieval.records import FACETS, Facet, FacetName, FacetValue, Filters
from retrieval.vocabulary.file import SynonymGroup
from tests.contracts.documents import PMIDS, paper
from tests.contracts.library import Library
from tests.contracts.oracle import Oracle


def counted(reader: IndexReader, query: str, filters: Filters = Filters()) -> dict[str, dict[str, int]]:  # noqa: B008
    parsed = parse_query(query, filters)
    counts = reader.facets(parsed.ranking_text, parsed.constraint, FACETS, 10)
    return {facet.name: {value.value: value.count for value in facet.values} for facet in counts.facets}


def test_every_facet_counts_the_articles_that_hold_a_word_and_meet_the_conditions(reader: IndexReader) -> None:
    assert counted(reader, "expression lymphocytes") == {
        "year": {"2020": 1, "2019": 1, "2015": 1, "1998": 1},
        "journal": {
            "Ann Invent": 1,
            "Chest": 1,
            "Modern Pathology": 1,
            "Revue d'anatomie pathologique générale": 1,
        },
        "type": {"Journal Article": 2, "Review": 2, "Case Reports": 1},
        "mesh": {"Humans": 3, "Breast Neoplasms": 1, "Immunohistochemistry": 1, "Lung Neoplasms": 1, "Neoplasms": 1},
        "language": {"eng": 2, "fre": 2, "ger": 1},
        "species": {"human": 3},
        "organ": {"breast": 1, "lung": 1},
        "study": {"review": 2, "case report": 1},
        "integrity": {"ok": 4},
    }


@pytest.mark.parametrize("text", ["", "lung", "lung carcinoma", "of the", "xylophone"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_counts_are_those_of_counting_one_by_one(reader: IndexReader, oracle: Oracle, text: str, size: int) -> None:
    for constraint in (Constraint(), NO_CONDITION):
        assert reader.facets(text, constraint, FACETS, size) == oracle.facets(text, constraint, FACETS, size)


def test_names_count_what_holds_one_of_them(reader: IndexReader, oracle: Oracle) -> None:
    groups = [SynonymGroup("PD-L1", "marker", ("lung nodules",), ambiguous=("Rain",))]
    for text in ("", "colon"):
        counts = reader.facets(text, NO_CONDITION, ("year", "organ"), 10, groups)
        assert counts == oracle.facets(text, NO_CONDITION, ("year", "organ"), 10, groups)
    assert reader.facets("", NO_CONDITION, ("year",), 10, groups).articles == 6


def test_a_spelling_stands_as_it_was_first_written(reader: IndexReader) -> None:
    (journals,) = reader.facets("", NO_CONDITION, ("journal",), 10).facets
    assert [(value.value, value.count) for value in journals.values] == [
        ("Chest", 4),
        ("Modern Pathology", 4),
        ("Ann Invent", 1),
        ("Revue d'anatomie pathologique générale", 1),
    ]


def test_facets_come_as_they_are_asked_for_each_once(reader: IndexReader) -> None:
    wanted: tuple[FacetName, ...] = ("organ", "year", "organ")
    assert [facet.name for facet in reader.facets("lung", NO_CONDITION, wanted, 2).facets] == ["organ", "year"]
    assert reader.facets("", NO_CONDITION, ("integrity",), 10) == FacetCounts(
        len(PMIDS),
        (
            Facet(
                "integrity",
                (
                    FacetValue("ok", len(PMIDS) - 5),
                    FacetValue("corrected", 1),
                    FacetValue("expression_of_concern", 1),
                    FacetValue("retracted", 1),
                    FacetValue("retraction_notice", 1),
                    FacetValue("withdrawn", 1),
                ),
            ),
        ),
    )


def test_equally_frequent_values_stand_by_name_however_many_there_are(new_library: Callable[..., Library]) -> None:
    names = [f"Heading {n:04}" for n in range(1_200)]
    library = new_library()
    papers = [paper(n, "Lung.", year=1800 + n, mesh=names[n * 6 : n * 6 + 6]) for n in range(200, 0, -1)]
    library.publish(
        [*papers, paper(999, "Lung.", mesh=["Heading 0700", "Zebra"]), paper(1_000, "Lung.", mesh=names[:6])]
    )
    reader = library.open()
    expected = [
        FacetValue("Heading 0700", 2),
        *(FacetValue(n, 1) for n in sorted({*names, "Zebra"} - {"Heading 0700"})),
    ]
    for size in (1, 5, 50, 1_000):
        counts = reader.facets("lung", NO_CONDITION, ("mesh", "year"), size)
        mesh, years = counts.facets
        assert counts.articles == 202
        assert mesh.values == tuple(expected[:size])
        assert [value.value for value in years.values] == [str(year) for year in range(2000, 1800, -1)]
