"""How long a request's body may be, and how long it may take to arrive."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError


class Limit(NamedTuple):
    max_bytes: int
    timeout_s: float


NO_PATHS: Final[Mapping[str, Limit]] = MappingProxyType({})


class BodyLimit:
    """Middleware: raises ApiError (413, 408) into whoever reads a body that is too long or too slow."""

    def __init__(
        self, app: ASGIApp, *, max_bytes: int, timeout_s: float, paths: Mapping[str, Limit] = NO_PATHS
    ) -> None:
        """`paths` names those with limits of their own."""
        self._app = app
        self._limit = Limit(max_bytes, timeout_s)
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = self._guarded(scope, receive, self._paths.get(scope["path"], self._limit))
        await self._app(scope, receive, send)

    def _guarded(self, scope: Scope, receive: Receive, limit: Limit) -> Receive:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        deadline = anyio.current_time() + limit.timeout_s
        arrived = 0
        complete = False

        async def guarded() -> Message:
            nonlocal arrived, complete
            if complete:
                return await receive()
            if declared.isdigit() and int(declared[:18]) > limit.max_bytes:
                raise _too_long(limit)
            with anyio.move_on_after(deadline - anyio.current_time()) as waiting:
                message = await receive()
            if waiting.cancelled_caught:
                raise ApiError(
                    408, "body_timeout", f"The body did not arrive within {limit.timeout_s:g} s; send it again."
                )
            arrived += len(message.get("body", b""))
            if arrived > limit.max_bytes:
                raise _too_long(limit)
            complete = not message.get("more_body", False)
            return message

        return guarded


def _too_long(limit: Limit) -> ApiError:
    return ApiError(413, "body_too_large", f"The body is longer than {limit.max_bytes:,} bytes; send a shorter one.")
