"""The connection to an OpenAI-compatible server, bounded in time and bytes whatever the server does."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final

import httpx2
import msgspec
import openai
from openai import RequestOptions

from retrieval.answer.llm.openai_errors import before_reply, during_reply, too_long, unavailable
from retrieval.answer.llm.openai_reply import Reply

_CONNECT_TIMEOUT: Final = 5.0
_LONGEST_PAUSE: Final = 20.0
"""Seconds: a server that asks for a longer pause is reported rather than waited for."""
_DONE = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")
_TAIL: Final = 64


class Bounds:
    """What one reply may cost: seconds spent on waiting for the server, and bytes of all that it sends."""

    def __init__(self, seconds: float, size: int) -> None:
        self.seconds, self.size = seconds, size
        self.tail = b""
        """The last bytes that came."""

    @property
    def done(self) -> bool:
        """Whether the server has sent the mark that ends a stream."""
        return bool(_DONE.search(self.tail))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds -= time.monotonic() - start


_bounds: ContextVar[Bounds | None] = ContextVar("bounds", default=None)


class _BoundedStream(httpx2.SyncByteStream):
    """Counts bytes and seconds below the decoder, which would wait for ever for the end of a line."""

    def __init__(self, stream: httpx2.SyncByteStream, bounds: Bounds, where: str) -> None:
        self._stream, self._bounds, self._where = stream, bounds, where

    def __iter__(self) -> Iterator[bytes]:
        bounds, pieces = self._bounds, iter(self._stream)
        while True:
            with bounds.waiting():
                piece = next(pieces, None)
            if piece is None:
                return
            bounds.size -= len(piece)
            bounds.tail = (bounds.tail + piece)[-_TAIL:]
            if bounds.size < 0 or bounds.seconds < 0:
                self.close()
                bound = "its time" if bounds.seconds < 0 else "its bytes"
                raise too_long(self._where, f"{bound} had run out", "ask for less, or choose another model")
            yield piece

    def close(self) -> None:
        self._stream.close()


class _BoundedClient(httpx2.Client):
    """Follows no redirect, so that neither key nor question reach another host, and keeps no connection.

    Without kept connections a closed reply is a closed connection, which every server notices.
    """

    def __init__(self, where: str, timeout: httpx2.Timeout) -> None:
        self._where = where
        super().__init__(
            timeout=timeout,
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity"},
        )

    def send(self, request: httpx2.Request, *, stream: bool = False, **arguments: Any) -> httpx2.Response:
        bounds = _bounds.get()
        if bounds is None:
            return super().send(request, stream=stream, **arguments)
        try:
            response = super().send(request, stream=True, **arguments)
        except httpx2.ReadTimeout:
            # Not asked again: it may be at work on the question, and would get more and more of them.
            says = "gave no answer in time: is it busy, or still loading the model?"
            raise unavailable(self._where, says) from None
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _BoundedStream(response.stream, bounds, self._where)
        with suppress(ValueError):
            if float(response.headers.get("retry-after", 0)) > min(_LONGEST_PAUSE, bounds.seconds):
                response.headers["x-should-retry"] = "false"
        if not stream:
            response.read()
        return response


class Connection:
    """Safe to use from several threads. Nothing is contacted before the first request."""

    def __init__(self, base_url: str, where: str, *, key: str, timeout: float, max_retries: int) -> None:
        self.where = where
        try:
            url = httpx2.URL(base_url)
            # The address is logged, and so is a key in it.
            if url.userinfo or url.query or url.scheme not in ("http", "https") or not url.host:
                raise ValueError
            # Variables of the environment that are meant for another server are overruled, each by name.
            authorization = f"Bearer {key}" if key else openai.omit
            headers: dict[str, Any] = {"OpenAI-Organization": openai.omit, "OpenAI-Project": openai.omit}
            self._options: RequestOptions = {"headers": {"Authorization": authorization}}
            limits = httpx2.Timeout(timeout, connect=min(_CONNECT_TIMEOUT, timeout))
            self._client = openai.OpenAI(
                base_url=url,
                api_key=key or "none",
                admin_api_key="",
                organization="",
                project="",
                webhook_secret="",
                default_headers=headers,
                timeout=limits,
                max_retries=max_retries,
                http_client=_BoundedClient(where, limits),
            )
        except (ValueError, TypeError, httpx2.InvalidURL):
            reason = "has no usable address: write the base URL as http://host:port/v1, without a name or a key in it"
            raise unavailable(where, reason) from None

    def open(self, body: Mapping[str, object], bounds: Bounds) -> openai.Stream[object]:
        """The reply to a request, to be read with `reading`. Raises openai.APIStatusError and LanguageModelError."""
        token = _bounds.set(bounds)
        try:
            with bounds.waiting():
                return self._client.post(
                    "/chat/completions",
                    cast_to=object,
                    body=body,
                    options=self._options,
                    stream=True,
                    stream_cls=openai.Stream[object],
                )
        except openai.APIStatusError:
            raise
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError) as exc:
            raise before_reply(exc, self.where) from None
        finally:
            _bounds.reset(token)

    @contextmanager
    def reading(self, stream: openai.Stream[object], reply: Reply) -> Iterator[Iterator[object]]:
        """The decoded chunks of a stream, or the one completion of a server that does not stream.

        Leaving it closes the connection. What goes wrong within, also in `reply`, is raised as LanguageModelError.
        """
        try:
            yield self._chunks(stream)
        except (openai.OpenAIError, httpx2.HTTPError, msgspec.MsgspecError, ValueError, RecursionError) as exc:
            raise during_reply(exc, self.where, said=reply.characters > 0) from None
        finally:
            stream.close()

    def ask(self, method: str, url: str, body: object = None, *, seconds: float) -> object:
        """One short question about the server itself, asked once; None where it has no answer in JSON."""
        token = _bounds.set(Bounds(seconds, 1 << 22))
        client = self._client.with_options(timeout=seconds, max_retries=0)
        try:
            if method == "GET":
                return client.get(url, cast_to=object, options=self._options)
            return client.post(url, cast_to=object, body=body, options=self._options)
        except openai.APIStatusError:
            return None
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError, RecursionError) as exc:
            raise before_reply(exc, self.where) from None
        finally:
            _bounds.reset(token)

    def _chunks(self, reply: openai.Stream[object]) -> Iterator[object]:
        response = reply.response
        if "event-stream" in response.headers.get("content-type", ""):
            yield from reply
            return
        start = response.read().lstrip()[:1]  # a later look at the stream finds what was read
        if start == b"<":
            raise unavailable(self.where, "answers with a web page: check that the base URL ends as its API does")
        if start != b"{":
            yield from reply
            return
        completion = json.loads(response.content)
        if error := completion.get("error"):
            raise openai.APIError("", response.request, body=error)
        yield completion
