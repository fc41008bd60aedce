"""The real server on a free port of loopback, in a thread of the test."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from typing import Any, NamedTuple, Self

from api.app import create_app
from api.server import listen, make_server
from api.settings import ApiSettings
from retrieval.live import LiveSearcher


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class RunningServer:
    def __init__(self, live: LiveSearcher, **settings: Any) -> None:
        chosen = ApiSettings(port=0, **settings)
        self._server = make_server(create_app(live, settings=chosen), log_config=None)
        self._listening = listen(chosen)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]})

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self._server.started
        return self

    def stop(self) -> None:
        """What SIGTERM does."""
        self._server.should_exit = True

    def wait_until_closed(self) -> None:
        """Until nobody new is let in: the server has begun to stop."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                self.raw().close()
            except OSError:
                return
            time.sleep(0.01)
        raise AssertionError("the server goes on listening")

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> Answer:
    headers = {"content-type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(answer.read()))
