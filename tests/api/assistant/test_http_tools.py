"""The tools over plain HTTP: GET /v1/tools, POST /v1/tools/call and /v1/tools/invoke."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.assistant.tools import TOOLS
from api.schemas.chat import ChatRequest
from tests.api.assistant.fake_doors import SPAN, Script, assistant_app
from tests.api.assistant.test_tools import GOOD, IMAGE_TEXT
from tests.api.library import Library
from tests.api.test_envelope import check_envelope
from tests.api.test_error_shape import check_shape


def call(client: TestClient, name: str, arguments: Any) -> Any:
    return client.post("/v1/tools/call", json={"name": name, "arguments": arguments})


def invoked(client: TestClient, text: str, **fields: Any) -> Any:
    return client.post("/v1/tools/invoke", json={"text": text, **fields})


def test_the_tools_are_listed_as_functions(client: TestClient) -> None:
    answer = client.get("/v1/tools")
    check_envelope(answer, None)
    tools = answer.json()["data"]["tools"]
    assert [tool["function"]["name"] for tool in tools] == [tool.name for tool in TOOLS]
    assert {tool["type"] for tool in tools} == {"function"}
    assert set(tools[0]["function"]) == {"name", "description", "parameters"}


@pytest.mark.parametrize("name", GOOD)
def test_every_tool_is_called(client: TestClient, name: str) -> None:
    answer = call(client, name, GOOD[name])
    check_envelope(answer, "000001")
    assert set(answer.json()["data"]) == {"name", "result", "text"}


def test_arguments_may_come_as_a_model_wrote_them(client: TestClient) -> None:
    as_text = call(client, "get_article", json.dumps({"id": "101"}))
    assert as_text.json()["data"] == call(client, "get_article", {"id": "101"}).json()["data"]


@pytest.mark.parametrize(
    ("name", "arguments", "status", "code"),
    [
        ("shell", {}, 422, "invalid_input"),
        ("get_article", {}, 422, "invalid_input"),
        ("get_article", '{"id": ', 422, "invalid_input"),
        ("get_article", "[1]", 422, "invalid_input"),
        ("get_article", {"id": "999"}, 404, "article_not_found"),
        ("search_by_image", {"image_base64": "bm9uZQ=="}, 422, "unusable_image"),
    ],
)
def test_a_failed_call_has_the_one_shape(client: TestClient, name: str, arguments: Any, status: int, code: str) -> None:
    check_shape(call(client, name, arguments), status, code)


def test_an_accident_is_told_without_its_words_and_logged_without_what_was_asked(
    library: Library, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    script.failure = ValueError("patient Doe")
    caplog.set_level(logging.DEBUG)
    with TestClient(assistant_app(library, script), raise_server_exceptions=False) as client:
        check_shape(call(client, "verify_claim", {"claim": "Doe has it", "ids": ["101"]}), 500, "internal")
        said = invoked(client, 'Invoking verify_claim {"claim": "Doe has it", "ids": ["101"]}').text
    assert said.startswith("> Error of verify_claim:\n> The server failed")
    assert "Doe" not in said
    assert "ValueError" in caplog.text
    assert "Doe" not in caplog.text


def test_a_text_calls_tools_and_gets_plain_text(client: TestClient) -> None:
    answer = invoked(client, "First.\nInvoking get_article: 101\nInvoking shell: rm\nInvoking get_article: 999")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["x-pathlit-calls"] == "3"
    assert answer.text.startswith("> Result of get_article:\n> pmid:101: Smith JA.")
    assert SPAN in answer.text
    assert "> Error of shell:\n> there is no tool of this name" in answer.text
    assert "> Error of get_article:\n> '999' is not in generation 000001" in answer.text


def test_a_text_may_come_with_the_image_that_it_is_about(client: TestClient) -> None:
    said = invoked(client, "Invoking Image Retrieval: what is this?", image_base64=IMAGE_TEXT).text
    assert "> The image may show: lung adenocarcinoma" in said
    assert "image_base64: this argument is required" in invoked(client, "Invoking Image Retrieval: what is this?").text


def test_a_text_without_calls_says_so(client: TestClient) -> None:
    answer = invoked(client, "> Invoking answer: quoted")
    assert answer.headers["x-pathlit-calls"] == "0"
    assert answer.text.startswith("Nothing is invoked in this text")


def test_what_is_no_text_is_refused(client: TestClient) -> None:
    check_shape(invoked(client, "x" * 50_001), 422, "invalid_input")
    check_shape(client.post("/v1/tools/invoke", json={}), 422, "invalid_input")


def test_keys_close_all_of_it(library: Library, script: Script) -> None:
    app = assistant_app(library, script, api_keys=("0123456789abcdef",))
    with TestClient(app) as client:
        for method, path in (("GET", "/v1/tools"), ("POST", "/v1/tools/call"), ("POST", "/v1/tools/invoke")):
            check_shape(client.request(method, path), 401, "unauthorized")
        check_shape(client.post("/mcp", json={}), 401, "unauthorized")
        assert client.get("/v1/tools", headers={"X-API-Key": "0123456789abcdef"}).status_code == 200


DOORS = ("/v1/tools", "/v1/tools/call", "/v1/tools/invoke", "/v1/chat/completions", "/v1/models", "/v1/models/{id}")


def test_the_document_of_the_api_describes_every_door_and_its_failures(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path in DOORS:
        ((_, operation),) = document["paths"][path].items()
        assert operation["summary"]
        assert len(operation["description"]) > 40
        assert operation["responses"]["200"]["content"]
        shape = "ChatErrorResponse" if "chat" in path or "models" in path else "ErrorResponse"
        for status, answer in operation["responses"].items():
            if status not in ("200", "422"):
                assert answer["content"]["application/json"]["schema"]["$ref"].endswith(f"/{shape}"), (path, status)


def test_every_field_of_a_request_is_described(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    without_effect = {name for name, field in ChatRequest.model_fields.items() if field.annotation is Any}
    for name in ("ToolCallRequest", "InvokeRequest", "ChatRequest", "PathlitOptions"):
        for field, schema in schemas[name]["properties"].items():
            assert schema.get("description") or field in without_effect or "$ref" in json.dumps(schema), (name, field)
