"""Keys: who may use the API. Everything is closed that is not named as open."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError

DOCS_ASSETS: Final = "/docs-assets"
"""Where the documentation page finds its scripts."""
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})


def _open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(f"{DOCS_ASSETS}/")


class KeyCheck:
    """Middleware: lets a request pass that carries one of the keys. It acts before the body is read."""

    def __init__(self, app: ASGIApp, keys: Sequence[SecretStr]) -> None:
        self._app = app
        self._keys = [key.get_secret_value().encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and not _open(scope["path"]) and not self._admits(scope):
            raise ApiError(
                401,
                "unauthorized",
                "This server needs an API key: send it as Authorization: Bearer KEY, or as X-API-Key: KEY.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        await self._app(scope, receive, send)

    def _admits(self, scope: Scope) -> bool:
        # All are compared, each in constant time: the time taken tells nothing about a key.
        return sum(hmac.compare_digest(given, key) for given in _given(scope) for key in self._keys) > 0


def _given(scope: Scope) -> list[bytes]:
    found: list[bytes] = []
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            found.append(value.strip())
        elif name == b"authorization":
            scheme, _, token = value.strip().partition(b" ")
            if scheme.lower() == b"bearer":
                found.append(token.strip())
    return found
