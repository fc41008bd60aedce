"""What the routes share: the searcher of the moment, the threads that use it, and the envelope of an answer."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from api.counters import Counters
from api.readiness import Readiness
from api.schemas import Envelope, Meta
from api.settings import ApiSettings
from api.workers import Workers
from retrieval.live import LiveSearcher
from retrieval.search import Searcher

_LOOK_UPS_AT_ONCE: Final = 4
_LOOK_UPS_WAITING: Final = 256


class Service:
    """One per application, at `app.state.service`."""

    def __init__(self, live: LiveSearcher, settings: ApiSettings) -> None:
        self.settings = settings
        self.version = version("pathlit")
        self.counters = Counters()
        self.readiness = Readiness(live, every_s=settings.watch_every_s)
        self._live = live
        self._searches = Workers(at_once=settings.max_concurrent_searches, waiting=settings.max_waiting_searches)
        # Threads of their own: articles and the status can be read while searches queue.
        self._look_ups = Workers(at_once=_LOOK_UPS_AT_ONCE, waiting=_LOOK_UPS_WAITING)

    async def search(self, request: Request, work: Callable[[Searcher], BaseModel]) -> Response:
        """Answer with the work's result; it gets one searcher, so that a whole answer is of one generation."""
        answer = await self._searches.run(lambda: self._answer(request, work))
        self.counters.searches += 1
        return answer

    async def look_up(self, request: Request, work: Callable[[Searcher], BaseModel]) -> Response:
        """The same for what takes no search."""
        return await self._look_ups.run(lambda: self._answer(request, work))

    def _answer(self, request: Request, work: Callable[[Searcher], BaseModel]) -> Response:
        # In the worker's thread to its last byte: serialising a thousand articles would hold up every other request.
        searcher = self._live.searcher()
        return enveloped(request, work(searcher), searcher.generation)


def service_of(request: Request) -> Service:
    service = request.app.state.service
    if not isinstance(service, Service):
        raise TypeError(f"app.state.service is {service!r}; make applications with api.app.create_app")
    return service


def enveloped(request: Request, data: BaseModel, generation: str | None = None) -> Response:
    meta = Meta(
        generation=generation,
        took_ms=round((perf_counter() - request.state.started) * 1000, 3),
        request_id=request.state.request_id,
    )
    return Response(Envelope[Any](data=data, meta=meta).model_dump_json(), media_type="application/json")
