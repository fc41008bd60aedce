"""The documentation teaches: every route, field and failure is described, and every example works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.errors import ErrorResponse


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


FILES = {"/v1/citations/export", "/v1/articles/{id}/citation"}
"""What answers with a file of one of many formats."""
PICTURES = {"/v1/image/overlay"}
"""What answers with a PNG."""


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_the_documentation_page_is_there(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert "/openapi.json" in answer.text


def test_every_operation_says_what_it_does_and_what_it_answers(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert len(operation["description"]) > 40, (method, path)
        assert "\n\n  " not in operation["description"]
        answers = operation["responses"]["200"]["content"]
        if path in PICTURES:
            assert list(answers) == ["image/png"], (method, path)
            continue
        if path in FILES:
            assert "application/json" not in answers, (method, path)
            continue
        success = answers["application/json"]["schema"]
        assert success["$ref"].startswith("#/components/schemas/Envelope_"), (method, path)


def test_every_failure_of_every_operation_has_the_one_shape_and_an_example_of_it(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        failures = {status: answer for status, answer in operation["responses"].items() if status != "200"}
        assert "500" in failures, (method, path)
        for answer in failures.values():
            content = answer["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/ErrorResponse"}
            ErrorResponse.model_validate(content["example"])


def test_every_field_of_a_request_is_described(document: dict[str, Any]) -> None:
    for name in ("SearchRequest", "SearchFilters"):
        for field, schema in document["components"]["schemas"][name]["properties"].items():
            assert schema.get("description"), (name, field)
    for path in ("/v1/search/image", "/v1/image/overlay", "/v1/search/slide"):
        for kind, body in document["paths"][path]["post"]["requestBody"]["content"].items():
            for field, schema in body["schema"]["properties"].items():
                assert schema.get("description") or "$ref" in schema, (path, kind, field)


def test_every_example_of_a_search_can_be_sent(client: TestClient, document: dict[str, Any]) -> None:
    examples = document["paths"]["/v1/search"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert len(examples) == 5
    for example in examples.values():
        assert client.post("/v1/search", json=example["value"]).status_code == 200


def test_the_answers_are_as_the_document_says(client: TestClient, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    hit = client.post("/v1/search", json={"query": "lung"}).json()["data"]["hits"][0]
    assert list(hit) == list(schemas["HitView"]["properties"]) == schemas["HitView"]["required"]
    article = client.get("/v1/articles/101").json()["data"]
    assert list(article) == list(schemas["ArticleResponse"]["properties"]) == schemas["ArticleResponse"]["required"]
