"""The application on a port."""

from __future__ import annotations

import logging
import socket
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from api.settings import ApiSettings
from retrieval.errors import ConfigurationError

_log = logging.getLogger(__name__)
_GRACE_S: Final = 30

LOG_CONFIG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"api": {"level": "INFO"}, "retrieval": {"level": "INFO"}, "uvicorn": {"level": "INFO"}},
}
"""To standard error; requests are logged by api.access, because uvicorn would log their query strings."""


def run(app: FastAPI, settings: ApiSettings) -> None:
    """Serve until SIGINT or SIGTERM, then let running requests end. ConfigurationError for an unusable address."""
    listening = listen(settings)
    server = make_server(app)
    host, port = listening.getsockname()[:2]
    _log.info("listening on http://%s:%d, its documentation is at /docs", f"[{host}]" if ":" in host else host, port)
    if not settings.api_keys and host not in ("127.0.0.1", "::1"):
        _log.warning("no API keys are set: whoever reaches port %d of this machine may search", port)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        # Raised again once the server has stopped; it was the wish, not an accident.
        return
    if not server.started:
        raise ConfigurationError("the server did not start; the lines above say why")


def listen(settings: ApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except (OSError, OverflowError) as exc:
        raise ConfigurationError(
            f"the server cannot listen on {settings.host}, port {settings.port}: {exc}; choose another with --host or "
            "--port (PATHLIT_API__HOST, PATHLIT_API__PORT)"
        ) from exc


def make_server(app: FastAPI, *, log_config: dict[str, Any] | None = LOG_CONFIG) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=log_config,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
