"""POST /v1/citations/lookup."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas.lookup import MOST_ITEMS, MOST_TEXT
from api.settings import ApiSettings
from retrieval.live import LiveSearcher
from retrieval.lookup.lookup import CitationLookup
from retrieval.search import Searcher
from tests.api.library import Library
from tests.api.test_error_shape import check_shape
from tests.fakes import Corpus, HashingEncoder
from tests.retrieval.lookup.lookup_fakes import CLAIM, LIBRARY, OPPOSED, RETRACTED, SUPPORTING, WordVerifier

PATH = "/v1/citations/lookup"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    corpus = Corpus(tmp_path_factory.mktemp("lookup"), HashingEncoder(dimension=16))
    corpus.publish(LIBRARY)

    def opened(searcher: Searcher) -> CitationLookup:
        return CitationLookup(searcher, WordVerifier())

    live = LiveSearcher(corpus.store, corpus.open_searcher)
    with TestClient(create_app(live, settings=ApiSettings(), lookup=opened)) as client:
        yield client


def items(client: TestClient, **body: Any) -> list[dict[str, Any]]:
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]["items"]
    return found


def test_a_sentence_gets_its_papers_with_verdict_span_and_standing(client: TestClient) -> None:
    response = client.post(PATH, json={"text": CLAIM})
    assert response.json()["meta"]["generation"] == "000001"
    (item,) = response.json()["data"]["items"]
    (sentence,) = item["result"]["sentences"]
    assert (sentence["text"], sentence["need"]) == (CLAIM, "needed")
    first = sentence["papers"][0]
    assert (first["pmid"], first["judgement"]["verdict"], first["usable"]) == (SUPPORTING, "supported", True)
    assert first["judgement"]["evidence"]["text"].startswith("TTF-1 markers")
    assert first["citation"].startswith("Smith J. TTF-1 stains lung adenocarcinoma.")
    verdicts = {paper["pmid"]: paper["judgement"]["verdict"] for paper in sentence["papers"]}
    assert verdicts[OPPOSED] == "contradicted"
    assert RETRACTED not in verdicts


def test_a_cited_paper_is_resolved_and_judged(client: TestClient) -> None:
    (item,) = items(client, text=f"{CLAIM[:-1]} [1].", references=f"1. PMID: {RETRACTED}")
    (cited,) = item["result"]["sentences"][0]["cited"]
    assert cited["resolution"]["status"] == "resolved"
    assert cited["resolution"]["article"]["integrity"]["status"] == "retracted"
    assert (cited["usable"], cited["problem"]) == (False, "It is retracted and must not be relied on.")
    (reference,) = item["result"]["references"]
    assert (reference["label"], reference["cited_by"]) == ("1", [1])


def test_a_labelled_retracted_paper_comes_last_and_is_not_usable(client: TestClient) -> None:
    (item,) = items(client, text=CLAIM, papers=10, filters={"integrity": "label"})
    last = item["result"]["sentences"][0]["papers"][-1]
    assert (last["pmid"], last["usable"], last["integrity"]["status"]) == (RETRACTED, False, "retracted")


def test_one_item_that_fails_fails_nothing_else(client: TestClient) -> None:
    found = items(client, items=[{"text": CLAIM}, {"text": "  "}, {"text": CLAIM, "references": "\x00"}])
    assert [item["index"] for item in found] == [0, 1, 2]
    assert found[0]["result"]["sentences"]
    assert [item["error"]["code"] for item in found[1:]] == ["invalid_input", "invalid_input"]
    assert found[1]["result"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": CLAIM, "items": [{"text": CLAIM}]},
        {"text": ""},
        {"text": " "},
        {"text": CLAIM, "papers": 0},
        {"text": CLAIM, "papers": "3"},
        {"text": CLAIM, "references_format": "docx"},
        {"text": CLAIM, "unknown": 1},
        {"items": [{"text": "a"}] * (MOST_ITEMS + 1)},
        {"items": [{"text": "a" * (MOST_TEXT // 2 + 1)}] * 2},
        {"text": "a" * 200_001},
    ],
)
def test_what_cannot_be_used_is_refused_as_a_whole(client: TestClient, body: dict[str, Any]) -> None:
    check_shape(client.post(PATH, json=body), 422, "invalid_input")


def test_a_server_without_a_verifier_says_so(library: Library) -> None:
    client = TestClient(create_app(library.live(), settings=ApiSettings()))
    check_shape(client.post(PATH, json={"text": CLAIM}), 422, "invalid_input")


def test_a_draft_is_never_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    secret = "unpublished" + "matter"
    with caplog.at_level(logging.DEBUG):
        items(client, text=f"{secret} stains {CLAIM}")
        client.post(PATH, json={"text": secret, "papers": 0})
    assert secret not in caplog.text
