"""The retracted papers of the real abstracts, asked for by their own titles and sentences at every door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from indexing.build import build_generation
from indexing.jsonl import read_jsonl
from pathlit.assistant import home_assistant
from pathlit.settings import Settings
from pathlit.wiring import HomeFolder
from retrieval.records import Article
from tests.real_data import DATA, needs_data

pytestmark = [needs_data, pytest.mark.data]

RETRACTED = {15146069, 23999824, 25023401, 31541003}
_NEIGHBOURS = 60


def _articles() -> Iterator[Article]:
    others = 0
    for record in read_jsonl(DATA / "abstracts.jsonl.gz"):
        if isinstance(record, Article):
            others += record.pmid not in RETRACTED
            if record.pmid in RETRACTED or others <= _NEIGHBOURS:
                yield record


@pytest.fixture(scope="module")
def articles() -> dict[int, Article]:
    return {article.pmid: article for article in _articles()}


@pytest.fixture(scope="module")
def client(articles: dict[int, Article], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    place = HomeFolder(Settings(home=tmp_path_factory.mktemp("retracted")))
    place.make_home()
    with place.open_catalog() as catalog:
        catalog.apply(articles.values(), source="abstracts")
        catalog.mark_complete("abstracts", "1")
        build_generation(catalog, place.store, place.embeddings, place.analyzer, place.encoder)
    live = place.live_searcher()
    app = create_app(
        live,
        settings=place.settings.api,
        answerer=place.answerer,
        lookup=place.citation_lookup,
        assistant=home_assistant(place, live),
    )
    with TestClient(app) as client:
        yield client


@pytest.fixture(params=sorted(RETRACTED))
def paper(request: pytest.FixtureRequest, articles: dict[int, Article]) -> Article:
    return articles[request.param]


def post(client: TestClient, path: str, body: dict[str, Any]) -> str:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_by_default_it_comes_out_of_no_door(client: TestClient, paper: Article) -> None:
    title, said = paper.title, paper.sections[-1].text.split(". ")[-1]
    told = [
        post(client, "/v1/search", {"query": title}),
        post(client, "/v1/answer", {"question": title}),
        post(client, "/v1/answer", {"question": title, "stream": True}),
        post(client, "/v1/citations/lookup", {"text": said, "every_sentence": True}),
        post(client, "/v1/chat/completions", {"model": "pathlit", "messages": [{"role": "user", "content": title}]}),
        post(client, "/v1/tools/call", {"name": "search_literature", "arguments": {"query": title}}),
        post(client, "/v1/tools/call", {"name": "answer", "arguments": {"question": title}}),
        post(client, "/v1/tools/call", {"name": "cite", "arguments": {"text": said}}),
        post(client, "/v1/tools/invoke", {"text": f"Invoking search_literature: {title}"}),
    ]
    for text in told:
        assert str(paper.pmid) not in text


def test_labelled_it_is_seen_and_supports_nothing(client: TestClient, paper: Article) -> None:
    label = {"integrity": "label"}
    answer = json.loads(post(client, "/v1/answer", {"question": paper.title, "filters": label}))["data"]
    assert all(c["id"] != paper.id for sentence in answer["sentences"] for c in sentence["citations"])
    if not answer["abstention"] or answer["sources"]:
        (seen,) = [source for source in answer["sources"] if source["pmid"] == paper.pmid]
        assert (seen["usable"], seen["integrity"]["status"]) == (False, "retracted")
    said = paper.sections[-1].text.split(". ")[-1]
    looked_up = json.loads(
        post(client, "/v1/citations/lookup", {"text": said, "filters": label, "every_sentence": True})
    )["data"]
    for papers in _every(looked_up, "papers"):
        for found in papers:
            if found["pmid"] == paper.pmid:
                assert (found["usable"], found["integrity"]["status"]) == (False, "retracted")


def test_allowed_it_may_be_quoted_and_is_marked(client: TestClient, paper: Article) -> None:
    body = {"question": paper.title, "filters": {"integrity": "allow"}}
    answer = json.loads(post(client, "/v1/answer", body))["data"]
    (seen,) = [source for source in answer["sources"] if source["pmid"] == paper.pmid]
    assert (seen["usable"], seen["integrity"]["status"]) == (True, "retracted")
    assert any(c["id"] == paper.id for sentence in answer["sentences"] for c in sentence["citations"])


def _every(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name and isinstance(inner, list):
                yield inner
            yield from _every(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _every(inner, name)


def test_all_four_are_there(articles: dict[int, Article]) -> None:
    assert set(articles) >= RETRACTED
