"""The assistant's doors in an application: its routes and its MCP endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from api.assistant.assistant import Assistant
from api.assistant.mcp_server import MCP_PATH, McpEndpoint, mcp_server
from api.body_limit import Limit
from api.routes import assistant as tool_routes
from api.routes import chat
from api.settings import ApiSettings
from api.uploads import image_limit


def install_assistant(
    app: FastAPI, assistant: Assistant, settings: ApiSettings, *, dependencies: Sequence[Any] = ()
) -> None:
    """Before the application starts. `dependencies` are those of its other routes under /v1."""
    app.state.assistant = assistant
    for module in (tool_routes, chat):
        app.include_router(module.router, prefix="/v1", dependencies=dependencies)
    endpoint = McpEndpoint(
        mcp_server(assistant),
        hosts=(settings.host, *settings.mcp_hosts),
        max_body_bytes=image_limit(settings).max_bytes,
    )
    app.router.routes.append(Route(MCP_PATH, endpoint=endpoint, include_in_schema=False))
    lives = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with endpoint.running(), lives(app) as state:
            yield state

    app.router.lifespan_context = lifespan


def body_limits(settings: ApiSettings, prefix: str) -> Mapping[str, Limit]:
    """Every door takes an image in base64."""
    return dict.fromkeys(
        (MCP_PATH, *(prefix + path for path in (*tool_routes.WITH_IMAGES, chat.CHAT))), image_limit(settings)
    )
