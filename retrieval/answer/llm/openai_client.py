"""A language model behind any OpenAI-compatible server: vLLM, Ollama, llama.cpp, or a hosted one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from retrieval.answer.llm.context_size import DEFAULT_CONTEXT, ask_context_size
from retrieval.answer.llm.language_model import LanguageModelError, Message, ToolCall
from retrieval.answer.llm.tokens import count_tokens
from retrieval.answer.records import IncidentKind

if TYPE_CHECKING:
    import openai

    from retrieval.answer.llm.openai_connection import Bounds, Connection
    from retrieval.answer.llm.openai_reply import Reply

_SEED: Final = 20_240_101
_OF_A_MESSAGE: Final = 8
"""Tokens that a chat template writes around one."""
_OF_A_TEMPLATE: Final = 40
"""And around all of them: dates, a system message of its own."""
_LEAST: Final = 32
"""Tokens of an answer for which it is not worth asking."""
_CHARACTERS_PER_TOKEN: Final = 16
_BYTES_PER_TOKEN: Final = 2048
"""A chunk for each token, with all that servers put around it."""
_BYTES_BESIDES: Final = 1 << 20
_ASKING_SECONDS: Final = 5.0
_ASK_AGAIN_SECONDS: Final = 60.0


class Secret(Protocol):
    """A key that does not show itself: pydantic's SecretStr."""

    def get_secret_value(self) -> str: ...


