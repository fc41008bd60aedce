"""GET requests to one server of bulk files: patient with what passes, plain about what does not."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx2

from indexing.retries import backoff, retry_after
from retrieval.errors import SourceError

MAX_WAIT: Final = 300.0
"""Seconds: a server that asks for a longer pause is reported rather than waited for."""
SLOWEST: Final = 1000
"""Bytes per second, over one timeout: less is as good as nothing, and the request is made again."""

Wait = Callable[[threading.Event, float], object]
"""Waits so many seconds, or until the event is set."""

_CONNECT_TIMEOUT: Final = 10.0
_LONGEST_BACKOFF: Final = 60.0
_MAX_REDIRECTS: Final = 5
_ADVICE: Final = {
    403: "the server refuses access: check the address, or wait an hour, for NCBI locks out those who ask too much",
    404: "it is not there, or no longer: list the files again, PubMed may have replaced them",
}

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


def bare_address(url: str) -> str:
    """An address without the name and password that it may hold, for people to read."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


class PassingError(SourceError):
    """Worth another attempt; `retry_after` is the pause in seconds that the server asked for."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BulkRequests:
    """Use it in a `with` statement; it keeps one connection. `timeout` (s) bounds each wait for the server.

    Failing to connect is final until the host has answered once, and passing after that.
    """

    def __init__(
        self,
        host: str,
        *,
        timeout: float,
        max_attempts: int,
        stop: threading.Event,
        wait: Wait = threading.Event.wait,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.host = host
        self._timeout, self._max_attempts = timeout, max_attempts
        self._stop, self._wait, self._jitter = stop, wait, jitter
        self._client: httpx2.Client | None = None
        self._answered = False

    def __enter__(self) -> Self:
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(self._timeout, connect=min(_CONNECT_TIMEOUT, self._timeout)),
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1),
            # Identity: a server must not wrap the files once more, nor count ranges in what it wrapped.
            headers={"User-Agent": "pathlit", "Accept-Encoding": "identity"},
            follow_redirects=True,
            max_redirects=_MAX_REDIRECTS,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def persist(self, attempt: Callable[[], _Result], *, progress: Callable[[], int] = lambda: 0) -> _Result:
        """Repeats an attempt while it raises PassingError, at most `max_attempts` times without `progress` rising."""
        tries, reached = 1, progress()
        while True:
            try:
                return attempt()
            except PassingError as exc:
                if (now := progress()) > reached:
                    tries, reached = 1, now
                pause = exc.retry_after
                if pause is None:
                    pause = backoff(tries, self._jitter(), longest=_LONGEST_BACKOFF)
                if pause > MAX_WAIT:
                    raise SourceError(f"{exc}; it asks for a pause of {pause:.0f} s: try again after that") from exc
                if tries >= self._max_attempts:
                    raise SourceError(f"{exc} (attempts: {tries}); what has arrived is kept, try again later") from exc
                _log.warning("%s; asking again in %.1f s", exc, pause)
                self._wait(self._stop, pause)
                self._end_if_stopped()
                tries += 1

    @contextmanager
    def get(self, url: str, headers: dict[str, str] | None = None) -> Iterator[httpx2.Response]:
        """One attempt: the answer to be read, with status 200, 206 or 416. Raises PassingError or SourceError."""
        self._end_if_stopped()
        if self._client is None:
            raise SourceError(f"the connection to {self.host} is not open: use it in a with statement")
        what = urlsplit(url).path
        try:
            with self._client.stream("GET", url, headers=headers or {}) as answer:
                self._answered = True
                self._check(answer, what)
                yield answer
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.TooManyRedirects) as exc:
            raise SourceError(f"{self.host} cannot be asked for {what}: {exc}; check the address") from exc
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
            says = f"{self.host} cannot be reached: {str(exc) or type(exc).__name__}"
            if self._answered:
                raise PassingError(says) from exc
            raise SourceError(f"{says}; check the network and the proxy settings, or read a local mirror") from exc
        except httpx2.HTTPError as exc:
            reason = str(exc) or type(exc).__name__
            raise PassingError(f"{self.host} gave no complete answer for {what}: {reason}") from exc

    def pieces(self, answer: httpx2.Response) -> Iterator[bytes]:
        """The bytes of the answer as they come; PassingError where they come too slowly."""
        since, received = time.monotonic(), 0
        for piece in answer.iter_raw():
            self._end_if_stopped()
            received += len(piece)
            if (passed := time.monotonic() - since) > self._timeout:
                if received < SLOWEST * passed:
                    raise PassingError(f"{self.host} sends less than {SLOWEST:,} bytes a second")
                since, received = time.monotonic(), 0
            yield piece

    def text(self, url: str, *, limit: int, complete: Callable[[str], bool]) -> str:
        """The text behind a URL; one that is not `complete` is asked for again."""
        return self.persist(lambda: self._text(url, limit, complete))

    def _text(self, url: str, limit: int, complete: Callable[[str], bool]) -> str:
        body = bytearray()
        with self.get(url) as answer:
            for piece in self.pieces(answer):
                body += piece
                if len(body) > limit:
                    raise SourceError(f"{bare_address(url)} is larger than {limit:,} bytes: check the address")
        text = body.decode(errors="replace")
        if not complete(text):
            what = urlsplit(url).path
            raise PassingError(f"{self.host} cut its answer for {what} short, or gave another one: {text[:40]!r}")
        return text

    def _check(self, answer: httpx2.Response, what: str) -> None:
        status = answer.status_code
        if answer.url.scheme == "http" and any(past.url.scheme == "https" for past in answer.history):
            raise SourceError(f"{self.host} leads from https to plain http for {what}: check the address")
        if status in (200, 206, 416):
            return
        says = f"{self.host} answered HTTP {status} for {what}"
        if advice := _ADVICE.get(status):
            says += f": {advice}"
        # Not every server behind one name is up to date, and some refuse with 403 those who ask too fast.
        if status in (403, 404, 408, 425, 429) or status >= 500:
            raise PassingError(says, retry_after(answer.headers.get("Retry-After")))
        raise SourceError(f"{says}: check the address")

    def _end_if_stopped(self) -> None:
        if self._stop.is_set():
            raise SourceError(f"reading from {self.host} was stopped; what has arrived is kept")
