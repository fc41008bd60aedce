"""Conditions and words as Elasticsearch takes them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from retrieval.analysis import Analyzer
from retrieval.index.conditions import Conditions
from retrieval.index.elasticsearch.conditions import Dsl, DslClauses, scored_among
from retrieval.index.facet_codes import KnownFacets
from retrieval.index.words import WordQueries
from retrieval.mesh_tree import Heading, MeshTree
from retrieval.query import Constraint, parse_query
from retrieval.records import FACETS, Filters
from retrieval.vocabulary.file import SynonymGroup

ANALYZER = Analyzer()
VALUES = {
    "integrity": ["ok", "retracted", "corrected"],
    "mesh": ["Neoplasms", "Humans", "Lung Neoplasms"],
    "organ": ["lung"],
}
FACET_NAMES = msgspec.json.encode(
    {
        "values": {name: VALUES.get(name, []) for name in FACETS if name != "year"},
        "also": {name: {"pulmonary": [0]} if name == "organ" else {} for name in FACETS if name != "year"},
    }
)
TREE = MeshTree((Heading("Neoplasms", "D009369", ("C04",)), Heading("Lung Neoplasms", "D008175", ("C04.588",))))
CONDITIONS: Conditions[Dsl] = Conditions(DslClauses(), ANALYZER, TREE, KnownFacets(FACET_NAMES))
STANDING = {"terms": {"facet_integrity": [1]}}


class Known:
    """Every tenth article has each term but the unknown ones."""

    articles = 100

    def count(self, term: str) -> int:
        return 0 if term == "unheard" else 10


WORDS: WordQueries[Dsl] = WordQueries(DslClauses(), Known(), ANALYZER)


def of(query: str, filters: Filters = Filters()) -> Any:  # noqa: B008
    found = CONDITIONS.query(parse_query(query, filters).constraint)
    assert found is not None
    return found["bool"]


def test_retracted_articles_are_left_out_unless_all_are_asked_for() -> None:
    assert CONDITIONS.query(Constraint()) == {"bool": {"filter": [{"match_all": {}}], "must_not": [STANDING]}}


@pytest.mark.parametrize(
    ("query", "clause"),
    [
        ("year:2015..2020", {"range": {"year": {"gte": 2015, "lte": 2020}}}),
        ("year:2015..", {"range": {"year": {"gte": 2015, "lte": 9999}}}),
        ("pmid:12", {"terms": {"pmid": [12]}}),
        ("pmid:0", {"match_none": {}}),
        ("doi:10.1/Ab", {"term": {"doi": {"value": "10.1/ab"}}}),
        ('author:"Müller K"', {"term": {"author": {"value": "muller k"}}}),
        ("organ:pulmonary", {"terms": {"facet_organ": [0]}}),
        ("organ:spoon", {"match_none": {}}),
        ("mesh:neoplasms", {"terms": {"facet_mesh": [0, 2]}}),
        ("title:lungs", {"term": {"title": {"value": "lung"}}}),
        ('"lung cancer"', {"match_phrase": {"text": {"query": "lung cancer"}}}),
        (
            '"PD-L1"',
            {
                "bool": {
                    "should": [
                        {"match_phrase": {"text": {"query": "pd l1"}}},
                        {"term": {"text": {"value": "pdl1"}}},
                    ]
                }
            },
        ),
    ],
)
def test_each_field_is_a_clause(query: str, clause: Dsl) -> None:
    assert of(query)["filter"] == [clause]
    assert of(f"lung -{query}")["must_not"] == [STANDING, clause]


def test_filters_are_clauses_too() -> None:
    found = of("lung", Filters(year_from=2000, journals=("Chest", "Mod Pathol"), pmids=(3, 1), exclude_pmids=(4,)))
    assert found["filter"] == [
        {"range": {"year": {"gte": 2000, "lte": 9999}}},
        {"terms": {"journal": ["chest", "mod pathol"]}},
        {"terms": {"pmid": [3, 1]}},
    ]
    assert found["must_not"] == [{"terms": {"pmid": [4]}}, STANDING]


def test_more_values_than_one_clause_takes_are_several_clauses() -> None:
    found = CONDITIONS.pmids(range(1, 150_001))
    parts = [clause["terms"]["pmid"] for clause in found["bool"]["should"]]
    assert [len(part) for part in parts] == [65_536, 65_536, 18_928]
    assert [pmid for part in parts for pmid in part] == list(range(1, 150_001))


def test_words_that_stand_twice_weigh_twice() -> None:
    lung, cancer = ({"term": {"text": {"value": term}}} for term in ("lung", "cancer"))
    assert WORDS.query("the lung, cancer of the lung", ()) == {
        "bool": {"should": [{"bool": {"must": [lung], "boost": 2.0}}, cancer]}
    }
    assert WORDS.query("!?", ()) is None


def test_an_article_scores_by_the_best_of_several_names() -> None:
    group = SynonymGroup(name="unheard", kind="marker", terms=("HER2", "unheard thing"))
    assert WORDS.query("", [group]) == {
        "dis_max": {
            "queries": [
                {"term": {"text": {"value": "her2"}}},
                # HER-2 as well: both are spellings of one name.
                {"bool": {"must": [{"match_phrase": {"text": {"query": "her 2"}}}], "boost": 0.5}},
            ]
        }
    }
    assert WORDS.counted([group]) >= {"her2", "unheard", "thing"}


def test_conditions_do_not_score() -> None:
    words: Dsl = {"term": {"text": {"value": "lung"}}}
    condition: Dsl = {"match_all": {}}
    assert scored_among(words, [condition]) == {"bool": {"must": [words], "filter": [condition]}}
    assert scored_among(words, []) == words
