"""`pathlit mcp`: the tools for an assistant that starts this program itself."""

from __future__ import annotations

import logging.config

import anyio

from pathlit.commands.options import Home
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder


def mcp(home: Home = None) -> None:
    """Serve the tools to an MCP client over standard input and output; the client starts this command itself.

    \b
        {"mcpServers": {"pathlit": {"command": "pathlit", "args": ["mcp", "--home", "/path/to/home"]}}}

    Standard output carries the protocol alone; the log goes to standard error. For clients that reach a server over
    HTTP, `pathlit serve` has the same tools at /mcp.
    """
    from api.assistant.mcp_server import serve_stdio
    from api.server import LOG_CONFIG
    from pathlit.assistant import home_assistant

    logging.config.dictConfig(LOG_CONFIG)
    place = HomeFolder(read_settings(home))
    assistant = home_assistant(place, place.live_searcher())
    anyio.run(serve_stdio, assistant)
