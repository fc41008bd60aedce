"""Serves scripted doors over standard input and output: python stdio_program.py FOLDER."""

from __future__ import annotations

import logging.config
import sys
from pathlib import Path

import anyio

from api.assistant.mcp_server import serve_stdio
from api.readiness import Readiness
from api.server import LOG_CONFIG
from tests.api.assistant.fake_doors import Script, scripted_assistant
from tests.api.library import Library

if __name__ == "__main__":
    logging.config.dictConfig(LOG_CONFIG)
    print("said before the protocol begins", file=sys.stderr)
    live = Library(Path(sys.argv[1])).live()
    anyio.run(serve_stdio, scripted_assistant(live, Script(chatty=True)), Readiness(live, every_s=0.1))
