"""What POST /v1/citations/export and GET /v1/articles/{id}/citation answer: a file, not the envelope."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from retrieval.citations import FORMATS, FormatName
from tests.api.library import LOCAL


def ask(client: TestClient, **asked: Any) -> Any:
    return client.post("/v1/citations/export", json=asked)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "text"])
def test_a_file_has_its_own_type_and_name(client: TestClient, name: FormatName) -> None:
    answer = ask(client, ids=["101", "102"], format=name)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{FORMATS[name].media_type}; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="citations{FORMATS[name].suffix}"'
    assert answer.headers["x-generation"] == "000001"
    assert "A squamous marker that nobody could reproduce" in " ".join(answer.text.replace("{", "").split())
    assert "Retracted: see PMID 103" in answer.text or name == "nbib"


def test_pubmeds_own_format_has_pubmeds_own_field_for_a_retraction(client: TestClient) -> None:
    assert "\nRIN - Mod Pathol. 2016;29:1. PMID: 103\n" in ask(client, ids=["102"], format="nbib").text


def test_articles_come_in_the_order_asked_for_and_once(client: TestClient) -> None:
    text = ask(client, ids=["scifact:4983", "101", "pmid:101", str(LOCAL.pmid)]).text
    assert [line[6:] for line in text.splitlines() if line.startswith("AN")] == ["scifact:4983", "101"]


def test_without_a_format_it_is_ris(client: TestClient) -> None:
    assert ask(client, ids=["101"]).text.startswith("TY  - JOUR\n")


def test_one_article_has_its_citation_at_a_link_of_its_own(client: TestClient) -> None:
    answer = client.get("/v1/articles/101/citation", params={"format": "bibtex"})
    assert answer.text.startswith("@article{smith2018ttf,\n")
    assert answer.headers["content-disposition"] == 'attachment; filename="citation-101.bib"'
    assert client.get("/v1/articles/101").json()["data"]["pmid"] == 101


def test_ids_that_name_no_article_are_told_one_by_one_and_nothing_is_exported(client: TestClient) -> None:
    answer = ask(client, ids=["101", "5", "-5", "scifact:1"])
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "article_not_found"
    assert error["message"].startswith("3 of 4 ids name no article of generation 000001")
    assert [detail["field"] for detail in error["details"]] == ["ids.1", "ids.2", "ids.3"]
    assert error["details"][0]["message"].startswith("'5' is not in generation 000001")


def test_the_citation_of_an_unknown_article_is_not_found(client: TestClient) -> None:
    assert client.get("/v1/articles/5/citation").status_code == 404


@pytest.mark.parametrize(
    "asked",
    [{"ids": []}, {"ids": ["1"] * 201}, {"ids": [""]}, {"ids": ["1"], "format": "word"}, {"ids": [1]}, {}],
    ids=str,
)
def test_impossible_requests_are_refused(client: TestClient, asked: dict[str, Any]) -> None:
    assert ask(client, **asked).status_code == 422


def test_a_list_for_a_manuscript(client: TestClient) -> None:
    text = ask(client, ids=["101", "102"], format="text", style="ama").text
    assert text.splitlines()[0] == (
        "1. Smith JA. TTF-1 and p40 separate lung adenocarcinoma from squamous cell carcinoma. Mod Pathol. "
        "2018;31(7):1027-1038. doi:10.1038/s41379-018-0001-1"
    )
    assert text.splitlines()[1].endswith("[Retracted: see PMID 103]")
