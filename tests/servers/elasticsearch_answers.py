"""Stand-ins for what a real Elasticsearch does not do on demand: other versions, refusals, silence.

with AnsweringServer(nodes_of("8.19.3")) as server:
    connect(Access(hosts=(server.url,)))
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str


class Reply(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str] = PRODUCT


Answer = Callable[[Asked], Reply]


def always(status: int, body: Any, headers: dict[str, str] = PRODUCT) -> Answer:
    return lambda _: Reply(status, body, headers)


def refusal(status: int, kind: str, reason: str, **more: Any) -> Answer:
    """An error as Elasticsearch words it."""
    error = {"type": kind, "reason": reason}
    return always(status, {"error": {"root_cause": [error], **error, **more}, "status": status})


def nodes_of(*versions: str, roles: tuple[str, ...] = ("master", "data_content")) -> Answer:
    """Says which nodes there are, to whoever does not insist on the content type of another major version."""

    def answer(asked: Asked) -> Reply:
        if "compatible-with" in asked.headers.get("accept", ""):
            return refusal(400, "media_type_header_exception", "Invalid media-type value on headers [Accept]")(asked)
        nodes = {f"node-{i}": {"version": version, "roles": list(roles)} for i, version in enumerate(versions)}
        return Reply(200, {"nodes": nodes})

    return answer


class AnsweringServer:
    """Answers every request by a function, on loopback, and keeps what was asked. `tls`: certificate chain and key."""

    def __init__(self, answer: Answer, tls: tuple[Path, Path] | None = None) -> None:
        self.asked: list[Asked] = []
        self._answer, self._tls = answer, tls

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = int(self._server.server_port)
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self._answer(asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, owner: AnsweringServer, *connection: Any) -> None:
        self._owner = owner
        with contextlib.suppress(OSError):
            super().__init__(*connection)

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self._owner.answer(Asked(self.command, self.path, headers, body))
        text = isinstance(reply.body, str)
        content = reply.body.encode() if text else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        kind = {"content-type": "text/html" if text else "application/json"}
        for name, value in {**kind, **reply.headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _reply  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def dead_address() -> str:
    """Where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"
