"""The one shape of every failure:

{
    "error": {
        "code": "invalid_input",                                   for programs
        "message": "what is wrong and what to do",                 for people
        "details": [{"field": "limit", "message": "..."}, ...]     only where fields are at fault
    },
    "request_id": "..."
}
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from retrieval.errors import (
    ArticleNotFoundError,
    CatalogError,
    ConfigurationError,
    GenerationError,
    IncompatibleError,
    InputError,
    MalformedFileError,
    NotPublishedError,
    PathlitError,
    RecordError,
    SourceError,
    VerificationError,
)
from tests.api.library import Library

SETTINGS = ApiSettings(max_body_bytes=10_000, watch_every_s=60)
JSON = {"content-type": "application/json"}
QUERY = {"query": "lung"}
INTERNAL = "/srv/secret/generations"

# What is sent: (method, path, what else), and what comes back: (status, code).
FAILURES: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "unknown path": ("GET", "/v2", {}, 404, "not_found"),
    "root": ("GET", "/", {}, 404, "not_found"),
    "slash at the end": ("GET", "/v1/status/", {}, 404, "not_found"),
    "unknown path under /v1": ("POST", "/v1/answers", {"json": QUERY}, 404, "not_found"),
    "wrong method on search": ("DELETE", "/v1/search", {}, 405, "method_not_allowed"),
    "wrong method on articles": ("POST", "/v1/articles/101", {"json": {}}, 405, "method_not_allowed"),
    "wrong method on status": ("PUT", "/v1/status", {}, 405, "method_not_allowed"),
    "wrong method on health": ("POST", "/healthz", {}, 405, "method_not_allowed"),
    "wrong method on readiness": ("POST", "/readyz", {}, 405, "method_not_allowed"),
    "unknown article": ("GET", "/v1/articles/7", {}, 404, "article_not_found"),
    "unknown local article": ("GET", "/v1/articles/scifact:1", {}, 404, "article_not_found"),
    "no identifier": ("GET", "/v1/articles/", {}, 422, "invalid_input"),
    "not an identifier": ("GET", "/v1/articles/-5", {}, 422, "invalid_input"),
    "overlong identifier": ("GET", f"/v1/articles/{'a' * 501}", {}, 422, "invalid_input"),
    "body too large": ("POST", "/v1/search", {"json": {"query": "a" * 10_000}}, 413, "body_too_large"),
    "no body": ("POST", "/v1/search", {"headers": JSON}, 422, "invalid_input"),
    "no JSON": ("POST", "/v1/search", {"content": "{query: lung}", "headers": JSON}, 422, "invalid_input"),
    "cut JSON": ("POST", "/v1/search", {"content": '{"query": "lu', "headers": JSON}, 422, "invalid_input"),
    "JSON but no object": ("POST", "/v1/search", {"content": "[1]", "headers": JSON}, 422, "invalid_input"),
    "deep JSON": ("POST", "/v1/search", {"content": "[" * 9_000, "headers": JSON}, 400, "malformed_body"),
    "huge number": ("POST", "/v1/search", {"content": "9" * 9_000, "headers": JSON}, 400, "malformed_body"),
    "no UTF-8": (
        "POST",
        "/v1/search",
        {"content": b'{"query": "Sj\xf6gren"}', "headers": JSON},
        400,
        "malformed_body",
    ),
    "text": (
        "POST",
        "/v1/search",
        {"content": '{"query": "lung"}', "headers": {"content-type": "text/plain"}},
        415,
        "unsupported_media_type",
    ),
    "no content type": ("POST", "/v1/search", {"content": b'{"query": "lung"}'}, 415, "unsupported_media_type"),
    "form": ("POST", "/v1/search", {"data": QUERY}, 415, "unsupported_media_type"),
    "nothing asked": ("POST", "/v1/search", {"json": {"query": "  "}}, 422, "invalid_input"),
    "years backwards": (
        "POST",
        "/v1/search",
        {"json": {**QUERY, "filters": {"year_from": 2020, "year_to": 2010}}},
        422,
        "invalid_input",
    ),
    "link without question": ("GET", "/v1/search", {}, 422, "invalid_input"),
    "link with unknown part": ("GET", "/v1/search?q=lung&page=2", {}, 422, "invalid_input"),
}


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(library.live(), settings=SETTINGS))


def check_shape(answer: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == status, body
    assert answer.headers["content-type"] == "application/json"
    assert list(body) == ["error", "request_id"]
    assert set(body["error"]) in ({"code", "message"}, {"code", "message", "details"})
    assert body["error"]["code"] == code
    assert len(body["error"]["message"]) > 5
    for detail in body["error"].get("details", []):
        assert list(detail) == ["field", "message"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize("name", FAILURES)
def test_every_refusal_has_the_shape(client: TestClient, name: str) -> None:
    method, path, rest, status, code = FAILURES[name]
    check_shape(client.request(method, path, **rest), status, code)


def test_a_wrong_method_hears_the_right_ones(client: TestClient) -> None:
    assert client.put("/v1/status").headers["allow"] == "GET"


# What is wrong with a search, the field that is named, and what is said of it.
AT_LEAST_1 = "Input should be greater than or equal to 1"
POLICIES = "Input should be 'exclude', 'label' or 'allow'"
FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "missing": ({}, "query", "this field is required"),
    "empty": ({"query": ""}, "query", "String should have at least 1 character"),
    "too long": ({"query": "a" * 10_001}, "query", "String should have at most 10000 characters"),
    "no text": ({"query": 7}, "query", "Input should be a valid string"),
    "unknown": ({**QUERY, "top_k": 5}, "top_k", "there is no such field"),
    "unknown filter": ({**QUERY, "filters": {"yaer": 1}}, "filters.yaer", "there is no such field"),
    "no hits": ({**QUERY, "limit": 0}, "limit", AT_LEAST_1),
    "too many hits": ({**QUERY, "limit": 1001}, "limit", "Input should be less than or equal to 1000"),
    "a word for a number": ({**QUERY, "limit": "5"}, "limit", "Input should be a valid integer"),
    "yes for a number": ({**QUERY, "limit": True}, "limit", "Input should be a valid integer"),
    "no year": ({**QUERY, "filters": {"year_from": -1}}, "filters.year_from", AT_LEAST_1),
    "no PMID": ({**QUERY, "filters": {"pmids": [1, "x"]}}, "filters.pmids.1", "Input should be a valid integer"),
    "no policy": ({**QUERY, "filters": {"integrity": 1}}, "filters.integrity", POLICIES),
    "no legs": ({**QUERY, "legs": []}, "legs", "List should have at least 1 item after validation, not 0"),
    "unknown leg": ({**QUERY, "legs": ["image"]}, "legs.0", "Input should be 'lexical' or 'dense'"),
    "unknown fusion": ({**QUERY, "fusion": "sum"}, "fusion", "Input should be 'minmax' or 'rrf'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_at_fault_is_named(library: Library, name: str) -> None:
    asked, field, message = FIELDS[name]
    client = TestClient(create_app(library.live(), settings=ApiSettings()))
    body = check_shape(client.post("/v1/search", json=asked), 422, "invalid_input")
    assert body["error"]["details"] == [{"field": field, "message": message}]
    assert body["error"]["message"] == f"{field}: {message}"


def test_of_many_fields_at_fault_twenty_are_named(client: TestClient) -> None:
    asked = QUERY | {f"field{n}": 1 for n in range(50)}
    body = check_shape(client.post("/v1/search", json=asked), 422, "invalid_input")
    assert len(body["error"]["details"]) == 20
    assert body["error"]["message"].endswith("; and 47 more")


def test_a_refusal_never_repeats_what_was_asked(client: TestClient) -> None:
    answer = client.post("/v1/search", json={"query": {"text": "a private matter"}, "limit": "a private matter"})
    assert "private" not in answer.text


# The tree of retrieval.errors, and what each of its errors becomes.
TREE: list[tuple[Callable[[], Exception], int, str]] = [
    (lambda: InputError("ask again"), 422, "invalid_input"),
    (lambda: MalformedFileError("a.xml", 1, 0, "cut"), 422, "malformed_file"),
    (lambda: RecordError("a.xml", "1", "no title"), 422, "rejected_record"),
    (lambda: ArticleNotFoundError("not here"), 404, "article_not_found"),
    (lambda: ConfigurationError(INTERNAL), 500, "configuration"),
    (lambda: SourceError(INTERNAL), 502, "source_failed"),
    (lambda: CatalogError(INTERNAL), 503, "catalog"),
    (lambda: GenerationError(INTERNAL), 503, "generation"),
    (lambda: NotPublishedError(INTERNAL), 503, "not_published"),
    (lambda: IncompatibleError(INTERNAL), 503, "incompatible_generation"),
    (lambda: VerificationError(INTERNAL), 503, "verification_failed"),
    (lambda: PathlitError(INTERNAL), 500, "internal"),
    (lambda: ValueError(INTERNAL), 500, "internal"),
    (lambda: RecursionError(INTERNAL), 500, "internal"),
]


@pytest.mark.parametrize(("make", "status", "code"), TREE, ids=[type(make()).__name__ for make, _, _ in TREE])
def test_every_error_of_the_tree_has_its_status_and_keeps_internals_to_itself(
    library: Library, make: Callable[[], Exception], status: int, code: str
) -> None:
    def fail() -> None:
        raise make()

    client = TestClient(create_app(library.live(fail), settings=SETTINGS))
    answer = client.post("/v1/search", json=QUERY)
    check_shape(answer, status, code)
    assert "secret" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


V1 = [("POST", "/v1/search"), ("GET", "/v1/search?q=lung"), ("GET", "/v1/articles/101"), ("GET", "/v1/status")]


@pytest.mark.parametrize(("method", "path"), V1)
def test_before_the_first_publish_there_is_nothing_to_ask(empty_library: Library, method: str, path: str) -> None:
    client = TestClient(create_app(empty_library.live(), settings=SETTINGS))
    answer = client.request(method, path, json=QUERY if method == "POST" else None)
    check_shape(answer, 503, "not_published")
    assert answer.headers["retry-after"] == "5"
    assert str(empty_library.home) not in answer.text


@pytest.mark.parametrize(("method", "path"), [*V1, ("GET", "/v1/nothing"), ("GET", "/nothing"), ("PUT", "/v1/search")])
def test_without_its_key_everything_is_closed(library: Library, method: str, path: str) -> None:
    settings = ApiSettings(api_keys=(SecretStr("0123456789abcdef"),))
    client = TestClient(create_app(library.live(), settings=settings))
    answer = client.request(method, path, json=QUERY if method == "POST" else None)
    check_shape(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_every_status_seen_here_is_declared_in_the_openapi_document(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    paths = app.openapi()["paths"]
    for method, path, _, status, _ in FAILURES.values():
        known = "/v1/articles/{id}" if path.startswith("/v1/articles/") else path.split("?")[0]
        if status != 405 and known in paths:
            declared = paths[known][method.lower()]["responses"]
            assert declared[str(status)]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorResponse")


def test_no_route_declares_the_frameworks_own_shape(client: TestClient) -> None:
    assert "HTTPValidationError" not in json.dumps(client.get("/openapi.json").json())
