"""The one envelope of every success:

{
    "data": {...},
    "meta": {"generation": "000001" or null, "took_ms": 1.23, "request_id": "..."}
}

The documents /docs and /openapi.json are no answers in this sense and have none.
"""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

SUCCESSES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/search"): {"url": "/v1/search", "json": {"query": "lung"}},
    ("GET", "/v1/search"): {"url": "/v1/search?q=lung"},
    ("GET", "/v1/articles/{id}"): {"url": "/v1/articles/101"},
    ("GET", "/v1/status"): {"url": "/v1/status"},
    ("GET", "/healthz"): {"url": "/healthz"},
    ("GET", "/readyz"): {"url": "/readyz"},
}


def test_every_route_is_tried_here(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    declared = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    assert declared == set(SUCCESSES)


@pytest.mark.parametrize("route", SUCCESSES, ids=" ".join)
def test_every_success_has_the_envelope(client: TestClient, route: tuple[str, str]) -> None:
    answer = client.request(route[0], **SUCCESSES[route])
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["data", "meta"]
    assert isinstance(body["data"], dict)
    assert list(body["meta"]) == ["generation", "took_ms", "request_id"]
    assert body["meta"]["generation"] == (None if route[1] == "/healthz" else "000001")
    assert body["meta"]["took_ms"] > 0
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]


def test_the_clients_own_request_id_comes_back(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "lab-7:2026.03.01_a"})
    assert answer.headers["x-request-id"] == answer.json()["meta"]["request_id"] == "lab-7:2026.03.01_a"


@pytest.mark.parametrize("given", ["", "two words", "a" * 129, "<script>", "é"], ids=ascii)
def test_a_request_id_that_is_not_short_and_plain_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/healthz", headers={b"X-Request-ID": given.encode("latin-1")})
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"] == answer.json()["meta"]["request_id"]


def test_two_requests_have_two_ids(client: TestClient) -> None:
    assert client.get("/healthz").headers["x-request-id"] != client.get("/healthz").headers["x-request-id"]