class OpenAIModel:
    """`timeout` (s) bounds each wait for the server, `longest` (s) a whole reply, without what its reader takes.

    Greedy and seeded, so that the same question gets the same reply, as far as the server takes such settings.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: Secret | None = None,
        context_tokens: int | None = None,
        timeout: float = 120.0,
        longest: float = 300.0,
        max_retries: int = 2,
    ) -> None:
        self._base_url, self._model, self._api_key = base_url, model, api_key
        self._context_tokens = context_tokens
        self._timeout, self._longest, self._max_retries = timeout, longest, max_retries
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._asking = threading.Lock()
        self._ask_after = 0.0
        self._refused: frozenset[str] = frozenset()
        """Parameters that the server has turned down."""

    @property
    def id(self) -> str:
        return f"{self._model} at {self._where}"

    @property
    def context_tokens(self) -> int:
        """As set, or as the server says, which is asked once; 4096 where it does not say."""
        with self._asking:
            if self._context_tokens is None and time.monotonic() >= self._ask_after:
                self._context_tokens = self._ask_context_size()
                self._ask_after = time.monotonic() + _ASK_AGAIN_SECONDS
            return self._context_tokens or DEFAULT_CONTEXT

    def count_tokens(self, text: str) -> int:
        return count_tokens(text)

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[str | ToolCall]:
        """See LanguageModel; `max_tokens` is cut to what the context has left beside the messages."""
        from retrieval.answer.llm.openai_connection import Bounds
        from retrieval.answer.llm.openai_errors import too_long
        from retrieval.answer.llm.openai_reply import Reply

        allowed = self._allowed(messages, tools, max_tokens)
        connection = self._connected()
        bounds = Bounds(self._longest, _BYTES_BESIDES + _BYTES_PER_TOKEN * allowed)
        reply, most, said = Reply(), _CHARACTERS_PER_TOKEN * allowed, 0
        with connection.reading(self._open(messages, tools, allowed, bounds), reply) as chunks:
            for chunk in chunks:
                if text := reply.take(chunk)[: most - said]:
                    yield text
                    said += len(text)
                if reply.characters > most:
                    advice = "it does not keep to max_tokens; choose another model"
                    raise too_long(self._where, f"{most:,} characters", advice)
                if reply.ended:
                    break
        if text := reply.finish():
            yield text
        self._check_end(reply, bounds, allowed)
        yield from reply.calls()

    @property
    def _where(self) -> str:
        """Host and port, without a name or password that the address may hold."""
        try:
            host = urlsplit(self._base_url).netloc.rpartition("@")[2]
        except ValueError:
            host = ""
        return host or "an unknown address"

    def _connected(self) -> Connection:
        from retrieval.answer.llm.openai_connection import Connection

        with self._lock:
            if self._connection is None:
                key = self._api_key.get_secret_value() if self._api_key else ""
                self._connection = Connection(
                    self._base_url, self._where, key=key, timeout=self._timeout, max_retries=self._max_retries
                )
            return self._connection

    def _ask_context_size(self) -> int | None:
        def ask(method: str, url: str, body: object) -> object:
            return self._connected().ask(method, url, body, seconds=min(_ASKING_SECONDS, self._timeout))

        return ask_context_size(self._base_url, self._model, ask)

    def _allowed(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], max_tokens: int) -> int:
        """Tokens that the answer may have."""
        asked = _OF_A_TEMPLATE + sum(
            _OF_A_MESSAGE + count_tokens(m.text) + sum(count_tokens(c.name + c.arguments) for c in m.tool_calls)
            for m in messages
        )
        if tools:
            asked += count_tokens(json.dumps(tools, indent=1, default=str))
        left = self.context_tokens - asked
        if left < min(_LEAST, max_tokens):
            raise LanguageModelError(
                IncidentKind.UNAVAILABLE,
                f"the language model at {self._where} has a context of {self.context_tokens:,} tokens, and the "
                f"question with its sources may need {asked:,}: ask with fewer sources, or set its context size if it "
                f"has more",
            )
        return min(max_tokens, left)

    def _open(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], allowed: int, bounds: Bounds
    ) -> openai.Stream[object]:
        """Asks, and asks again without a parameter that the server turns down, each at most once."""
        import openai

        from retrieval.answer.llm.openai_errors import before_reply, rejected_parameter

        connection, refused = self._connected(), self._refused
        while True:
            body = self._body(messages, tools, allowed, refused)
            try:
                stream = connection.open(body, bounds)
            except openai.APIStatusError as exc:
                parameter = rejected_parameter(exc, body)
                if parameter is None:
                    raise before_reply(exc, self._where) from None
                refused |= {parameter}
            else:
                with self._lock:
                    self._refused |= refused
                return stream

    def _body(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], allowed: int, refused: frozenset[str]
    ) -> dict[str, object]:
        body: dict[str, object] = {"model": self._model, "messages": [_sent(message) for message in messages]}
        limit = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        body |= {limit: allowed, "temperature": 0, "seed": _SEED, "stream": True}
        if tools:
            body["tools"] = list(tools)
        return {name: value for name, value in body.items() if name not in refused}

    def _check_end(self, reply: Reply, bounds: Bounds, allowed: int) -> None:
        """Raises what the end of a reply says against it."""
        from retrieval.answer.llm.openai_errors import dropped, refused, too_long

        reason = reply.finish_reason
        if reply.refused or reason == "content_filter":
            raise refused(self._where)
        if reason == "length":
            advice = "give it more, or a larger context"
            if reply.thoughts > reply.characters // 2:
                advice = "most of them were thoughts; give it more, or choose a model that does not reason aloud"
            raise too_long(self._where, f"{allowed:,} tokens", advice)
        if reason in ("error", "abort") or not (reason or reply.ended or bounds.done):
            raise dropped(self._where)
        if reply.empty:
            raise LanguageModelError(
                IncidentKind.MALFORMED, f"the language model at {self._where} replied nothing: try another model"
            )


def _sent(message: Message) -> dict[str, object]:
    sent: dict[str, object] = {"role": message.role, "content": _encodable(message.text)}
    if message.tool_calls:
        sent["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": _encodable(c.arguments)}}
            for c in message.tool_calls
        ]
    if message.tool_call_id:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _encodable(text: str) -> str:
    """Without halves of surrogate pairs, which no JSON in UTF-8 can hold."""
    return text.encode(errors="replace").decode()
