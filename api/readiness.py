"""Whether this server can answer searches, tried rather than assumed."""

from __future__ import annotations

import logging

import anyio
import anyio.to_thread

from api.errors import ApiError, ErrorBody, api_error
from retrieval.errors import PathlitError
from retrieval.live import LiveSearcher

_log = logging.getLogger(__name__)


class Readiness:
    """Brings each published generation into service, so that no user waits for an index or an encoder to load."""

    def __init__(self, live: LiveSearcher, *, every_s: float) -> None:
        self._live = live
        self._every_s = every_s
        self._problem = ErrorBody(code="starting", message="The server is starting; try again in a second.")
        self._noted: str | None = None

    def require(self) -> str:
        """The generation in service. ApiError, always with status 503, says what stands before the first search."""
        generation = self._live.ready
        if generation is None:
            raise ApiError(503, self._problem.code, self._problem.message, headers={"Retry-After": "1"})
        return generation

    async def watch(self) -> None:
        """Look for a new generation for ever; one that fails is tried ever more seldom, but looked for as often."""
        while True:
            await anyio.sleep(self._every_s)
            await self.check()

    async def check(self) -> None:
        """Bring the published generation into service where it is not yet."""
        try:
            # Abandoned where the server stops in the middle of a long opening.
            await anyio.to_thread.run_sync(self._live.refresh, abandon_on_cancel=True)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the server stays up and says that it is not ready
            self._note(exc)

    def _note(self, exc: Exception) -> None:
        if str(exc) == self._noted:
            return
        self._noted = str(exc)
        _log.warning("not ready: %s", exc, exc_info=None if isinstance(exc, PathlitError) else exc)
        self._problem = api_error(exc).body
