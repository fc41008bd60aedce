"""Searches that ask PubMed for what the index lacks: only where request and operator wish it, at nobody else's cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from retrieval.records import Article, PartialDate, Section
from retrieval.topup import TopUpResult
from tests.api.library import Library
from tests.api.test_error_shape import check_shape

NEW = Article(
    pmid=40_000_001,
    title="Squamous markers, newly seen.",
    sections=(Section(text="A new marker of squamous carcinoma."),),
    published=PartialDate(sortable="2026-11-20", precision="day", raw="2026 Nov 20"),
)


class Source:
    """Has one new article; calls `before` each time it is asked."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.asked: list[str] = []
        self._before = before

    def recent(self, words: str, since: date, limit: int) -> TopUpResult:
        self.asked.append(words)
        self._before()
        return TopUpResult((NEW,), notices=("PubMed says hello.",))


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def topping(library: Library, source: Source) -> Iterator[TestClient]:
    with TestClient(create_app(library.live(), settings=ApiSettings(), top_up=source)) as client:
        yield client


def search(client: TestClient, **asked: Any) -> Any:
    answer = client.post("/v1/search", json={"query": "squamous marker", **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_what_the_index_lacks_stands_behind_the_hits(topping: TestClient, source: Source) -> None:
    data = search(topping, top_up=True)
    assert source.asked == ["squamous marker"]
    assert [hit["id"] for hit in data["hits"]][:1] == ["pmid:101"]
    (recent,) = data["not_indexed"]
    evidence = recent.pop("evidence")
    assert recent == {
        "id": "pmid:40000001",
        "pmid": 40_000_001,
        "title": "Squamous markers, newly seen.",
        "citation": "Squamous markers, newly seen. 2026 Nov 20. PMID: 40000001.",
        "abstract": "A new marker of squamous carcinoma.",
        "year": 2026,
        "journal": None,
        "doi": None,
        "pmcid": None,
        "publication_types": [],
        "mesh": [],
        "url": "https://pubmed.ncbi.nlm.nih.gov/40000001/",
        "integrity": recent["integrity"],
    }
    assert recent["integrity"]["status"] == "ok"
    assert evidence[0]["text"] == "A new marker of squamous carcinoma."
    assert data["notices"] == ["PubMed says hello."]
    assert data["timings_ms"]["top_up"] >= 0


def test_the_hits_are_the_same_with_and_without_it(topping: TestClient) -> None:
    assert search(topping, top_up=True)["hits"] == search(topping)["hits"]


def test_nothing_is_asked_for_unless_the_request_says_so(topping: TestClient, source: Source) -> None:
    assert search(topping)["not_indexed"] == search(topping, top_up=False)["not_indexed"] == []
    assert topping.get("/v1/search?q=squamous").json()["data"]["not_indexed"] == []
    assert source.asked == []


def test_a_server_without_it_refuses_it_and_says_what_to_do(client: TestClient) -> None:
    answer = client.post("/v1/search", json={"query": "lung", "top_up": True})
    body = check_shape(answer, 422, "invalid_input")
    message = (
        "this server was not set up to ask PubMed; leave top_up out, or have its operator set api.top_up "
        "(PATHLIT_API__TOP_UP=true)"
    )
    assert body["error"]["details"] == [{"field": "top_up", "message": message}]
    assert body["error"]["message"] == f"top_up: {message}"


def test_a_query_that_cannot_be_searched_asks_nobody(topping: TestClient, source: Source) -> None:
    assert topping.post("/v1/search", json={"query": "  ", "top_up": True}).status_code == 422
    assert source.asked == []


@pytest.mark.parametrize("wrong", [1, "yes", None])
def test_it_is_asked_for_with_true_and_nothing_else(topping: TestClient, wrong: object) -> None:
    answer = topping.post("/v1/search", json={"query": "lung", "top_up": wrong})
    assert check_shape(answer, 422, "invalid_input")["error"]["details"][0]["field"] == "top_up"


def test_waiting_for_pubmed_holds_up_no_other_search_and_too_many_go_without(library: Library) -> None:
    waiting, go_on = threading.Semaphore(0), threading.Event()

    def wait() -> None:
        waiting.release()
        assert go_on.wait(60)

    settings = ApiSettings(max_concurrent_searches=1, max_waiting_searches=20)
    app = create_app(library.live(), settings=settings, top_up=Source(wait))
    with TestClient(app) as client, ThreadPoolExecutor(8) as users:
        try:
            topped = [users.submit(search, client, top_up=True) for _ in range(8)]
            for _ in topped:
                assert waiting.acquire(timeout=30)
            assert search(client)["hits"]
            ninth = search(client, top_up=True)
            assert ninth["hits"]
            assert ninth["notices"] == [
                "PubMed was not asked for newer articles: too many searches ask it already; try again in a moment."
            ]
        finally:
            go_on.set()
        assert [len(answer.result()["not_indexed"]) for answer in topped] == [1] * 8


def test_the_documentation_says_that_words_leave_the_server(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    field = document["components"]["schemas"]["SearchRequest"]["properties"]["top_up"]
    assert "leave the server for NCBI" in field["description"]
    assert "leave the server for NCBI" in " ".join(document["paths"]["/v1/search"]["post"]["description"].split())
