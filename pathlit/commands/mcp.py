"""`pathlit mcp`: the tools for an assistant that starts this program itself."""

from __future__ import annotations

import logging.config
import signal

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
    from api.readiness import Readiness
    from api.server import LOG_CONFIG
    from pathlit.assistant import home_assistant

    logging.config.dictConfig(LOG_CONFIG)
    place = HomeFolder(read_settings(home))
    live = place.live_searcher()
    # The thread that reads standard input cannot be interrupted otherwise; nothing here is left half done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(serve_stdio, home_assistant(place, live), Readiness(live, every_s=place.settings.api.watch_every_s))
