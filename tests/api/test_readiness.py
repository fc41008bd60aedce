"""When a server says that it can search."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from retrieval.errors import ConfigurationError
from tests.api.library import Library

QUICK = ApiSettings(watch_every_s=0.02)
SLOW = ApiSettings(watch_every_s=3600)


def soon(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()


def test_a_started_server_is_ready_and_its_encoder_has_worked(library: Library) -> None:
    encoded: list[int] = []
    with TestClient(create_app(library.live(lambda: encoded.append(1)), settings=SLOW)) as client:
        assert encoded == [1]
        answer = client.get("/readyz").json()
        assert (answer["data"], answer["meta"]["generation"]) == ({"status": "ok"}, "000001")
        assert encoded == [1]


def test_nothing_is_opened_before_the_server_starts(empty_library: Library) -> None:
    client = TestClient(create_app(empty_library.live(), settings=SLOW))
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "starting")


def test_a_server_without_generation_lives_and_becomes_ready_by_itself(empty_library: Library) -> None:
    with TestClient(create_app(empty_library.live(), settings=QUICK)) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_published")
        assert answer.headers["retry-after"] == "1"
        empty_library.release()
        assert soon(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/v1/search", json={"query": "lung"}).json()["meta"]["generation"] == "000001"


def test_a_new_generation_is_opened_and_tried_without_a_request(empty_library: Library) -> None:
    tried: list[int] = []
    empty_library.release()
    with TestClient(create_app(empty_library.live(lambda: tried.append(1)), settings=QUICK)) as client:
        empty_library.release()
        assert soon(lambda: client.get("/readyz").json()["meta"]["generation"] == "000002")
        assert tried == [1, 1]
        assert client.get("/v1/status").json()["meta"]["generation"] == "000002"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_can_be_asked_for_with_head(client: TestClient, path: str) -> None:
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_readiness_by_head_is_refused_like_readiness(empty_library: Library) -> None:
    with TestClient(create_app(empty_library.live(), settings=SLOW)) as client:
        assert client.head("/readyz").status_code == 503


def test_a_new_generation_that_cannot_be_searched_leaves_the_server_ready_on_the_old_one(
    empty_library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    broken = False

    def load() -> None:
        if broken:
            raise ConfigurationError("no memory")

    empty_library.release()
    with TestClient(create_app(empty_library.live(load), settings=QUICK)) as client:
        broken = True
        empty_library.release()
        assert soon(lambda: "generation 000002 cannot be used" in caplog.text)
        assert client.get("/readyz").json()["meta"]["generation"] == "000001"
        broken = False
        assert soon(lambda: client.get("/readyz").json()["meta"]["generation"] == "000002")


def test_a_server_that_cannot_search_says_so_and_recovers(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    broken = True

    def load() -> None:
        if broken:
            raise ConfigurationError("the encoder 'words' cannot be loaded from /srv/models")

    with (
        caplog.at_level(logging.WARNING, logger="api"),
        TestClient(create_app(library.live(load), settings=QUICK)) as client,
    ):
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "configuration")
        assert "/srv/models" not in answer.text
        assert client.get("/readyz").status_code == 503
        broken = False
        assert soon(lambda: client.get("/readyz").status_code == 200)
    told = [record.getMessage() for record in caplog.records if record.name == "api.readiness"]
    assert told == ["not ready: the encoder 'words' cannot be loaded from /srv/models"]


def test_an_error_that_nobody_foresaw_keeps_the_server_up_but_not_ready(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("no memory")

    with TestClient(create_app(library.live(fail), settings=SLOW)) as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "internal")
        assert client.get("/healthz").status_code == 200
    assert "RuntimeError: no memory" in caplog.text
