"""An application on a free port of loopback, in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from api.server import listen, make_server
from api.settings import ApiSettings


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Its address, such as http://127.0.0.1:40123."""
    listening = listen(ApiSettings(port=0))
    server = make_server(app, log_config=None)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        assert server.started
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
