"""A loopback stand-in for an OpenAI-compatible server, which replies as its script says, honestly or not.

    with ScriptedChat() as chat:
        chat.says("Budding predicts ", "spread [K7Q].")                     # the next reply, in two pieces
        chat.will(Reply(["Half a sen"], drop=True))                         # the one after that
        chat.will(lambda asked: Reply([f"Cited [{asked.keys[0]}]."]))       # one that reads what it was shown
        OpenAIModel(chat.url, "scripted")

Each request takes one reply, in order; `otherwise` answers what comes after them. `requests` keeps what was asked.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from retrieval.answer.keys import KEY_PATTERN

__all__ = ["Asked", "Reply", "ScriptedChat"]

_SHOWN_KEY = re.compile(rf'"key": "({KEY_PATTERN})"')


@dataclass(frozen=True)
class Asked:
    """One request as it came; header names in small letters, time is time.monotonic()."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    time: float
    gone: threading.Event = field(default_factory=threading.Event)
    """Set once the client has closed the connection before the reply was at its end."""

    @property
    def text(self) -> str:
        """All messages, one after the other."""
        return "\n".join(str(message.get("content") or "") for message in self.body.get("messages", ()))

    @property
    def keys(self) -> list[str]:
        """Of the sources shown, in order."""
        return list(dict.fromkeys(_SHOWN_KEY.findall(self.text)))

    def sources(self) -> list[dict[str, Any]]:
        """The sources shown, each with "key" and "says"."""
        for message in self.body.get("messages", ()):
            try:
                shown = json.loads(message.get("content") or "")
            except ValueError:
                continue
            if isinstance(shown, dict) and "sources" in shown:
                return list(shown["sources"])
        return []


