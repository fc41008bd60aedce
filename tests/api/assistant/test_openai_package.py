"""The openai package, unchanged, against a real server."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import time
from collections.abc import Iterator

import openai
import pytest

from tests.api.assistant.fake_doors import IMAGE, QUESTION, SPAN, Script, assistant_app
from tests.api.assistant.serving import served
from tests.api.library import Library

pytestmark = pytest.mark.server
KEY = "0123456789abcdef"


@pytest.fixture(scope="module")
def _one(library: Library) -> Iterator[tuple[Script, str]]:
    script = Script()
    with served(assistant_app(library, script, waiting=0, api_keys=(KEY,))) as address:
        yield script, address


@pytest.fixture
def script(_one: tuple[Script, str]) -> Script:
    _one[0].begin()
    return _one[0]


@pytest.fixture
def address(_one: tuple[Script, str]) -> str:
    return _one[1]


@pytest.fixture
def client(script: Script, address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0, timeout=20) as client:
        yield client


def test_a_whole_completion(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="pathlit", messages=[{"role": "user", "content": QUESTION}])
    (choice,) = answer.choices
    assert choice.finish_reason == "stop"
    assert choice.message.content is not None
    assert choice.message.content.startswith(f"{SPAN} [1]")
    assert choice.message.model_extra is not None
    assert choice.message.model_extra["citations"][0]["pmid"] == 101
    assert choice.message.annotations is not None
    assert choice.message.annotations[0].url_citation.url == "https://pubmed.ncbi.nlm.nih.gov/101/"
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    assert answer.model_extra is not None
    assert answer.model_extra["pathlit"]["sentences"][0]["verdict"] == "supported"


def test_a_stream_brings_each_sentence_once_it_is_verified(client: openai.OpenAI, script: Script) -> None:
    script.hold.clear()
    pieces = []
    with client.chat.completions.create(
        model="pathlit",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        for chunk in stream:
            if chunk.choices and (piece := chunk.choices[0].delta.content):
                pieces.append(piece)
                # The first sentence is here while the second one is still being worked on.
                script.hold.set()
            last = chunk
    assert pieces[0] == f"{SPAN} [1]"
    assert pieces[1] == " p40 is a marker of squamous cells. [1] (partly supported)"
    assert "References\n1. Smith JA." in pieces[-1]
    assert last.usage is not None


def test_the_packages_own_assembly_of_a_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="pathlit", messages=[{"role": "user", "content": QUESTION}]) as stream:
        answer = stream.get_final_completion()
    assert answer.choices[0].finish_reason == "stop"
    assert "References" in (answer.choices[0].message.content or "")


def test_an_image_goes_along(client: openai.OpenAI, script: Script) -> None:
    url = f"data:image/png;base64,{base64.b64encode(IMAGE).decode()}"
    client.chat.completions.create(
        model="pathlit",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        ],
    )
    assert script.asked[-1][1] == IMAGE


def test_errors_are_the_packages_own(client: openai.OpenAI, address: str) -> None:
    question: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="pathlit", messages=question, n=3)
    assert (refused.value.param, refused.value.type) == ("n", "invalid_request_error")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-4o", messages=question)
    with (
        openai.OpenAI(base_url=f"{address}/v1", api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError, match="needs an API key"),
    ):
        stranger.models.list()


def test_an_accident_in_a_stream_is_raised_by_the_package(client: openai.OpenAI, script: Script) -> None:
    script.failure = ValueError("an accident")
    with (
        client.chat.completions.create(
            model="pathlit", messages=[{"role": "user", "content": QUESTION}], stream=True
        ) as stream,
        pytest.raises(openai.APIError, match="The server failed on this request"),
    ):
        list(stream)


def test_the_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["pathlit"]
    assert client.models.retrieve("pathlit").owned_by == "pathlit"


@pytest.mark.parametrize("stream", [False, True])
def test_whoever_hangs_up_ends_the_work(
    script: Script, address: str, client: openai.OpenAI, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script.hold.clear()
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    body = {"model": "pathlit", "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    connection.request(
        "POST",
        "/v1/chat/completions",
        json.dumps(body),
        {"content-type": "application/json", "authorization": f"Bearer {KEY}"},
    )
    deadline = time.monotonic() + 10
    while not script.asked and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not script.closed.is_set()
    connection.close()
    time.sleep(0.3)
    script.hold.set()
    assert script.closed.wait(10)
    # Its place is free again, and nothing of the accident is left behind.
    for _ in range(3):
        assert client.chat.completions.create(model="pathlit", messages=[{"role": "user", "content": "Again?"}])
    assert "Traceback" not in caplog.text


def test_where_too_many_wait_the_next_one_is_told_to_come_back(
    script: Script, address: str, client: openai.OpenAI
) -> None:
    script.hold.clear()
    held = []
    for _ in range(2):
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
        body = {"model": "pathlit", "messages": [{"role": "user", "content": QUESTION}]}
        headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        held.append(connection)
    deadline = time.monotonic() + 10
    while len(script.asked) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(openai.InternalServerError, match="Too many requests wait already"):
        client.chat.completions.create(model="pathlit", messages=[{"role": "user", "content": QUESTION}])
    script.hold.set()
    for connection in held:
        assert connection.getresponse().status == 200
        connection.close()
