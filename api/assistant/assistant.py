"""The assistant in a running process: its tools and answers, worked on in threads, for every door that asks."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Any, Final

from anyio import from_thread
from anyio.streams.memory import MemoryObjectSendStream
from starlette.requests import Request

from api.assistant.doors import Doors
from api.assistant.invoking import Invocation, invoke
from api.assistant.tools import Called, tool_named
from api.errors import api_error
from api.workers import Workers
from retrieval.answer.records import AnswerEvent, Question
from retrieval.errors import PathlitError

_log = logging.getLogger(__name__)
_NEEDS_IMAGE: Final = "image_base64"


class Assistant:
    """Safe to use from several tasks. What is abandoned ends at its next event."""

    def __init__(self, open_doors: Callable[[], Doors], workers: Workers) -> None:
        """`open_doors` is called for each request, in the thread that works on it."""
        self._open_doors = open_doors
        self._workers = workers

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Called:
        """PathlitError where the tool cannot be called like that; ApiError (503) where too many wait already."""
        tool = tool_named(name)
        return await self._workers.run(lambda: tool.call(self._doors(), arguments))

    async def invoke(self, text: str, image_base64: str = "") -> str:
        """The results of the calls that stand in a text; `image_base64` is the image that its calls are about."""
        return await self._workers.run(partial(self._invoke, text, image_base64))

    async def look(self, work: Callable[[Doors], Any]) -> Any:
        return await self._workers.run(lambda: work(self._doors()))

    async def stream(
        self, question: Question, image: bytes | None, events: MemoryObjectSendStream[AnswerEvent]
    ) -> None:
        """Sends the events as they come. Cancelling it ends the work at the next one and waits for that."""

        def pump() -> None:
            with closing(self._doors().stream(question, image)) as stream:
                for event in stream:
                    from_thread.run_sync(events.send_nowait, event)

        await self._workers.run(pump)

    def _doors(self) -> Doors:
        return self._open_doors().watched(from_thread.check_cancelled)

    def _invoke(self, text: str, image_base64: str) -> str:
        doors = self._doors()

        def call(invocation: Invocation) -> Called | str:
            tool = invocation.tool
            if tool is None:
                return invocation.problem
            arguments = dict(invocation.arguments)
            if image_base64 and _NEEDS_IMAGE in tool.arguments.model_fields:
                arguments.setdefault(_NEEDS_IMAGE, image_base64)
            try:
                return tool.call(doors, arguments)
            except Exception as exc:  # noqa: BLE001 - one call that fails is told, the others are made
                return told(exc)

        return invoke(text, call)


def assistant_of(request: Request) -> Assistant:
    assistant = request.app.state.assistant
    if not isinstance(assistant, Assistant):
        raise TypeError(f"app.state.assistant is {assistant!r}; see api.assistant.installing")
    return assistant


def told(exc: Exception) -> str:
    """What the asker may know of a failure; the log has the rest, without the exception's own words where they could
    hold what was asked."""
    error = api_error(exc)
    if error.status_code >= 500:
        if isinstance(exc, PathlitError):
            _log.error("a tool failed: %s: %s", exc.code, exc)
        elif error.body.code == "internal":
            frames = "".join(traceback.format_tb(exc.__traceback__)).rstrip()
            _log.error("a tool failed: %s\n%s", type(exc).__name__, frames)
    return error.body.message
