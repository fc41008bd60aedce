"""The assistant's doors with everything real behind them: the demonstration texts, the verifier, no language model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from pathlit.assistant import home_assistant
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder

QUESTION = "Which markers separate lung adenocarcinoma from squamous cell carcinoma?"
RETRACTED = "A single TGF-β1 immunostain predicts microsatellite instability."


@pytest.fixture(scope="module")
def client(demo: Path) -> Iterator[TestClient]:
    place = HomeFolder(read_settings(demo))
    live = place.live_searcher()
    app = create_app(live, settings=place.settings.api, assistant=home_assistant(place, live))
    with TestClient(app) as client:
        yield client


def chat(client: TestClient, text: str, **more: Any) -> Any:
    body = {"model": "pathlit", "messages": [{"role": "user", "content": text}], **more}
    response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def call(client: TestClient, name: str, **arguments: Any) -> Any:
    response = client.post("/v1/tools/call", json={"name": name, "arguments": arguments})
    assert response.status_code == 200, response.text
    return response.json()["data"]["result"]


def test_a_chat_is_answered_with_references(client: TestClient) -> None:
    body = chat(client, QUESTION)
    content = body["choices"][0]["message"]["content"]
    assert "[1]" in content
    assert "\n\nReferences\n1. " in content
    for sentence in body["pathlit"]["sentences"]:
        assert sentence["verdict"] in ("supported", "partly_supported")
        assert sentence["citations"][0]["evidence"]["text"]


def test_what_the_literature_does_not_answer_is_not_answered(client: TestClient) -> None:
    body = chat(client, "Who won the football world cup in 1974?")
    assert body["pathlit"]["abstention"]["message"] in body["choices"][0]["message"]["content"]
    assert body["choices"][0]["message"]["citations"] == []


def test_a_retracted_paper_supports_nothing_in_any_door(client: TestClient) -> None:
    (retracted,) = [
        hit["id"]
        for hit in call(client, "search_literature", query=RETRACTED, include_retracted=True)["hits"]
        if hit["integrity"] == "retracted"
    ]
    assert retracted not in {hit["id"] for hit in call(client, "search_literature", query=RETRACTED)["hits"]}
    assert retracted not in {one["id"] for one in chat(client, RETRACTED)["choices"][0]["message"]["citations"]}
    assert retracted not in {one["id"] for one in call(client, "answer", question=RETRACTED)["references"]}
    for sentence in call(client, "cite", text=RETRACTED)["sentences"]:
        assert retracted not in {paper["id"] for paper in sentence["papers"] if paper["usable"]}
    verified = call(client, "verify_claim", claim=RETRACTED, ids=[retracted])
    assert (verified["articles"][0]["integrity"], verified["verdict"]) == ("retracted", "not_found")
    said = client.post("/v1/tools/invoke", json={"text": f"Invoking answer: {RETRACTED}"}).text
    assert retracted.removeprefix("pmid:") not in said
