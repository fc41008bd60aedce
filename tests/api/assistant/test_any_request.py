"""Whatever is sent to the assistant's doors, the answer is a success or a refusal in its shape, never a failure."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.api.assistant.test_chat import CHAT, user
from tests.api.assistant.test_tools import GOOD
from tests.api.test_fuzz import anything

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
texts = st.text(max_size=30) | st.sampled_from(["p40", '"', "Invoking answer: x", "\x00", "\ud800", "title:", "-"])
parts = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image_url", "x"])}, optional={"text": texts, "image_url": anything}
)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "system", "assistant", "tool"])},
        optional={"content": texts | st.lists(parts, max_size=3) | anything},
    ),
    max_size=4,
)


def post(client: TestClient, path: str, body: Any) -> Any:
    # As clients in other languages may write it: lone surrogates and control characters escaped.
    return client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})


@few
@given(messages, st.booleans() | anything, anything)
def test_any_chat(client: TestClient, conversation: Any, stream: Any, more: Any) -> None:
    extra = more if isinstance(more, dict) else {"temperature": more}
    for asked in (conversation, [*conversation, user("p40?")]):
        response = post(client, CHAT, {"model": "pathlit", "messages": asked, "stream": stream, **extra})
        assert response.status_code < 500, response.text
        if response.status_code >= 400:
            assert list(response.json()["error"]) == ["message", "type", "param", "code"]


@few
@given(
    st.sampled_from(list(GOOD)), anything, st.sampled_from(["query", "id", "text", "claim", "question", "ids", "limit"])
)
def test_any_call(client: TestClient, name: str, value: Any, argument: str) -> None:
    for arguments in ({argument: value}, {**GOOD[name], argument: value}, value):
        response = post(client, "/v1/tools/call", {"name": name, "arguments": arguments})
        assert response.status_code < 500, response.text
        assert set(response.json()) in ({"data", "meta"}, {"error", "request_id"})


@few
@given(
    texts,
    st.lists(st.sampled_from(["Invoking ", "cite", "answer", ": ", "{", "}", "\n", '"']), max_size=12).map("".join),
)
def test_any_text(client: TestClient, some: str, calls: str) -> None:
    assert post(client, "/v1/tools/invoke", {"text": calls + some}).status_code < 500


@few
@given(anything)
def test_any_message_of_mcp(client: TestClient, message: Any) -> None:
    accept = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    for body in (message, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": message}):
        assert client.post("/mcp", content=json.dumps(body), headers=accept).status_code < 500
