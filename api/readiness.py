"""Whether this server can answer searches, tried rather than assumed."""

from __future__ import annotations

import logging
import weakref
from typing import Final

import anyio
import anyio.to_thread

from api.errors import ApiError, ErrorBody, api_error
from retrieval.errors import NotPublishedError, PathlitError
from retrieval.live import LiveSearcher
from retrieval.records import Filters, IntegrityPolicy, Query
from retrieval.search import Searcher

_log = logging.getLogger(__name__)
# Retracted articles are let in so that the warm-up works out no filter.
_WARM_UP: Final = Query(text="pathology", limit=1, filters=Filters(integrity=IntegrityPolicy.LABEL))
_LONGEST_PAUSE_S: Final = 30.0


class Readiness:
    """Opens each published generation and searches it once, so that no user waits for an encoder to load."""

    def __init__(self, live: LiveSearcher, *, every_s: float) -> None:
        self._live = live
        self._every_s = every_s
        self._problem: ErrorBody | None = ErrorBody(
            code="starting", message="The server is starting; try again in a second."
        )
        self._noted: str | None = None
        self._warm: weakref.ref[Searcher] | None = None

    def require(self) -> None:
        """Raise what stands between this server and its first search: ApiError, always with status 503."""
        if self._problem is not None:
            raise ApiError(503, self._problem.code, self._problem.message, headers={"Retry-After": "1"})

    async def watch(self) -> None:
        """Look for a new generation for ever; where something else is wrong, ever more seldom."""
        pause = self._every_s
        while True:
            await anyio.sleep(pause)
            await self.check()
            sound = self._problem is None or self._problem.code == NotPublishedError.code
            pause = self._every_s if sound else min(pause * 2, max(_LONGEST_PAUSE_S, self._every_s))

    async def check(self) -> None:
        """Try to search the published generation, once per generation."""
        try:
            # Abandoned where the server stops in the middle of a long opening.
            await anyio.to_thread.run_sync(self._warm_up, abandon_on_cancel=True)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the server stays up and says that it is not ready
            self._note(exc)
        else:
            self._problem = None
            self._noted = None

    def _warm_up(self) -> None:
        searcher = self._live.searcher()
        if self._warm is None or self._warm() is not searcher:
            searcher.search(_WARM_UP)
            self._warm = weakref.ref(searcher)
            _log.info("generation %s is in service", searcher.generation)

    def _note(self, exc: Exception) -> None:
        if str(exc) == self._noted:
            return
        self._noted = str(exc)
        _log.warning("not ready: %s", exc, exc_info=None if isinstance(exc, PathlitError) else exc)
        self._problem = api_error(exc).body
