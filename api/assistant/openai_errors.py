"""Failures in the shape that OpenAI's clients read, on the paths that they call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError

_CODES: Final = {"unauthorized": "invalid_api_key"}


def openai_error(error: ApiError) -> dict[str, Any]:
    body = error.body
    return _shaped(error.status_code, body.code, body.message, body.details[0].field if body.details else None)


class OpenAIErrors:
    """Middleware, outside all others: whoever refuses a request, it comes out in OpenAI's shape."""

    def __init__(self, app: ASGIApp, speaks_openai: Callable[[str], bool]) -> None:
        self._app = app
        self._speaks_openai = speaks_openai

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._speaks_openai(scope["path"]):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def reshaped(message: Message) -> None:
            nonlocal body, start
            if message["type"] == "http.response.start" and message["status"] >= 400:
                start = message
            elif start and message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    shaped = _reshaped(start["status"], body)
                    MutableHeaders(scope=start)["Content-Length"] = str(len(shaped))
                    await send(start)
                    await send({"type": "http.response.body", "body": shaped})
            else:
                await send(message)

        await self._app(scope, receive, reshaped)


def _reshaped(status: int, body: bytes) -> bytes:
    try:
        error = json.loads(body)["error"]
        details = error.get("details") or [{}]
        shaped = _shaped(status, error["code"], error["message"], details[0].get("field"))
    except (ValueError, LookupError, TypeError, AttributeError):
        return body
    return json.dumps(shaped, ensure_ascii=False).encode()


def _shaped(status: int, code: str, message: str, field: str | None) -> dict[str, Any]:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    param = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", field) if field else None
    return {"error": {"message": message, "type": kind, "param": param, "code": _CODES.get(code, code)}}
