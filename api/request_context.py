"""What surrounds every request: its id, its time, its line in the access log, and the answer if all else fails."""

from __future__ import annotations

import logging
import re
import traceback
import uuid
from collections.abc import Iterable
from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.counters import Counters
from api.errors import ApiError, api_error, error_response

_access = logging.getLogger("api.access")
_log = logging.getLogger(__name__)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class RequestContext:
    """Middleware, the outermost. Neither log ever holds a path's own parts, a query string, a body or an exception's
    own words, because those may hold what somebody asked."""

    def __init__(self, app: ASGIApp, counters: Counters, paths: Iterable[str]) -> None:
        """`paths` are those that the log may show, as they are declared: /v1/articles/{id}."""
        self._app = app
        self._counters = counters
        self._paths = [(path, _pattern(path)) for path in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {}).update(request_id=request_id, started=started)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            try:
                await self._app(scope, receive, send_with_id)
            except Exception as exc:  # noqa: BLE001 - nothing may leave in another shape than the one of api.errors
                error = logged_failure(exc, request_id)
                if status:
                    # Half an answer is out: only breaking the connection tells the client that it is not whole.
                    raise BrokenAnswerError(f"request {request_id} failed in the middle of its answer") from None
                await error_response(error, request_id)(scope, receive, send_with_id)
        finally:
            self._counters.errors += status >= 500
            _access.info(
                "%s %s %s %.1f ms %s",
                scope["method"],
                self._declared(scope["path"]),
                status or "-",
                (perf_counter() - started) * 1000,
                request_id,
            )

    def _declared(self, path: str) -> str:
        return next((declared for declared, pattern in self._paths if pattern.fullmatch(path)), "-")


def logged_failure(exc: Exception, request_id: str) -> ApiError:
    """The answer to an exception; one that nobody foresaw goes to the log, without its own words."""
    error = api_error(exc)
    if error.body.code == "internal":
        _log.error("request %s failed: %s\n%s", request_id, type(exc).__name__, _frames(exc))
    return error


class BrokenAnswerError(Exception):
    """Ends a connection whose answer cannot be completed."""


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", template)
    return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)


def _request_id(scope: Scope) -> str:
    """The client's own where it is short and plain: it goes into headers and logs."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _frames(exc: BaseException) -> str:
    return "".join(traceback.format_tb(exc.__traceback__)).rstrip()
