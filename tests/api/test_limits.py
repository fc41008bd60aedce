"""What the server takes at once, and what it does beyond that. Slow clients are in test_server.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from tests.api.library import Gate, Library


def client_of(library: Library, **settings: Any) -> TestClient:
    return TestClient(create_app(library.live(), settings=ApiSettings(**settings)))


@pytest.mark.parametrize(("longest", "status"), [(18, 200), (17, 413)])
def test_a_body_may_be_as_long_as_the_limit(library: Library, longest: int, status: int) -> None:
    body = b'{"query": "lung" }'
    assert len(body) == 18
    headers = {"content-type": "application/json"}
    answer = client_of(library, max_body_bytes=longest).post("/v1/search", content=body, headers=headers)
    assert answer.status_code == status


def test_a_body_of_undeclared_length_is_counted(library: Library) -> None:
    pieces = iter([b'{"query": "', b"a" * 500, b'"}'])
    headers = {"content-type": "application/json"}
    answer = client_of(library, max_body_bytes=500).post("/v1/search", content=pieces, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_searches_beyond_those_at_work_and_in_the_queue_are_told_to_come_back(library: Library) -> None:
    gate = Gate()
    settings = ApiSettings(max_concurrent_searches=2, max_waiting_searches=1, watch_every_s=3600)
    with TestClient(create_app(library.live(gate), settings=settings)) as client, ThreadPoolExecutor(8) as users:
        gate.close()

        def ask(_: int) -> tuple[int, str | None]:
            answer = client.post("/v1/search", json={"query": "lung"})
            return answer.status_code, answer.headers.get("retry-after")

        asked = [users.submit(ask, n) for n in range(8)]
        gate.wait_for(2)
        refused: list[tuple[int, str | None]] = []
        while len(refused) < 5:
            refused = [answer.result() for answer in asked if answer.done()]
        assert refused == [(503, "1")] * 5
        assert gate.arrived == 2
        # Everything but searching goes on meanwhile.
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.get("/v1/articles/101").status_code == 200
        assert client.get("/v1/status").json()["data"]["counts"] == {"searches": 0, "answers": 0, "errors": 5}
        gate.open()
        assert sorted(answer.result() for answer in asked if answer.result()[0] == 200) == [(200, None)] * 3
        assert client.get("/v1/status").json()["data"]["counts"] == {"searches": 3, "answers": 0, "errors": 5}
        assert ask(0) == (200, None)


def test_a_search_that_fails_gives_its_place_back(library: Library) -> None:
    def fail() -> None:
        raise ValueError

    settings = ApiSettings(max_concurrent_searches=1, max_waiting_searches=0)
    client = TestClient(create_app(library.live(fail), settings=settings))
    for _ in range(3):
        assert client.post("/v1/search", json={"query": "lung"}).status_code == 500
