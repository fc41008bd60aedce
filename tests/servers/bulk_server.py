"""The loopback server under a bulk tree: the tree says what is answered, the server what goes wrong on the way."""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """One request as it came; header names in small letters, time is time.monotonic()."""

    method: str
    path: str
    headers: dict[str, str]
    time: float


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. With no status and no body, the true answer is given, late or cut short."""

    match: str = ""
    """It waits for a request whose path ends like this."""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    keep: float = 1.0
    """The part of the body that is sent before the connection closes; Content-Length announces the whole."""
    announce: bool = True
    """Whether Content-Length is sent at all; without it a cut does not show."""
    delay: float = 0.0
    drip: float = 0.0
    """Seconds between two bytes of the body."""
    reset: bool = False


def random_faults(rate: float, seed: int) -> Callable[[Asked], Fault | None]:
    """Spoils a part of all requests, with everything that may pass; the same each time for requests in one order."""
    dice = random.Random(seed)
    kinds = (
        lambda: Fault(status=429, headers={"Retry-After": "1"}, body=b"Too Many Requests"),
        lambda: Fault(status=500, body=b"<html><body><h1>Server Error</h1></body></html>"),
        lambda: Fault(status=502, body=b"<html><body><h1>Bad Gateway</h1></body></html>"),
        lambda: Fault(status=404, body=b"Not Found"),
        lambda: Fault(keep=dice.random()),
        lambda: Fault(keep=dice.random() * 0.9, announce=False),
        lambda: Fault(reset=True),
        lambda: Fault(delay=dice.random() / 10),
    )
    return lambda asked: dice.choice(kinds)() if dice.random() < rate else None


class BulkServer:
    """Use it in a `with` statement. Each of `faults` spoils one request, in order; `requests` keeps what was asked."""

    def __init__(
        self,
        answer: Callable[[str, str, Mapping[str, str]], tuple[int, dict[str, str], bytes]],
        faults_at_random: Callable[[Asked], Fault | None],
    ) -> None:
        self.answer = answer
        self.faults: deque[Fault] = deque()
        self.requests: list[Asked] = []
        self.most_at_once = 0
        self._faults_at_random = faults_at_random
        self._now = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/pubmed/"

    @property
    def paths(self) -> list[str]:
        """Of all requests, below the tree's own."""
        return [asked.path.removeprefix("/pubmed/") for asked in self.requests]

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def wait(self, seconds: float) -> None:
        """Sleeps, but no longer than the server runs."""
        self._stopped.wait(seconds)

    def enter(self, asked: Asked) -> Fault:
        """Notes a request and gives what is to go wrong with it."""
        with self._lock:
            self.requests.append(asked)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            for fault in self.faults:
                if asked.path.endswith(fault.match):
                    self.faults.remove(fault)
                    return fault
            return self._faults_at_random(asked) or Fault()

    def leave(self) -> None:
        with self._lock:
            self._now -= 1


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, server: BulkServer, *connection: Any) -> None:
        self._bulk = server
        super().__init__(*connection)  # answers the request

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = self._bulk.enter(Asked(self.command, self.path, headers, time.monotonic()))
        self._is_inside = True
        try:
            self._answer(headers, fault)
        finally:
            self._leave()

    do_HEAD = do_GET  # noqa: N815

    def _leave(self) -> None:
        """Before the last byte goes: whoever has it may ask again at once, and is then no second asker."""
        if self._is_inside:
            self._is_inside = False
            self._bulk.leave()

    def _answer(self, asked: dict[str, str], fault: Fault) -> None:
        self._bulk.wait(fault.delay)
        if fault.reset:
            # Closing with a linger time of zero sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            return
        if fault.status or fault.body is not None:
            body = fault.body or b""
            status, headers = fault.status or 200, {"Content-Type": "text/html", "Content-Length": str(len(body))}
        else:
            status, headers, body = self._bulk.answer(self.command, self.path, asked)
        if not fault.announce:
            headers.pop("Content-Length", None)
        self._write(status, {**headers, **fault.headers}, body[: int(len(body) * fault.keep)], fault.drip)

    def _write(self, status: int, headers: dict[str, str], body: bytes, drip: float) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if self.command == "HEAD" or not body:
                self._leave()
            self.end_headers()
            if self.command == "HEAD":
                return
            step = 1 if drip else len(body)
            for start in range(0, len(body) - 1, step or 1):
                self.wfile.write(body[start : min(start + step, len(body) - 1)])
                self._bulk.wait(drip)
            self._leave()
            self.wfile.write(body[-1:])
        except ConnectionError:
            pass  # the client gave up waiting, as it should

    def log_message(self, *_: object) -> None:
        """Nothing: `requests` is the log."""