@dataclass(frozen=True)
class Reply:
    """What one request gets. Without a fault, a complete chat completion, streamed where that was asked for."""

    pieces: Sequence[str] = ()
    """Of the text, one chunk each."""
    calls: Sequence[tuple[str, str]] = ()
    """Tool calls (name, arguments), the arguments of each in two chunks."""
    thoughts: Sequence[str] = ()
    """Sent before the text, as reasoning_content."""
    refusal: str = ""
    finish: str | None = "stop"
    """The finish_reason; "tool_calls" takes its place where there are calls. None: none is sent."""
    done: bool = True
    """Whether [DONE] ends the stream."""
    wait: float = 0.0
    """Seconds before anything is sent."""
    delay: float = 0.0
    """Seconds before each piece of the text."""
    chunks: Sequence[Mapping[str, Any] | bytes] = ()
    """More chunks after the text: objects, or bytes sent as the data of an event."""
    drop: bool = False
    """Closes the connection after the pieces, in the middle of the transfer."""
    stall: bool = False
    """Falls silent after the pieces, and keeps the connection."""
    endless: bool = False
    """Sends the pieces again and again."""
    keep_alive: float = 0.0
    """After the pieces: comments without end, so many seconds apart."""
    streams: bool = True
    """False: one JSON object, also where a stream was asked for."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str | Mapping[str, Any] | None = None
    """The whole body in place of a completion."""
    content_type: str = ""

    @classmethod
    def error(cls, status: int, message: str, **more: Any) -> Self:
        """An error in the form of the API: `code`, `type`, `param` of it, or fields of Reply."""
        own = {name: more.pop(name) for name in ("headers",) if name in more}
        return cls(status=status, body={"error": {"message": message, **more}}, **own)


Script = Reply | Callable[[Asked], Reply]


class ScriptedChat:
    """Use it in a `with` statement. `context` is what /v1/models says of the model; None: it says nothing of it."""

    def __init__(self, *, model: str = "scripted", context: int | None = 16_384) -> None:
        self.model = model
        self.script: deque[Script] = deque()
        self.otherwise: Script = Reply(["NOT ANSWERED"])
        self.requests: list[Asked] = []
        """Those of chat completions."""
        self.others: list[Asked] = []
        entry: dict[str, object] = {"id": model, "object": "model", "owned_by": "tests"}
        if context is not None:
            entry |= {"max_model_len": context}
        self.pages: dict[str, Reply] = {"/v1/models": Reply(body={"object": "list", "data": [entry]})}
        """What other paths answer; the rest is 404."""
        self.stopped = threading.Event()
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"

    def will(self, *replies: Script) -> None:
        self.script.extend(replies)

    def says(self, *pieces: str) -> None:
        self.will(Reply(pieces))

    def __enter__(self) -> Self:
        self._http = _Server(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer_to(self, asked: Asked) -> Reply:
        """Notes a request and takes the reply that waits for it."""
        with self._lock:
            if not asked.path.endswith("/chat/completions"):
                self.others.append(asked)
                return self.pages.get(asked.path, Reply.error(404, "no such page"))
            self.requests.append(asked)
            script = self.script.popleft() if self.script else self.otherwise
        return script(asked) if callable(script) else script


class _GoneError(Exception):
    """The client has closed the connection."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away between requests are no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise each piece waits for the client's delayed ACK

    def __init__(self, chat: ScriptedChat, *connection: Any) -> None:
        self._chat = chat
        super().__init__(*connection)  # answers the requests

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

    def _answer(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, body, time.monotonic())
        reply = self._chat.answer_to(asked)
        try:
            self._wait(reply.wait)
            if reply.body is not None:
                self._whole(reply, reply.body)
            elif reply.streams and asked.body.get("stream"):
                self._streamed(reply)
            else:
                self._whole(reply, _completion(reply, self._chat.model))
        except (ConnectionError, _GoneError):
            asked.gone.set()
            self.close_connection = True

    def _whole(self, reply: Reply, body: bytes | str | Mapping[str, Any]) -> None:
        kind = "text/html" if isinstance(body, str) else "application/json"
        content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self._head(reply, kind, {"Content-Length": str(len(content))})
        self.wfile.write(content)

    def _streamed(self, reply: Reply) -> None:
        self._head(reply, "text/event-stream", {"Transfer-Encoding": "chunked"})
        for chunk in _before(reply, self._chat.model):
            self._event(chunk)
        while True:
            for piece in reply.pieces:
                self._wait(reply.delay)
                self._event(_chunk({"content": piece}, self._chat.model))
            if not reply.endless:
                break
            self._wait(0)
        for more in reply.chunks:
            self._event(more)
        while reply.stall or reply.keep_alive:
            self._wait(reply.keep_alive or 3600)
            self._send(b": still here\n\n")
        if reply.drop:
            # Closing with a linger time of zero sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True
            return
        for chunk in _after(reply, self._chat.model):
            self._event(chunk)
        if reply.done:
            self._event(b"[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, reply: Reply, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(reply.status)
        own = {"Content-Type": reply.content_type or content_type, **headers, **reply.headers}
        for name, value in own.items():
            self.send_header(name, value)
        self.end_headers()

    def _event(self, data: Mapping[str, Any] | bytes) -> None:
        self._send(b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n")

    def _send(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def _wait(self, seconds: float) -> None:
        """Waits, but no longer than the client or the server are there."""
        end = time.monotonic() + seconds
        while True:
            left = max(0.0, min(0.05, end - time.monotonic()))
            readable, _, _ = select.select([self.connection], [], [], left)
            if self._chat.stopped.is_set() or (readable and not self.connection.recv(1, socket.MSG_PEEK)):
                raise _GoneError
            if time.monotonic() >= end:
                return

    def log_message(self, *_: object) -> None:
        """Nothing: `requests` is the log."""


def _before(reply: Reply, model: str) -> Iterator[dict[str, Any]]:
    yield _chunk({"role": "assistant", "content": ""}, model)
    for thought in reply.thoughts:
        yield _chunk({"reasoning_content": thought}, model)
    if reply.refusal:
        yield _chunk({"refusal": reply.refusal}, model)


def _after(reply: Reply, model: str) -> Iterator[dict[str, Any]]:
    for index, (name, arguments) in enumerate(reply.calls):
        half = len(arguments) // 2
        begun = {"name": name, "arguments": arguments[:half]}
        yield _chunk({"tool_calls": [{"index": index, "id": f"call_{name}_{index}", "function": begun}]}, model)
    for index, (_, arguments) in enumerate(reply.calls):
        rest = {"arguments": arguments[len(arguments) // 2 :]}
        yield _chunk({"tool_calls": [{"index": index, "function": rest}]}, model)
    if reply.finish:
        yield _chunk({}, model, "tool_calls" if reply.calls else reply.finish)
    yield {"object": "chat.completion.chunk", "model": model, "choices": [], "usage": {"total_tokens": 1}}


def _chunk(delta: Mapping[str, Any], model: str, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chat-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}


def _completion(reply: Reply, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(reply.pieces)}
    if reply.thoughts:
        message["reasoning_content"] = "".join(reply.thoughts)
    if reply.refusal:
        message["refusal"] = reply.refusal
    if reply.calls:
        message["tool_calls"] = [
            {"id": f"call_{name}_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for n, (name, arguments) in enumerate(reply.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if reply.calls else reply.finish}
    return {"id": "chat-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
