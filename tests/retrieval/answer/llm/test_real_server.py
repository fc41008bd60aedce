"""The client of language models against a real server with a real, tiny model."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from retrieval.answer.llm.language_model import LanguageModelError, Message
from retrieval.answer.llm.openai_client import OpenAIModel
from retrieval.answer.records import IncidentKind
from tests.servers.tiny_llm import RAMBLER, RECITER, SENTENCE, TinyServer

pytestmark = [pytest.mark.server, pytest.mark.slow]

MESSAGES = [Message("system", "You answer."), Message("user", "What predicts nodal spread?")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyServer]:
    with TinyServer(tmp_path_factory.mktemp("tiny")) as server:
        yield server


def test_a_reply_comes_whole_and_in_pieces(server: TinyServer) -> None:
    pieces = list(OpenAIModel(server.url, RECITER).stream(MESSAGES, max_tokens=64))
    assert len(pieces) > 1
    assert "".join(map(str, pieces)).split() == SENTENCE.split()


def test_a_reply_that_is_not_streamed_is_the_same(server: TinyServer) -> None:
    model = OpenAIModel(server.url, RECITER)
    model._refused = frozenset({"stream"})  # as after a refusal
    pieces = list(model.stream(MESSAGES, max_tokens=64))
    assert len(pieces) == 1
    assert str(pieces[0]).split() == SENTENCE.split()


def test_the_bound_on_tokens_is_kept(server: TinyServer) -> None:
    said: list[object] = []
    with pytest.raises(LanguageModelError) as caught:
        said.extend(OpenAIModel(server.url, RAMBLER).stream(MESSAGES, max_tokens=15))
    assert caught.value.kind is IncidentKind.TOO_LONG


def test_a_server_that_lists_its_models_without_a_context_has_4096(server: TinyServer) -> None:
    assert OpenAIModel(server.url, RECITER).context_tokens == 4096


def test_an_unknown_model_is_unavailable(server: TinyServer) -> None:
    with pytest.raises(LanguageModelError) as caught:
        list(OpenAIModel(server.url, "tests/nobody", max_retries=0).stream(MESSAGES, max_tokens=15))
    assert caught.value.kind is IncidentKind.UNAVAILABLE


def test_a_closed_reply_stops_the_work(server: TinyServer) -> None:
    pieces = OpenAIModel(server.url, RAMBLER).stream(MESSAGES, max_tokens=3500)
    assert next(pieces)
    assert is_at_work(server)
    pieces.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while is_at_work(server):
        assert time.monotonic() < deadline, "the server goes on generating"


def is_at_work(server: TinyServer) -> bool:
    """Whether the server's processor time grows, over a fifth of a second."""
    before = server.busy_seconds()
    time.sleep(0.2)
    return server.busy_seconds() - before > 0.02
