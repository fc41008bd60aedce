"""The one envelope of every success:

{
    "data": {...},
    "meta": {"generation": "000001" or null, "took_ms": 1.23, "request_id": "..."}
}

The documents /docs and /openapi.json and the picture of /v1/image/overlay are no answers in this sense and have none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.settings import ApiSettings
from tests.api.image_library import ImageLibrary
from tests.retrieval.image.image_fakes import LUNG, patch, png
from tests.retrieval.image.slide_files import write_slide

SUCCESSES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/search"): {"url": "/v1/search", "json": {"query": "lung"}},
    ("GET", "/v1/search"): {"url": "/v1/search?q=lung"},
    ("GET", "/v1/articles/{id}"): {"url": "/v1/articles/101"},
    ("GET", "/v1/status"): {"url": "/v1/status"},
    ("GET", "/v1/image/regions"): {"url": "/v1/image/regions"},
    ("GET", "/healthz"): {"url": "/healthz"},
    ("GET", "/readyz"): {"url": "/readyz"},
}
WITHOUT_GENERATION = {"/healthz", "/v1/image/regions"}
# Tried below, by a server that takes images.
OF_IMAGES = {("POST", "/v1/search/image"), ("POST", "/v1/search/slide"), ("POST", "/v1/image/overlay")}
# Tried in test_answer.py, test_lookup.py, test_verify.py and test_export.py.
ELSEWHERE = {
    ("POST", "/v1/answer"),
    ("POST", "/v1/citations/lookup"),
    ("POST", "/v1/verify"),
    ("POST", "/v1/citations/export"),
    ("GET", "/v1/articles/{id}/citation"),
}


def test_every_route_is_tried_here(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    declared = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    assert declared == set(SUCCESSES) | OF_IMAGES | ELSEWHERE


@pytest.mark.parametrize("route", SUCCESSES, ids=" ".join)
def test_every_success_has_the_envelope(client: TestClient, route: tuple[str, str]) -> None:
    check_envelope(client.request(route[0], **SUCCESSES[route]), None if route[1] in WITHOUT_GENERATION else "000001")


def check_envelope(answer: Any, generation: str | None) -> None:
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["data", "meta"]
    assert isinstance(body["data"], dict)
    assert list(body["meta"]) == ["generation", "took_ms", "request_id"]
    assert body["meta"]["generation"] == generation
    assert body["meta"]["took_ms"] > 0
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]


def test_searches_by_image_have_the_envelope_and_a_drawing_is_a_png(tmp_path: Path) -> None:
    client = TestClient(ImageLibrary(tmp_path / "home").app(ApiSettings(max_slide_bytes=60_000_000)))
    image, slide = png(patch(LUNG)), write_slide(tmp_path / "a.tif", 2048).read_bytes()
    check_envelope(client.post("/v1/search/image", files={"image": ("a.png", image)}), "000001")
    check_envelope(client.post("/v1/search/slide", files={"slide": ("a.tif", slide)}), "000001")
    drawn = client.post("/v1/image/overlay", files={"image": ("a.png", image)}, data={"region_text": "stroma"})
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/png")


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
