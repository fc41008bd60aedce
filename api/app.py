"""The application: its parts put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from fastapi import FastAPI, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi_offline import FastAPIOffline

from api.assistant import installing
from api.assistant.assistant import Assistant
from api.assistant.mcp_server import MCP_PATH
from api.assistant.openai_errors import OpenAIErrors
from api.auth import DOCS_ASSETS, OPEN_PATHS, KeyCheck
from api.body_limit import BodyLimit
from api.errors import install_error_handlers
from api.request_context import RequestContext
from api.routes import answer, articles, chat, export, health, images, search, status, verify
from api.routes import lookup as lookup_route
from api.service import Service
from api.settings import ApiSettings
from retrieval.answer.answerer import Answerer
from retrieval.image.search import ImageSearch
from retrieval.live import LiveSearcher
from retrieval.lookup.lookup import CitationLookup
from retrieval.search import Searcher
from retrieval.topup import TopUp
from retrieval.verify.base import Verifier

_DESCRIPTION: Final = """
Finds, checks and cites the biomedical literature.

* Every success but a file (a drawing, an export of citations) has one envelope, `{"data": ..., "meta": {"generation",
  "took_ms", "request_id"}}`, and every failure one shape, `{"error": {"code", "message", "details"?}, "request_id"}`.
* The whole of an answer comes from one generation of the index, which `meta.generation` names. Ask for the same
  generation's answer twice and it is the same.
* Send `X-Request-ID` (letters, digits and `._:-`, at most 128) to find a request again; every answer carries one.
* What is asked is never logged.
* `/v1/chat/completions` and `/v1/models` speak OpenAI's protocol instead, and MCP clients find the tools at `/mcp`.
"""
_TAGS: Final = [
    {"name": "search", "description": "Articles that answer a question, with evidence."},
    {"name": "answers", "description": "Sentences that the literature supports, checked one by one."},
    {"name": "assistant", "description": "The tools of an assistant, as over MCP at `/mcp`."},
    {"name": "chat", "description": "OpenAI's protocol, for ordinary chat clients."},
    {"name": "citations", "description": "Papers for the sentences of a text, and whether those it cites carry them."},
    {"name": "images", "description": "Articles on what an image or a whole slide shows, with reasons."},
    {"name": "articles", "description": "Single articles in full."},
    {"name": "status", "description": "Which generation answers, and how fresh it is."},
    {"name": "health", "description": "For whoever supervises the process."},
]


def create_app(
    live: LiveSearcher,
    *,
    settings: ApiSettings,
    stale_after_days: float = 7.0,
    top_up: TopUp | None = None,
    image_search: Callable[[Searcher], ImageSearch] | None = None,
    answerer: Callable[[Searcher], Answerer] | None = None,
    lookup: Callable[[Searcher], CitationLookup] | None = None,
    verifier: Callable[[], Verifier] | None = None,
    assistant: Assistant | None = None,
) -> FastAPI:
    """Nothing is opened before the application starts; then the published generation is, and its encoder warmed.

    Without a published generation it starts all the same, and becomes ready when there is one. Without `top_up`
    nothing that is asked ever leaves this machine; without `image_search` images cannot be asked with, without
    `answerer` questions are not answered, without `lookup` citations not looked up, without `verifier`
    claims not checked.
    """
    service = Service(
        live,
        settings,
        stale_after_days=stale_after_days,
        top_up=top_up,
        image_search=image_search,
        answerer=answerer,
        lookup=lookup,
        verifier=verifier,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.readiness.check()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.readiness.watch)
            yield
            tasks.cancel_scope.cancel()

    # The documentation page comes with its scripts: it works in a hospital without internet access.
    app = FastAPIOffline(
        title="pathlit",
        version=service.version,
        summary="Literature-grounded retrieval for pathology",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        lifespan=lifespan,
        redoc_url=None,
        static_url=DOCS_ASSETS,
        redirect_slashes=False,
    )
    app.state.service = service
    install_error_handlers(app)
    app.include_router(health.router)
    for module in (search, answer, lookup_route, verify, images, export, articles, status):
        app.include_router(module.router, prefix="/v1", dependencies=_documented(settings))
    if assistant is not None:
        installing.install_assistant(app, assistant, settings, dependencies=_documented(settings))
    paths = (*app.openapi()["paths"], *sorted(OPEN_PATHS), f"{DOCS_ASSETS}/{{file}}", MCP_PATH)
    # The last one added is the first that a request meets.
    app.add_middleware(
        BodyLimit,
        max_bytes=settings.max_body_bytes,
        timeout_s=settings.body_timeout_s,
        paths={
            **images.body_limits(settings, "/v1"),
            **answer.body_limits(settings, "/v1"),
            **installing.body_limits(settings, "/v1"),
        },
    )
    if settings.api_keys:
        app.add_middleware(KeyCheck, keys=settings.api_keys)
    app.add_middleware(RequestContext, counters=service.counters, paths=paths)
    # Outside all others: whoever refuses a chat, it comes out in OpenAI's shape.
    app.add_middleware(OpenAIErrors, speaks_openai=chat.speaks_openai)
    return app


def _documented(settings: ApiSettings) -> Sequence[Any]:
    """Tells the OpenAPI document, and the button "Authorize" of /docs, about keys; KeyCheck is what checks them."""
    if not settings.api_keys:
        return []
    return [
        Security(HTTPBearer(auto_error=False, description="An API key of this server.")),
        Security(APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key in a header of its own.")),
    ]
