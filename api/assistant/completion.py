"""A chat completion on its way: works while it is sent, and stops when nobody listens any more."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.assistant.assistant import Assistant, told
from api.assistant.chat import DONE, KEEP_ALIVE, Transcript, sse
from api.assistant.conversation import Asked
from api.assistant.openai_errors import openai_error
from api.errors import ApiError, api_error
from api.schemas.chat import ChatRequest
from retrieval.answer.records import AnswerEvent
from retrieval.errors import ImageError, InputError

_log = logging.getLogger(__name__)
_SILENCE_S: Final = 15.0
"""Proxies close a connection on which nothing comes for longer."""


class Completion(Response):
    """Fails like a route where nothing was sent yet; in the middle of a stream the failure is its last event."""

    def __init__(self, assistant: Assistant, request: ChatRequest, asked: Asked) -> None:
        super().__init__()
        self._assistant = assistant
        self._request = request
        self._asked = asked
        self._failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transcript = Transcript(self._request, self._asked.notices)
        answer = self._streamed if self._request.stream else self._whole
        async with self._events(receive) as events:
            await answer(transcript, events, send, scope, receive)
        if self._failure is not None:
            raise as_request_fault(self._failure)

    @asynccontextmanager
    async def _events(self, receive: Receive) -> AsyncIterator[MemoryObjectReceiveStream[AnswerEvent]]:
        # Unbounded, since an answer has few events: a slow reader must not keep a thread waiting.
        sender, receiver = anyio.create_memory_object_stream[AnswerEvent](math.inf)

        async def work() -> None:
            with sender:
                try:
                    await self._assistant.stream(self._asked.question, self._asked.image, sender)
                except Exception as exc:  # noqa: BLE001 - raised again outside the group, or told in the stream
                    self._failure = exc

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        with receiver:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
                tasks.start_soon(watch)
                yield receiver
                tasks.cancel_scope.cancel()

    async def _whole(
        self,
        transcript: Transcript,
        events: MemoryObjectReceiveStream[AnswerEvent],
        send: Send,
        scope: Scope,
        receive: Receive,
    ) -> None:
        async for event in events:
            transcript.feed(event)
        if self._failure is None:
            body = msgspec.json.encode(transcript.whole())
            await Response(body, media_type="application/json")(scope, receive, send)

    async def _streamed(
        self, transcript: Transcript, events: MemoryObjectReceiveStream[AnswerEvent], send: Send, *_: Any
    ) -> None:
        try:
            event = await events.receive()
        except anyio.EndOfStream:
            return
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _more(send, sse(transcript.opening()))
        while True:
            if text := transcript.feed(event):
                await _more(send, sse(transcript.delta(text)))
            following = await _next(events, send)
            if following is None:
                break
            event = following
        if self._failure is None:
            for chunk in transcript.closing():
                await _more(send, sse(chunk))
            await _more(send, DONE)
        else:
            failure, self._failure = self._failure, None
            told(failure)
            await _more(send, sse(openai_error(api_error(failure))))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def as_request_fault(exc: Exception) -> Exception:
    """OpenAI answers 400 for whatever is wrong with a request."""
    if isinstance(exc, InputError):
        error = api_error(exc)
        code = "invalid_image" if isinstance(exc, ImageError) else "invalid_request"
        return ApiError(400, code, error.body.message, details=error.body.details or ())
    return exc


_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


async def _more(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _next(events: MemoryObjectReceiveStream[AnswerEvent], send: Send) -> AnswerEvent | None:
    """None at the end; while nothing comes the connection is kept alive."""
    while True:
        with anyio.move_on_after(_SILENCE_S):
            try:
                return await events.receive()
            except anyio.EndOfStream:
                return None
        await _more(send, KEEP_ALIVE)
