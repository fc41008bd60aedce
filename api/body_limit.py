"""How long a request's body may be, and how long it may take to arrive."""

from __future__ import annotations

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError


class BodyLimit:
    """Middleware: raises ApiError (413, 408) into whoever reads a body that is too long or too slow."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, timeout_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = self._guarded(scope, receive)
        await self._app(scope, receive, send)

    def _guarded(self, scope: Scope, receive: Receive) -> Receive:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        deadline = anyio.current_time() + self._timeout_s
        arrived = 0
        complete = False

        async def guarded() -> Message:
            nonlocal arrived, complete
            if complete:
                return await receive()
            if declared.isdigit() and int(declared[:18]) > self._max_bytes:
                raise self._too_long()
            with anyio.move_on_after(deadline - anyio.current_time()) as waiting:
                message = await receive()
            if waiting.cancelled_caught:
                raise ApiError(
                    408, "body_timeout", f"The body did not arrive within {self._timeout_s:g} s; send it again."
                )
            arrived += len(message.get("body", b""))
            if arrived > self._max_bytes:
                raise self._too_long()
            complete = not message.get("more_body", False)
            return message

        return guarded

    def _too_long(self) -> ApiError:
        return ApiError(
            413, "body_too_large", f"The body is longer than {self._max_bytes:,} bytes; send a shorter one."
        )
