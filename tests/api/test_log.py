"""What the server writes down of a request, and what it never does."""

from __future__ import annotations

import logging
import re

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from tests.api.library import Library

LINE = re.compile(r"(\S+) (\S+) (\d+) [\d.]+ ms (\S+)")


def test_a_request_is_one_line_without_its_question(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/search", json={"query": "privatematter"}, headers={"X-Request-ID": "one"})
        client.get("/v1/search?q=privatematter&limit=0", headers={"X-Request-ID": "two"})
        client.post("/v1/search", content=b'{"query": "privatematter"', headers={"X-Request-ID": "three"})
    own = [record.getMessage() for record in caplog.records if record.name == "api.access"]
    found = [match.groups() for line in own if (match := LINE.fullmatch(line))]
    assert found == [
        ("POST", "/v1/search", "200", "one"),
        ("GET", "/v1/search", "422", "two"),
        ("POST", "/v1/search", "415", "three"),
    ]
    assert "privatematter" not in "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))


@pytest.mark.parametrize(
    ("method", "path", "logged"),
    [
        ("GET", "/v1/articles/101", "GET /v1/articles/{id} 200 "),
        ("GET", "/v1/articles/privatematter", "GET /v1/articles/{id} 404 "),
        ("POST", "/v1/articles/101", "POST /v1/articles/{id} 405 "),
        ("GET", "/v1/articles/a%0Ab", "GET /v1/articles/{id} 404 "),
        ("HEAD", "/readyz", "HEAD /readyz 200 "),
        ("GET", "/docs-assets/swagger-ui.css", "GET /docs-assets/{file} 200 "),
        ("GET", "/v1/article/101", "GET - 404 "),
        ("GET", "/v1/%0aGET%20/v1/status%20200", "GET - 404 "),
    ],
)
def test_of_a_path_the_log_shows_what_was_declared_and_nothing_that_was_asked(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, path: str, logged: str
) -> None:
    with caplog.at_level(logging.INFO, logger="api.access"):
        client.request(method, path)
    assert caplog.messages[0].startswith(logged)


def test_a_request_without_key_is_logged_alike(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(create_app(library.live(), settings=ApiSettings(api_keys=(SecretStr("0123456789abcdef"),))))
    with caplog.at_level(logging.INFO, logger="api.access"):
        client.get("/v1/articles/101")
    assert caplog.messages[0].startswith("GET /v1/articles/{id} 401 ")


def test_a_failure_is_logged_with_its_place_but_not_with_the_words_of_the_question(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    asked = "private" + "matter"

    def fail() -> None:
        raise ValueError(asked)

    client = TestClient(create_app(library.live(fail), settings=ApiSettings()))
    with caplog.at_level(logging.INFO, logger="api"):
        client.post("/v1/search", json={"query": asked}, headers={"X-Request-ID": "four"})
    failure = next(record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert failure.startswith("request four failed: ValueError\n")
    assert "test_log.py" in failure
    assert asked not in caplog.text
