"""What the routes share: the searcher of the moment, the threads that use it, and the envelope of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from importlib.metadata import version
from time import perf_counter
from typing import Any, Final, TypeVar

from fastapi import Request
from msgspec.structs import replace
from pydantic import BaseModel
from starlette.responses import Response

from api.counters import Counters
from api.errors import ApiError, ErrorDetail
from api.readiness import Readiness
from api.schemas import Envelope, Meta, search_view
from api.settings import ApiSettings
from api.workers import Workers
from retrieval.answer.answerer import Answerer
from retrieval.image.search import ImageSearch
from retrieval.live import LiveSearcher
from retrieval.lookup.lookup import CitationLookup
from retrieval.records import Query, SearchResult
from retrieval.search import Searcher
from retrieval.topup import TopUp
from retrieval.verify.base import Verifier

T = TypeVar("T")

_LOOK_UPS_AT_ONCE: Final = 4
_LOOK_UPS_WAITING: Final = 256
_TOP_UPS_AT_ONCE: Final = 8
_BUSY: Final = "PubMed was not asked for newer articles: too many searches ask it already; try again in a moment."
_NO_TOP_UP: Final = (
    "this server was not set up to ask PubMed; leave top_up out, or have its operator set api.top_up "
    "(PATHLIT_API__TOP_UP=true)"
)
_NO_IMAGES: Final = (
    "this server takes no images; its operator can name an image encoder (PATHLIT_IMAGE_ENCODER) and build again with "
    "`pathlit index`"
)
_NO_LOOKUP: Final = "this server only searches; it was started without what checks citations"
_NO_ANSWERS: Final = "this server only searches; it was started without what answers questions"


class Service:
    """One per application, at `app.state.service`."""

    def __init__(
        self,
        live: LiveSearcher,
        settings: ApiSettings,
        *,
        stale_after_days: float,
        top_up: TopUp | None,
        image_search: Callable[[Searcher], ImageSearch] | None,
        answerer: Callable[[Searcher], Answerer] | None,
        lookup: Callable[[Searcher], CitationLookup] | None = None,
        verifier: Callable[[], Verifier] | None = None,
    ) -> None:
        self.settings = settings
        self.stale_after_days = stale_after_days
        self.version = version("pathlit")
        self.counters = Counters()
        self.readiness = Readiness(live, every_s=settings.watch_every_s)
        self._live = live
        self._top_up = top_up
        self._image_search = image_search
        self._answerer = answerer
        self._lookup = lookup
        self._verifier = verifier
        self._searches = Workers(at_once=settings.max_concurrent_searches, waiting=settings.max_waiting_searches)
        # Threads of their own: articles and the status can be read while searches queue.
        self._look_ups = Workers(at_once=_LOOK_UPS_AT_ONCE, waiting=_LOOK_UPS_WAITING)
        # A language model takes its time; nobody's search waits for it.
        self._answers = Workers(at_once=settings.max_concurrent_answers, waiting=settings.max_waiting_answers)
        self._top_ups = Workers(at_once=_TOP_UPS_AT_ONCE, waiting=0)

    async def search(self, request: Request, query: Query, *, top_up: bool = False) -> Response:
        """Answer a query; ApiError (422) for a top-up that this server does not offer."""
        if top_up:
            answer = await self._topped_up(request, query)
        else:
            answer = await self._searches.run(
                lambda: self._answer(request, lambda searcher: search_view(searcher.search(query)))
            )
        self.counters.searches += 1
        return answer

    def require_images(self) -> None:
        """ApiError (422) where this server does not take images: before anybody sends gigabytes of them."""
        if self._image_search is None:
            raise ApiError(422, "invalid_input", _NO_IMAGES)

    async def draw(self, work: Callable[[], T]) -> T:
        """The result of work that needs no generation; queued like a search, since it takes as much memory."""
        return await self._searches.run(work)

    async def search_image(self, request: Request, work: Callable[[ImageSearch], BaseModel]) -> Response:
        """Answer with the work's result; ApiError (422) where this server does not take images."""
        opened = self._image_search
        if opened is None:
            raise ApiError(422, "invalid_input", _NO_IMAGES)
        answer = await self._searches.run(lambda: self._answer(request, lambda searcher: work(opened(searcher))))
        self.counters.searches += 1
        return answer

    async def answer(self, request: Request, work: Callable[[Answerer], BaseModel]) -> Response:
        """Answer with the work's result; ApiError (422) where this server does not answer questions."""
        answering = self._require_answers()
        answer = await self._answers.run(lambda: self._answer(request, lambda searcher: work(answering(searcher))))
        self.counters.answers += 1
        return answer

    async def stream_answer(self, begin: Callable[[Answerer], Iterator[T]]) -> AsyncGenerator[T, None]:
        """What the work yields, as it comes, all from one generation."""
        answering = self._require_answers()
        async with aclosing(self._answers.stream(lambda: begin(answering(self._live.searcher())))) as steps:
            async for step in steps:
                yield step
        self.counters.answers += 1

    async def look_up_citations(self, request: Request, work: Callable[[CitationLookup], BaseModel]) -> Response:
        """Answer with the work's result; ApiError (422) where this server checks no citations."""
        opened = self._lookup
        if opened is None:
            raise ApiError(422, "invalid_input", _NO_LOOKUP)
        return await self._answers.run(lambda: self._answer(request, lambda searcher: work(opened(searcher))))

    async def verify(self, request: Request, work: Callable[[Searcher, Verifier], BaseModel]) -> Response:
        """Answer with the work's result; ApiError (422) where this server checks no claims."""
        opened = self._verifier
        if opened is None:
            raise ApiError(422, "invalid_input", _NO_LOOKUP)
        return await self._answers.run(lambda: self._answer(request, lambda searcher: work(searcher, opened())))

    def _require_answers(self) -> Callable[[Searcher], Answerer]:
        if self._answerer is None:
            raise ApiError(422, "invalid_input", _NO_ANSWERS)
        return self._answerer

    async def look_up(self, request: Request, work: Callable[[Searcher], BaseModel]) -> Response:
        """Answer with the work's result; it gets one searcher, so that a whole answer is of one generation."""
        return await self._look_ups.run(lambda: self._answer(request, work))

    async def file(self, work: Callable[[Searcher], Response]) -> Response:
        """Answer with a file of the work's own making; like `look_up` without the envelope."""
        return await self._look_ups.run(lambda: work(self._live.searcher()))

    def _answer(self, request: Request, work: Callable[[Searcher], BaseModel]) -> Response:
        # In the worker's thread to its last byte: serialising a thousand articles would hold up every other request.
        searcher = self._live.searcher()
        return enveloped(request, work(searcher), searcher.generation)

    async def _topped_up(self, request: Request, query: Query) -> Response:
        source = self._top_up
        if source is None:
            detail = ErrorDetail(field="top_up", message=_NO_TOP_UP)
            raise ApiError(422, "invalid_input", f"top_up: {_NO_TOP_UP}", details=[detail])

        def find() -> tuple[Searcher, SearchResult]:
            searcher = self._live.searcher()
            return searcher, searcher.search(query)

        def answer(result: SearchResult) -> Response:
            return enveloped(request, search_view(result), result.generation)

        searcher, found = await self._searches.run(find)
        try:
            # Threads of their own: whoever waits for PubMed holds up nobody else's search.
            return await self._top_ups.run(lambda: answer(searcher.top_up(found, source)))
        except ApiError:
            without = replace(found, notices=(*found.notices, _BUSY))
            return await self._look_ups.run(lambda: answer(without))


def service_of(request: Request) -> Service:
    service = request.app.state.service
    if not isinstance(service, Service):
        raise TypeError(f"app.state.service is {service!r}; make applications with api.app.create_app")
    return service


def meta_of(request: Request, generation: str | None) -> Meta:
    return Meta(
        generation=generation,
        took_ms=round((perf_counter() - request.state.started) * 1000, 3),
        request_id=request.state.request_id,
    )


def enveloped(request: Request, data: BaseModel, generation: str | None = None) -> Response:
    meta = meta_of(request, generation)
    return Response(Envelope[Any](data=data, meta=meta).model_dump_json(), media_type="application/json")
