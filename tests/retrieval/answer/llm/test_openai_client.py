"""The client of language models against a server that does everything right, and everything wrong."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr

from retrieval.answer.llm.language_model import LanguageModel, LanguageModelError, Message, ToolCall
from retrieval.answer.llm.openai_client import OpenAIModel
from retrieval.answer.records import IncidentKind
from tests.servers.chat import Asked, Reply, ScriptedChat

KEY = "sk-Very-Secret-0123456789"
QUESTION = "Does the patient named Zebedee have a glioma?"
MESSAGES = [Message("system", "You answer."), Message("user", QUESTION)]
TOOL = {"type": "function", "function": {"name": "count_nuclei", "parameters": {"type": "object"}}}


def model(chat: ScriptedChat, **settings: Any) -> OpenAIModel:
    arguments = {"api_key": SecretStr(KEY), "timeout": 5.0, "max_retries": 0, **settings}
    return OpenAIModel(chat.url, "scripted", **arguments)


def read(
    of: LanguageModel, *, max_tokens: int = 200, tools: Sequence[dict[str, Any]] = (), messages: Any = MESSAGES
) -> tuple[str, list[ToolCall], LanguageModelError | None]:
    """The text, the calls, and the error that ended the reply."""
    text, calls = "", []
    try:
        for piece in of.stream(messages, max_tokens=max_tokens, tools=tools):
            if isinstance(piece, str):
                text += piece
            else:
                calls.append(piece)
    except LanguageModelError as exc:
        assert_discreet(exc)
        return text, calls, exc
    return text, calls, None


def assert_discreet(exc: BaseException) -> None:
    """Neither key nor question in what may be printed or logged of an error."""
    printed = "".join(traceback.format_exception(exc)) + str(exc) + repr(exc)
    assert KEY not in printed
    assert "Zebedee" not in printed


# --- What it asks ---------------------------------------------------------------------------------------------------


def test_nothing_is_contacted_before_the_first_use() -> None:
    built = OpenAIModel("http://203.0.113.1:9/v1", "m", api_key=SecretStr(KEY))
    assert built.id == "m at 203.0.113.1:9"
    assert KEY not in repr(built)


def test_the_id_holds_neither_key_nor_name_nor_password() -> None:
    built = OpenAIModel("http://user:pass@llm.example.org:8000/v1", "m", api_key=SecretStr(KEY))
    assert built.id == "m at llm.example.org:8000"


def test_a_question_is_sent_greedy_seeded_and_with_its_key(chat_server: ScriptedChat) -> None:
    chat_server.says("Yes.")
    assert read(model(chat_server))[0] == "Yes."
    asked = chat_server.requests[0]
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["messages"] == [
        {"role": "system", "content": "You answer."},
        {"role": "user", "content": QUESTION},
    ]
    assert (asked.body["model"], asked.body["temperature"], asked.body["stream"]) == ("scripted", 0, True)
    assert isinstance(asked.body["seed"], int)
    assert asked.body["max_tokens"] == 200
    assert "tools" not in asked.body


def test_the_environment_of_another_server_is_not_sent_along(
    chat_server: ScriptedChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-someone-else")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-of-an-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://203.0.113.1:9/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-custom")
    chat_server.will(Reply(["Yes."]), Reply(["Yes."]))
    assert read(model(chat_server, api_key=None))[0] == "Yes."
    assert read(model(chat_server))[0] == "Yes."
    without, with_key = (asked.headers for asked in chat_server.requests)
    assert "authorization" not in without
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert not [name for name in (*without, *with_key) if name.startswith("openai-")]


def test_calls_and_their_results_are_sent_in_the_form_of_the_api(chat_server: ScriptedChat) -> None:
    chat_server.says("Twelve.")
    call = ToolCall("c1", "count_nuclei", '{"region": 1}')
    read(
        model(chat_server),
        messages=[*MESSAGES, Message("assistant", "", (call,)), Message("tool", "12", tool_call_id="c1")],
    )
    assistant, tool = chat_server.requests[0].body["messages"][2:]
    function = {"name": "count_nuclei", "arguments": '{"region": 1}'}
    assert assistant["tool_calls"] == [{"id": "c1", "type": "function", "function": function}]
    assert tool == {"role": "tool", "content": "12", "tool_call_id": "c1"}


def test_text_that_no_json_can_hold_is_sent_all_the_same(chat_server: ScriptedChat) -> None:
    chat_server.says("Yes.")
    assert read(model(chat_server), messages=[Message("user", "half \ud83d a pair")])[2] is None
    assert chat_server.requests[0].text == "half ? a pair"


# --- The reply ------------------------------------------------------------------------------------------------------


def test_pieces_come_as_the_server_sends_them(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["Budding ", "predicts ", "spread."], stall=True))
    pieces = model(chat_server).stream(MESSAGES, max_tokens=50)
    assert [next(pieces) for _ in range(3)] == ["Budding ", "predicts ", "spread."]
    pieces.close()  # type: ignore[attr-defined]


def test_a_server_that_does_not_stream_is_read_all_the_same(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["All ", "at once."], calls=[("count_nuclei", "{}")], streams=False))
    text, calls, error = read(model(chat_server))
    assert (text, [call.name for call in calls], error) == ("All at once.", ["count_nuclei"], None)


def test_a_completion_in_one_piece_needs_no_finish_reason(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["All at once."], streams=False, finish=None))
    assert read(model(chat_server)) == ("All at once.", [], None)


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "Text/Event-Stream; charset=utf-8"])
def test_a_stream_under_another_name_is_read_all_the_same(chat_server: ScriptedChat, content_type: str) -> None:
    chat_server.will(Reply(["Yes."], content_type=content_type))
    assert read(model(chat_server)) == ("Yes.", [], None)


def test_tool_calls_are_put_together_by_index(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["Let me see."], calls=[("count_nuclei", '{"region": 1}'), ("grade", '{"scale": "WHO"}')]))
    text, calls, error = read(model(chat_server), tools=[TOOL])
    assert text == "Let me see."
    assert [(c.id, c.name, c.arguments) for c in calls] == [
        ("call_count_nuclei_0", "count_nuclei", '{"region": 1}'),
        ("call_grade_1", "grade", '{"scale": "WHO"}'),
    ]
    assert error is None
    assert chat_server.requests[0].body["tools"] == [TOOL]


def test_calls_of_servers_that_number_them_badly_stay_apart(chat_server: ScriptedChat) -> None:
    def part(**call: Any) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}

    same_index = [part(index=0, id=name, function={"name": name, "arguments": "{}"}) for name in ("a", "b")]
    no_index = [part(id=name, function={"name": name, "arguments": {"x": 1}}) for name in ("c", "d")]
    chat_server.will(Reply(chunks=same_index), Reply(chunks=no_index))
    assert [(c.name, c.arguments) for c in read(model(chat_server))[1]] == [("a", "{}"), ("b", "{}")]
    assert [(c.name, c.arguments) for c in read(model(chat_server))[1]] == [("c", '{"x": 1}'), ("d", '{"x": 1}')]


def test_calls_of_a_reply_that_failed_are_not_passed_on(chat_server: ScriptedChat) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"name": "half"}}]}}]}
    chat_server.will(Reply(["Text. "], chunks=[chunk], drop=True))
    text, calls, error = read(model(chat_server))
    assert (text, calls, error and error.kind) == ("Text. ", [], IncidentKind.DROPPED)


def test_thoughts_are_dropped_however_they_come(chat_server: ScriptedChat) -> None:
    chat_server.will(
        Reply(["Yes."], thoughts=["Hm, ", "let me think."]),
        Reply(["<thi", "nk>Hm, [K7Q] <b", "></thin", "k>\n\nYes", ", p < 0.05", ".", " <"]),
        Reply(chunks=[{"choices": [{"delta": {"content": [{"type": "thinking"}, {"type": "text", "text": "Y"}]}}]}]),
    )
    assert read(model(chat_server))[0] == "Yes."
    assert read(model(chat_server))[0] == "Yes, p < 0.05. <"
    assert read(model(chat_server))[0] == "Y"


def test_what_follows_a_stop_token_is_not_read(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["Yes.<|im_", "end|>\n<|im_start|>user\n", "And now something else "], endless=True))
    assert read(model(chat_server)) == ("Yes.", [], None)
    assert chat_server.requests[0].gone.wait(5)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["```", "markdown\nYes", ".\n``", "`"], "Yes."),
        (["```\nYes.\n```\n\n"], "Yes."),
        (["```text\nYes.\n", "No.\n```", "\nMore", " of it."], "Yes.\nNo.\nMore of it."),
        (["  `p53` is a gene."], "`p53` is a gene."),
        (["Code:\n```\nx\n```"], "Code:\n```\nx\n```"),
        (["``", "` is a fence"], "``` is a fence"),
        (["Yes.\n`", "``\n", "\n"], "Yes.\n"),
        (["A `", "b", "` c `d`"], "A `b` c `d`"),
        (["Bell\x07 and half \ud800 a pair"], "Bell and half  a pair"),
    ],
)
def test_a_fence_around_the_whole_and_what_cannot_be_printed_is_dropped(
    chat_server: ScriptedChat, pieces: list[str], text: str
) -> None:
    chat_server.says(*pieces)
    assert read(model(chat_server))[0] == text


def test_usage_alternatives_comments_and_unknown_fields_are_passed_over(chat_server: ScriptedChat) -> None:
    chat_server.will(
        Reply(
            ["Yes."],
            chunks=[
                {"choices": []},
                {"choices": None, "usage": {"total_tokens": 3}},
                {"choices": [{"index": 1, "delta": {"content": "another"}, "finish_reason": "length"}]},
                {"object": "ping"},
                {"choices": [{"index": 0, "delta": None, "logprobs": None}]},
            ],
        )
    )
    assert read(model(chat_server)) == ("Yes.", [], None)


def test_a_stream_may_end_with_done_alone_or_with_a_finish_reason_alone(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["Yes."], finish=None), Reply(["Yes."], done=False))
    assert read(model(chat_server)) == ("Yes.", [], None)
    assert read(model(chat_server)) == ("Yes.", [], None)


# --- What goes wrong ------------------------------------------------------------------------------------------------

EVENT = b'{"choices": [{"index": 0, "delta": {"content": "More."}}]}'

BAD: dict[str, tuple[Reply, str, IncidentKind]] = {
    "a drop in the middle": (Reply(["Half a sen"], drop=True), "Half a sen", IncidentKind.DROPPED),
    "an end without a mark": (Reply(["Half."], finish=None, done=False), "Half.", IncidentKind.DROPPED),
    "a worker that was stopped": (Reply(["Half."], finish="abort"), "Half.", IncidentKind.DROPPED),
    "an error after text": (Reply(["Half."], chunks=[{"error": {"message": QUESTION}}]), "Half.", IncidentKind.DROPPED),
    "an error at once": (Reply(chunks=[{"error": "CUDA out of memory"}]), "", IncidentKind.UNAVAILABLE),
    "garbage in a chunk": (Reply(["So. "], chunks=[b'{"choices": [{"del']), "So. ", IncidentKind.MALFORMED),
    "a chunk of another shape": (Reply(["So. "], chunks=[b'{"choices": 7}']), "So. ", IncidentKind.MALFORMED),
    "a chunk that is a list": (Reply(["So. "], chunks=[b"[1, 2]"]), "So. ", IncidentKind.MALFORMED),
    "text that is a number": (Reply(chunks=[{"choices": [{"delta": {"content": 7}}]}]), "", IncidentKind.MALFORMED),
    "nested without end": (Reply(["So. "], chunks=[b"[" * 100_000]), "So. ", IncidentKind.MALFORMED),
    "no UTF-8": (Reply(["So. "], chunks=[EVENT.replace(b"M", b"\xff\xfe")]), "So. ", IncidentKind.MALFORMED),
    "no JSON at all": (Reply(body=b'{"choices": [', content_type="application/json"), "", IncidentKind.MALFORMED),
    "plain words": (Reply(body=b"Hello.", content_type="text/plain"), "", IncidentKind.DROPPED),
    "a false gzip": (Reply(body=b"{}", headers={"Content-Encoding": "gzip"}), "", IncidentKind.DROPPED),
    "an error with status 200": (Reply(body={"error": {"message": QUESTION}}), "", IncidentKind.UNAVAILABLE),
    "nothing": (Reply([]), "", IncidentKind.MALFORMED),
    "blanks": (Reply([" \n ", " "]), "", IncidentKind.MALFORMED),
    "thoughts alone": (Reply(["<think>Hm, hm", ", hm."]), "", IncidentKind.MALFORMED),
    "33 calls": (Reply(calls=[("a", "{}")] * 33), "", IncidentKind.MALFORMED),
    "a refusal": (Reply(refusal="I cannot."), "", IncidentKind.REFUSED),
    "a filter": (Reply(["Half."], finish="content_filter"), "Half.", IncidentKind.REFUSED),
    "a filter before": (Reply.error(400, "The prompt", code="content_filter"), "", IncidentKind.REFUSED),
    "max_tokens": (Reply(["Half."], finish="length"), "Half.", IncidentKind.TOO_LONG),
    "a web page": (Reply(body="<!doctype html><title>Welcome"), "", IncidentKind.UNAVAILABLE),
    "a refused key": (Reply.error(401, f"Incorrect API key: {KEY}"), "", IncidentKind.UNAVAILABLE),
    "no such model": (Reply.error(404, "no model", code="model_not_found"), "", IncidentKind.UNAVAILABLE),
    "too many requests": (Reply.error(429, "slow down"), "", IncidentKind.UNAVAILABLE),
    "a broken server": (Reply(status=500, body="<h1>Server error</h1>"), "", IncidentKind.UNAVAILABLE),
    "a loading model": (Reply.error(503, "loading model"), "", IncidentKind.UNAVAILABLE),
    "another bad request": (Reply.error(400, f"no role in {QUESTION}"), "", IncidentKind.UNAVAILABLE),
    "a small context": (Reply.error(400, "exceeds the available context size"), "", IncidentKind.UNAVAILABLE),
}


@pytest.mark.parametrize("what", BAD)
def test_a_failure_keeps_what_was_said_and_has_its_kind(chat_server: ScriptedChat, what: str) -> None:
    reply, text, kind = BAD[what]
    chat_server.will(reply)
    said, calls, error = read(model(chat_server))
    assert error is not None
    assert (said, calls, error.kind) == (text, [], kind)
    assert chat_server.host in str(error)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply.error(401, "x"), "check the API key"),
        (Reply.error(404, "x", code="model_not_found"), "HTTP 404 (model_not_found): it knows no such model or path"),
        (Reply.error(429, "x"), "quota"),
        (Reply.error(400, "maximum context length is 512"), "set the model's context size"),
        (Reply(body="<html>"), "base URL"),
        (Reply(["x"], thoughts=["Hm."] * 9, finish="length"), "choose a model that does not reason aloud"),
    ],
)
def test_a_message_says_what_to_do(chat_server: ScriptedChat, reply: Reply, says: str) -> None:
    chat_server.will(reply)
    assert says in str(read(model(chat_server))[2])


def test_a_server_that_is_not_there_is_unavailable(chat_server: ScriptedChat) -> None:
    with ScriptedChat() as gone:
        nobody = model(gone, context_tokens=4096)
    error = read(nobody)[2]
    assert error is not None
    assert (error.kind, "cannot be reached" in str(error)) == (IncidentKind.UNAVAILABLE, True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://host/v1",
        "http:///v1",
        "http://user:sk@127.0.0.1:1/v1",
        "http://127.0.0.1:1/v1?key=sk",
        "http://[::1/v1",
    ],
)
def test_an_address_that_is_none_is_unavailable(url: str) -> None:
    built = OpenAIModel(url, "m")
    assert "sk" not in built.id
    assert built.context_tokens == 4096
    error = read(built)[2]
    assert error is not None
    assert (error.kind, "base URL" in str(error), "sk" in str(error).split()) == (IncidentKind.UNAVAILABLE, True, False)


@pytest.mark.parametrize("key", ["with\nnewline", "ключ"])
def test_a_key_that_no_header_can_hold_is_unavailable(chat_server: ScriptedChat, key: str) -> None:
    error = read(model(chat_server, api_key=SecretStr(key)))[2]
    assert error is not None
    assert error.kind is IncidentKind.UNAVAILABLE
    assert key not in "".join(traceback.format_exception(error))


def test_a_redirect_is_not_followed_with_key_and_question(chat_server: ScriptedChat) -> None:
    with ScriptedChat() as other:
        chat_server.will(Reply(status=307, headers={"Location": f"{other.url}/chat/completions"}, body={}))
        error = read(model(chat_server))[2]
        assert error is not None
        assert (error.kind, "another address" in str(error)) == (IncidentKind.UNAVAILABLE, True)
        assert other.requests == []


def test_nothing_secret_is_logged(chat_server: ScriptedChat, caplog: pytest.LogCaptureFixture) -> None:
    chat_server.will(Reply(["Zebedee has none."]), Reply.error(401, KEY), Reply(["Half"], drop=True))
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            read(model(chat_server))
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert KEY not in logged
    assert "Zebedee" not in logged


# --- Bounds ---------------------------------------------------------------------------------------------------------


def test_a_silent_server_is_left_after_the_timeout(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["Half a sen"], stall=True), Reply(["late"], wait=30))
    text, _, error = read(model(chat_server, timeout=0.3))
    assert (text, error and error.kind) == ("Half a sen", IncidentKind.DROPPED)
    assert "fell silent" in str(error)
    _, _, error = read(model(chat_server, timeout=0.3, max_retries=3))
    assert error is not None
    assert error.kind is IncidentKind.UNAVAILABLE
    assert len(chat_server.requests) == 2  # a server at work on a question does not get it again
    assert all(asked.gone.wait(5) for asked in chat_server.requests)


def test_endless_output_is_cut_by_characters(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["and so on "], endless=True))
    text, _, error = read(model(chat_server), max_tokens=50)
    assert error is not None
    assert error.kind is IncidentKind.TOO_LONG
    assert len(text) == 50 * 16
    assert chat_server.requests[0].gone.wait(5)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(["slowly "], endless=True, delay=0.05),
        Reply(["Half. "], keep_alive=0.05),
        Reply(["<think>", *["hm "] * 5], endless=True, delay=0.02),
    ],
)
def test_endless_output_is_cut_by_time(chat_server: ScriptedChat, reply: Reply) -> None:
    chat_server.will(reply)
    start = time.monotonic()
    error = read(model(chat_server, longest=0.4), max_tokens=1000)[2]
    assert error is not None
    assert error.kind is IncidentKind.TOO_LONG
    assert 0.4 <= time.monotonic() - start < 3
    assert chat_server.requests[0].gone.wait(5)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(["So. "], chunks=[b"x" * (3 << 20)]),
        Reply(body=b"{" + b" " * (3 << 20)),
        Reply(status=400, body=b"x" * (3 << 20)),
        Reply(["So. "], chunks=[b'{"choices": []}'] * 60_000),
    ],
)
def test_endless_bytes_are_cut_wherever_they_come(chat_server: ScriptedChat, reply: Reply) -> None:
    chat_server.will(reply)
    error = read(model(chat_server), max_tokens=50)[2]
    assert error is not None
    assert error.kind is IncidentKind.TOO_LONG


def test_of_one_piece_that_is_too_long_the_beginning_is_kept(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["word " * 10_000], streams=False))
    text, _, error = read(model(chat_server), max_tokens=50)
    assert (len(text), error and error.kind) == (50 * 16, IncidentKind.TOO_LONG)


def test_the_time_that_its_reader_takes_does_not_count(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["one ", "two ", "three"]))
    text = ""
    for piece in model(chat_server, longest=0.5).stream(MESSAGES, max_tokens=50):
        text += str(piece)
        time.sleep(0.3)
    assert text == "one two three"


def test_closing_the_iterator_closes_the_connection(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply(["and so on "], endless=True, delay=0.01))
    pieces = model(chat_server).stream(MESSAGES, max_tokens=5000)
    assert next(pieces) == "and so on "
    assert not chat_server.requests[0].gone.is_set()
    pieces.close()  # type: ignore[attr-defined]
    assert chat_server.requests[0].gone.wait(5)


def test_many_threads_share_a_model(chat_server: ScriptedChat) -> None:
    def echo(asked: Asked) -> Reply:
        return Reply([asked.body["messages"][-1]["content"], "!"], delay=0.01)

    chat_server.otherwise = echo
    shared = model(chat_server)
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda n: read(shared, messages=[Message("user", f"number {n}")])[0], range(40)))
    assert texts == [f"number {n}!" for n in range(40)]
    assert len(chat_server.others) == 1  # the context size, asked once


def test_an_iterator_may_be_continued_by_another_thread(chat_server: ScriptedChat) -> None:
    chat_server.says("one ", "two ", "three")
    pieces, found = model(chat_server).stream(MESSAGES, max_tokens=50), []
    for _ in range(3):
        thread = threading.Thread(target=lambda: found.append(next(pieces)))
        thread.start()
        thread.join()
    assert found == ["one ", "two ", "three"]
    assert list(pieces) == []


# --- Servers that take less -----------------------------------------------------------------------------------------


ALL = {"max_tokens", "temperature", "seed", "stream", "tools"}


def picky(*rejected: tuple[str, Reply]) -> Callable[[Asked], Reply]:
    """Refuses requests with the first of these parameters that they have."""

    def answer(asked: Asked) -> Reply:
        return next((reply for name, reply in rejected if name in asked.body), Reply(["Yes."]))

    return answer


@pytest.mark.parametrize(
    ("rejected", "left"),
    [
        (
            [
                (
                    "max_tokens",
                    Reply.error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
                )
            ],
            {"max_completion_tokens", "temperature", "seed", "stream", "tools"},
        ),
        (
            [
                ("temperature", Reply.error(400, "Only the default (1) is supported", param="temperature")),
                ("seed", Reply.error(422, "Extra inputs are not permitted: seed")),
            ],
            {"max_tokens", "stream", "tools"},
        ),
        (
            [("tools", Reply.error(400, "registry/m does not support tools"))],
            {"max_tokens", "temperature", "seed", "stream"},
        ),
        (
            [("tools", Reply.error(500, "tools param requires --jinja flag"))],
            {"max_tokens", "temperature", "seed", "stream"},
        ),
        ([("stream", Reply.error(400, "streaming is not supported"))], {"max_tokens", "temperature", "seed", "tools"}),
        (
            [(name, Reply.error(400, f"unknown parameter {name}")) for name in ("max_tokens", "max_completion_tokens")],
            {"temperature", "seed", "stream", "tools"},
        ),
    ],
)
def test_a_parameter_that_the_server_refuses_is_left_out_and_remembered(
    chat_server: ScriptedChat, rejected: list[tuple[str, Reply]], left: set[str]
) -> None:
    chat_server.otherwise = picky(*rejected)
    chosen = model(chat_server)
    assert read(chosen, tools=[TOOL]) == ("Yes.", [], None)
    asked = len(chat_server.requests)
    assert asked == 1 + len(rejected)
    assert read(chosen, tools=[TOOL]) == ("Yes.", [], None)
    assert len(chat_server.requests) == asked + 1
    assert set(chat_server.requests[-1].body) - {"model", "messages"} == left


def test_a_parameter_is_left_out_at_most_once(chat_server: ScriptedChat) -> None:
    chat_server.otherwise = Reply.error(400, "unsupported parameter: seed")
    error = read(model(chat_server))[2]
    assert error is not None
    assert error.kind is IncidentKind.UNAVAILABLE
    assert len(chat_server.requests) == 2


def test_what_may_pass_is_tried_again(chat_server: ScriptedChat) -> None:
    soon = {"retry-after-ms": "1"}
    chat_server.will(Reply.error(503, "loading", headers=soon), Reply.error(429, "slow", headers=soon), Reply(["Yes."]))
    assert read(model(chat_server, max_retries=2)) == ("Yes.", [], None)
    assert len(chat_server.requests) == 3


def test_a_server_that_asks_for_a_long_pause_is_not_waited_for(chat_server: ScriptedChat) -> None:
    chat_server.will(Reply.error(429, "slow", headers={"Retry-After": "60"}))
    start = time.monotonic()
    error = read(model(chat_server, max_retries=2))[2]
    assert error is not None
    assert error.kind is IncidentKind.UNAVAILABLE
    assert time.monotonic() - start < 5
    assert len(chat_server.requests) == 1


# --- The size of the context ----------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[ScriptedChat]:
    """A server that does not say how large its context is."""
    with ScriptedChat(context=None) as chat:
        yield chat


def test_the_context_is_as_set(chat_server: ScriptedChat) -> None:
    assert model(chat_server, context_tokens=777).context_tokens == 777
    assert chat_server.others == []


def test_the_context_is_asked_once_of_vllm(chat_server: ScriptedChat) -> None:
    chosen = model(chat_server)
    assert (chosen.context_tokens, chosen.context_tokens) == (16_384, 16_384)
    assert [(asked.path, asked.headers["authorization"]) for asked in chat_server.others] == [
        ("/v1/models", f"Bearer {KEY}")
    ]


def test_the_context_of_llama_cpp_is_that_of_a_slot(silent: ScriptedChat) -> None:
    silent.pages["/props"] = Reply(body={"default_generation_settings": {"n_ctx": 8192}, "total_slots": 4})
    assert model(silent).context_tokens == 8192


@pytest.mark.parametrize(
    ("shown", "size"),
    [
        ({"model_info": {"llama.context_length": 131_072}}, 4096),
        ({"model_info": {"bert.context_length": 512}}, 512),
        ({"model_info": {"llama.context_length": 131_072}, "parameters": 'stop "x"\nnum_ctx     16384'}, 16_384),
        ({"model_info": {}}, 4096),
    ],
)
def test_the_context_of_ollama_is_what_a_request_gets(silent: ScriptedChat, shown: dict[str, Any], size: int) -> None:
    silent.pages["/api/show"] = Reply(body=shown)
    assert model(silent).context_tokens == size
    assert silent.others[-1].body == {"model": "scripted"}


@pytest.mark.parametrize(
    "page",
    [
        Reply(body="<html>"),
        Reply(body=b"{"),
        Reply(body=b"[1]"),
        Reply(status=500, body={}),
        Reply(body={"data": [{"id": "scripted", "max_model_len": "many"}, 7]}),
        Reply(body={"data": [{"id": "a", "max_model_len": 9999}, {"id": "b", "max_model_len": 99_999}]}),
        Reply(body={"data": [], "default_generation_settings": {"n_ctx": True}, "model_info": 7, "parameters": 7}),
    ],
)
def test_a_server_that_does_not_say_has_4096(silent: ScriptedChat, page: Reply) -> None:
    silent.pages = dict.fromkeys(("/v1/models", "/props", "/api/show"), page)
    assert model(silent).context_tokens == 4096


def test_a_server_that_cannot_be_reached_has_4096_for_now() -> None:
    with ScriptedChat() as gone:
        nobody = model(gone)
    assert nobody.context_tokens == 4096


def test_the_answer_is_cut_to_what_the_context_has_left(chat_server: ScriptedChat) -> None:
    chosen = model(chat_server, context_tokens=300)
    read(chosen, max_tokens=1000)
    allowed = chat_server.requests[0].body["max_tokens"]
    used = sum(chosen.count_tokens(message.text) for message in MESSAGES)
    assert 300 - used - 100 < allowed < 300 - used


def test_a_question_that_leaves_no_room_is_not_asked(chat_server: ScriptedChat) -> None:
    error = read(model(chat_server, context_tokens=300), messages=[Message("user", "Zebedee? " * 100)])[2]
    assert error is not None
    assert (error.kind, "300 tokens" in str(error)) == (IncidentKind.UNAVAILABLE, True)
    assert chat_server.requests == []


def test_requests_are_json(chat_server: ScriptedChat) -> None:
    chat_server.says("Yes.")
    read(model(chat_server), messages=[Message("user", "Größe: 5 µm \u2028 \x00 \"'")])
    assert json.dumps(chat_server.requests[0].body)
    assert chat_server.requests[0].text == "Größe: 5 µm \u2028 \x00 \"'"
