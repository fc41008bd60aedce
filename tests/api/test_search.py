"""What POST /v1/search answers. Ranking has tests of its own; here is what becomes of it on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient


def search(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.post("/v1/search", json=asked)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def ids(data: dict[str, Any]) -> list[str]:
    return [hit["id"] for hit in data["hits"]]


def test_a_hit_says_what_was_found_and_why(client: TestClient) -> None:
    data = search(client, query="p40 squamous cells TTF-1 adenocarcinoma")
    hit = data["hits"][0]
    legs, evidence, score = hit.pop("legs"), hit.pop("evidence"), hit.pop("score")
    assert hit == {
        "rank": 1,
        "id": "pmid:101",
        "pmid": 101,
        "title": "TTF-1 and p40 separate lung adenocarcinoma from squamous cell carcinoma.",
        "citation": "Smith JA. TTF-1 and p40 separate lung adenocarcinoma from squamous cell carcinoma. Mod Pathol. "
        "2018 Jul;31(7):1027-38. doi:10.1038/s41379-018-0001-1. PMID: 101. PMCID: PMC6022342.",
        "abstract": "BACKGROUND: Small biopsies of the lung are hard to classify.\n"
        "RESULTS: TTF-1 marked adenocarcinoma; p40 marked squamous cells.",
        "year": 2018,
        "journal": "Modern pathology",
        "doi": "10.1038/s41379-018-0001-1",
        "pmcid": "PMC6022342",
        "publication_types": ["Journal Article"],
        "mesh": ["Lung Neoplasms"],
        "url": "https://pubmed.ncbi.nlm.nih.gov/101/",
        "integrity": {"status": "ok", "reasons": [], "related_pmids": [], "findings": []},
        "reranked": None,
    }
    assert set(legs) == {"lexical", "dense"}
    assert all(list(leg) == ["rank", "score", "share"] for leg in legs.values())
    assert sum(leg["share"] for leg in legs.values()) == pytest.approx(score)
    assert evidence
    for sentence in evidence:
        assert list(sentence) == ["field", "start", "end", "text", "score"]
        assert hit[sentence["field"]][sentence["start"] : sentence["end"]] == sentence["text"]


def test_an_answer_says_how_it_came_about(client: TestClient) -> None:
    data = search(client, query="squamous   marker -mouse")
    assert list(data) == [
        *("hits", "interpretation", "notices", "expansions", "facets", "matching"),
        *("reranker", "timings_ms", "not_indexed"),
    ]
    assert (data["facets"], data["matching"]) == ([], None)
    assert data["not_indexed"] == []
    assert data["interpretation"] == "squamous marker -mouse"
    assert data["notices"] == []
    assert data["expansions"] == []
    assert set(data["timings_ms"]) == {"encode", "recall", "completion", "fusion", "articles", "evidence"}


def test_a_query_that_breaks_the_rules_is_answered_with_a_notice(client: TestClient) -> None:
    assert search(client, query='lung "never closed')["notices"] == [
        'Searched as plain words: a quotation mark " is never closed.'
    ]


def test_an_article_that_is_not_from_pubmed_has_an_id_but_no_pmid(client: TestClient) -> None:
    hit = search(client, query="newborn brain")["hits"][0]
    assert (hit["id"], hit["pmid"], hit["url"]) == ("scifact:4983", None, None)
    assert (hit["year"], hit["journal"], hit["doi"], hit["pmcid"]) == (None, None, None, None)
    assert hit["citation"] == "Microstructure of the newborn brain. scifact:4983."


def test_a_demonstration_article_has_a_pmid_but_no_page_at_pubmed(client: TestClient) -> None:
    hit = search(client, query="invented cohort")["hits"][0]
    assert (hit["id"], hit["pmid"], hit["url"]) == ("pmid:900000001", 900_000_001, None)


def test_retracted_articles_are_left_out_or_labelled(client: TestClient) -> None:
    assert "pmid:102" not in ids(search(client, query="squamous marker reproduce"))
    data = search(client, query="squamous marker reproduce", filters={"integrity": "label"})
    assert data["hits"][0]["id"] == "pmid:102"
    integrity = data["hits"][0]["integrity"]
    assert integrity["status"] == "retracted"
    assert integrity["reasons"] == ["publication type Retracted Publication", "RetractionIn 103"]
    assert integrity["related_pmids"] == [103]
    assert integrity["findings"][1] == {
        "status": "retracted",
        "source": "PubMed CommentsCorrections",
        "reason": "RetractionIn 103",
        "date": "2016",
        "notice_pmid": 103,
        "notice_doi": None,
        "paper_pmid": None,
        "paper_doi": None,
        "lifted": False,
    }


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"year_from": 2016}, ["pmid:101"]),
        ({"year_to": 2016}, ["pmid:102"]),
        ({"mesh": ["lung neoplasms"]}, ["pmid:101"]),
        ({"publication_types": ["Journal Article"]}, ["pmid:101"]),
        ({"journals": ["Mod Pathol"]}, ["pmid:101"]),
        ({"languages": ["eng"]}, ["pmid:101"]),
        ({"organs": ["Pulmonary"], "year_from": 2016}, ["pmid:101"]),
        ({"species": ["zebrafish"]}, []),
        ({"study_types": ["cohort study"]}, ["pmid:900000001"]),
        ({"integrity_statuses": ["retracted"]}, ["pmid:102"]),
        ({"pmids": [102, 900_000_001]}, ["pmid:102", "pmid:900000001"]),
        ({"exclude_pmids": [101, 102]}, ["pmid:900000001", "scifact:4983"]),
        ({"year_from": 2000, "languages": ["ger"]}, []),
    ],
)
def test_every_filter_reaches_the_search(client: TestClient, filters: dict[str, Any], found: list[str]) -> None:
    data = search(client, query="squamous carcinoma of the lung", filters={**filters, "integrity": "label"})
    assert sorted(ids(data)) == found


def test_limit_legs_and_fusion_reach_the_search(client: TestClient) -> None:
    assert len(search(client, query="squamous", limit=1)["hits"]) == 1
    assert all(set(hit["legs"]) == {"dense"} for hit in search(client, query="lung", legs=["dense"])["hits"])
    assert search(client, query="lung", fusion="minmax")["hits"][0]["score"] > 0.5
    assert search(client, query="lung", fusion="rrf")["hits"][0]["score"] <= 1 / 61


def test_a_link_gives_the_same_answer(client: TestClient) -> None:
    posted = search(client, query="squamous marker", limit=2, filters={"integrity": "label"})
    linked = client.get("/v1/search", params={"q": "squamous marker", "limit": 2, "integrity": "label"}).json()["data"]
    del posted["timings_ms"], linked["timings_ms"]
    assert linked == posted


COUNTED = [
    {"name": "organ", "values": [{"value": "lung", "count": 2}]},
    {"name": "year", "values": [{"value": "2018", "count": 1}]},
    {"name": "study", "values": [{"value": "cohort study", "count": 1}]},
]


def test_facets_are_counted_over_all_that_matches_whatever_is_shown(client: TestClient) -> None:
    data = search(client, query="squamous carcinoma", limit=1, facets=["organ", "year", "study"])
    assert (len(data["hits"]), data["matching"], data["facets"]) == (1, 2, COUNTED)
    assert "facets" in data["timings_ms"]


def test_a_link_counts_facets_too(client: TestClient) -> None:
    data = client.get("/v1/search?q=squamous+carcinoma&facets=organ&facets=year&facets=study&facet_size=1").json()[
        "data"
    ]
    assert (data["matching"], data["facets"]) == (2, COUNTED)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"facets": ["colour"]}, "facets.0"),
        ({"facets": ["year"], "facet_size": 0}, "facet_size"),
        ({"filters": {"integrity_statuses": ["bad"]}}, "filters.integrity_statuses.0"),
    ],
)
def test_facets_that_do_not_exist_are_refused(client: TestClient, asked: dict[str, Any], field: str) -> None:
    answer = client.post("/v1/search", json={"query": "lung", **asked})
    assert answer.status_code == 422
    assert field in [detail["field"] for detail in answer.json()["error"]["details"]]
