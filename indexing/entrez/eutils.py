"""One request to NCBI's E-utilities: asked through Bio.Entrez, waited for, checked and translated.

Bio.Entrez builds and sends the requests. It keeps NCBI's pace (3 a second, 10 with a key) within one process; Pace
keeps it across all of them. Its retry is not used: it ignores Retry-After, repeats a 429 or 5xx without a pause, waits
15 s after a failed name lookup, and never sees an answer cut off while it is read. So it is told to try once, and
trying again is done here.
"""

from __future__ import annotations

import io
import logging
import random
import re
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, IncompleteRead
from textwrap import shorten
from typing import Literal, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote_plus, urlsplit

from Bio import Entrez

from indexing.entrez.answer import complaint, is_complete
from indexing.entrez.pace import Pace
from indexing.retries import backoff, retry_after
from retrieval.errors import ConfigurationError, SourceError

T = TypeVar("T")
NCBI_EUTILS = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
MAX_WAIT = 60.0
"""Seconds: a server that asks for a longer pause than this is reported rather than waited for."""

_LONGEST_BACKOFF = 30.0
_READ_PATIENCE = 12
"""A body may take this many timeouts in all: the timeout alone would let a server drip a byte at a time for ever."""
_TRANSIENT = re.compile(
    r"rate limit exceeded|backend failed(?!.*retstart)|temporarily unavailable", re.IGNORECASE | re.DOTALL
)
# What PubMed has been seen to say once a search is no longer kept, or was never kept in this environment.
_EXPIRED = re.compile(r"history|webenv|query_?key|obtain query", re.IGNORECASE)
_LONGEST = 400
_PER_SECOND, _PER_SECOND_WITH_KEY = 3, 10
_OFFLINE = "check the network and the proxy settings, or read PubMed files from disk instead"

_bio_entrez = threading.Lock()
"""Bio.Entrez keeps its settings and its pace in module variables: one request is opened at a time."""
_log = logging.getLogger(__name__)


class TransientSourceError(SourceError):
    """A failure worth another attempt; `retry_after` is the pause in seconds that the server asked for."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HistoryExpiredError(SourceError):
    """The history server no longer keeps the search that was referred to: search again."""


class TruncatedAnswerError(TransientSourceError):
    """An answer that stopped before its end; asking for less may succeed."""


class _Reroute(urllib.request.BaseHandler):
    """Gives Bio.Entrez's requests a timeout and another base URL; it has no setting for either."""

    handler_order = 100  # before urllib's own handlers, which write the Host header

    def __init__(self, base_url: str, timeout: float) -> None:
        self.base_url, self.timeout = base_url, timeout

    def https_request(self, request: urllib.request.Request) -> urllib.request.Request:
        if request.full_url.startswith(NCBI_EUTILS):
            request.full_url = self.base_url + request.full_url.removeprefix(NCBI_EUTILS)
            request.timeout = self.timeout
        return request


class Eutils:
    """Sends single requests. Failing to connect is final until the host has answered once, and transient after that.

    `timeout` bounds each wait for the server, `connect_timeout` the first name lookup and connection in all; seconds.
    """

    def __init__(
        self,
        *,
        email: str,
        tool: str,
        api_key: str | None = None,
        base_url: str = NCBI_EUTILS,
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
        max_attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        pace: Pace | None = None,
    ) -> None:
        self._email, self._tool, self._api_key = email, tool, api_key
        self._base_url = base_url.rstrip("/") + "/"
        self._timeout, self._connect_timeout, self._max_attempts = timeout, connect_timeout, max_attempts
        self._sleep, self._jitter = sleep, jitter
        self._pace = pace or Pace(self.host, _PER_SECOND_WITH_KEY if api_key else _PER_SECOND)
        self._answered = False

    @property
    def host(self) -> str:
        return urlsplit(self._base_url).netloc.rpartition("@")[2]

    def call(
        self,
        utility: Literal["esearch", "efetch"],
        parameters: Mapping[str, str | int],
        *,
        read: Callable[[bytes], T],
        retry_truncated: bool = True,
    ) -> T:
        """What `read` makes of the body of a complete XML answer that is no error message.

        `read` raises TruncatedAnswerError for a body that it cannot use, which is then asked for again like any other
        that was cut off; with retry_truncated=False that error comes at once, for the caller to ask for less.
        Raises SourceError; HistoryExpiredError where the request named a WebEnv that is gone.
        """
        if "@" not in self._email:
            raise ConfigurationError(f"NCBI asks every caller for an email address, not {self._email!r}: set your own")
        attempt = 1
        while True:
            try:
                return read(self._ask(utility, parameters))
            except TransientSourceError as exc:
                if isinstance(exc, TruncatedAnswerError) and not retry_truncated:
                    raise
                if exc.retry_after is not None and exc.retry_after > MAX_WAIT:
                    raise SourceError(
                        f"{exc}; it asks for a pause of {exc.retry_after:.0f} s: try again after that"
                    ) from exc
                if attempt >= self._max_attempts:
                    kind = TruncatedAnswerError if isinstance(exc, TruncatedAnswerError) else SourceError
                    raise kind(f"{exc} (attempts: {attempt}); try again later") from exc
                wait = exc.retry_after
                if wait is None:
                    wait = backoff(attempt, self._jitter(), longest=_LONGEST_BACKOFF)
                _log.warning("%s; asking again in %.1f s", exc, wait)
                self._sleep(wait)
                attempt += 1

    def _ask(self, utility: str, parameters: Mapping[str, str | int]) -> bytes:
        try:
            if not self._answered:
                self._reach()
            body = self._read(self._open(utility, parameters))
        except HTTPError as exc:
            self._answered = True
            refusal = self._refusal(exc)
            if exc.code == HTTPStatus.BAD_REQUEST and "WebEnv" in parameters and _EXPIRED.search(str(refusal)):
                refusal = HistoryExpiredError(str(refusal))
            raise refusal from exc
        except IncompleteRead as exc:
            raise TruncatedAnswerError(f"{self.host} cut its {utility} answer short") from exc
        except (OSError, HTTPException) as exc:
            raise self._failure(exc) from exc
        if (text := complaint(body)) is not None:
            kind: type[SourceError] = TransientSourceError if _TRANSIENT.search(text) else SourceError
            if "WebEnv" in parameters and _EXPIRED.search(text):
                kind = HistoryExpiredError
            raise kind(self._clean(f"{self.host} answered {utility} with an error: {text}"))
        if not is_complete(body):
            raise TruncatedAnswerError(f"{self.host} cut its {utility} answer short, after {len(body):,} bytes")
        return body

    def _reach(self) -> None:
        """Looks the host (or its proxy) up and connects, in a thread: a name lookup knows no timeout of its own."""
        url = urlsplit(self._base_url)
        proxy = urllib.request.getproxies().get(url.scheme)
        if proxy and not urllib.request.proxy_bypass(url.netloc):
            url = urlsplit(proxy if "://" in proxy else f"//{proxy}", scheme="http")
        address = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
        outcome: list[OSError | None] = []

        def connect() -> None:
            try:
                # Half the time, so that a dead IPv6 route leaves the other half to IPv4.
                socket.create_connection(address, timeout=self._connect_timeout / 2).close()
                outcome.append(None)
            except OSError as exc:
                outcome.append(exc)

        thread = threading.Thread(target=connect, name="pathlit-reach", daemon=True)
        thread.start()
        thread.join(self._connect_timeout)
        failure = outcome[0] if outcome else TimeoutError(f"no connection within {self._connect_timeout:g} s")
        if failure is not None:
            raise failure

    def _open(self, utility: str, parameters: Mapping[str, str | int]) -> HTTPResponse:
        """Bio.Entrez calls urllib's urlopen, so the opener that urlopen uses is ours for the length of the call."""
        # Given at each call, tool, email and key stay out of Bio.Entrez's module variables.
        identity = {"tool": self._tool, "email": self._email, "api_key": self._api_key}
        opener = urllib.request.build_opener(_Reroute(self._base_url, self._timeout))
        with _bio_entrez, self._pace.token():
            opener_before, tries_before = getattr(urllib.request, "_opener", None), Entrez.max_tries
            urllib.request.install_opener(opener)
            Entrez.max_tries = 1
            try:
                answer = getattr(Entrez, utility)(**parameters, **identity)
            finally:
                Entrez.max_tries = tries_before
                urllib.request.install_opener(opener_before)
        # Bio.Entrez wraps an answer of type text/plain, as errors may be, into a text stream.
        response: HTTPResponse = answer.detach() if isinstance(answer, io.TextIOWrapper) else answer
        return response

    def _read(self, answer: HTTPResponse) -> bytes:
        self._answered = True
        deadline = time.monotonic() + _READ_PATIENCE * self._timeout
        body = bytearray()
        with answer:
            # read1 returns with what has come, so that the deadline is looked at; it never raises IncompleteRead.
            while part := answer.read1(1 << 16):
                body += part
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the answer was still coming after {_READ_PATIENCE * self._timeout:g} s")
            announced = answer.headers.get("Content-Length", "")
        if announced.isdecimal() and len(body) < int(announced):
            raise IncompleteRead(b"", int(announced) - len(body))
        return bytes(body)

    def _refusal(self, exc: HTTPError) -> SourceError:
        body = b""
        with exc, suppress(OSError, HTTPException):
            body = exc.read(10_000)
        text = self._clean(f"{self.host} answered HTTP {exc.code}: {complaint(body) or exc.reason}")
        if exc.code == 429 or exc.code >= 500:
            return TransientSourceError(text, retry_after(exc.headers.get("Retry-After")))
        return SourceError(text)

    def _failure(self, exc: OSError | HTTPException) -> SourceError:
        cause = exc.reason if isinstance(exc, URLError) else exc
        what = "gave no complete answer" if self._answered else "cannot be reached"
        text = self._clean(f"{self.host} {what}: {str(cause) or type(cause).__name__}; {_OFFLINE}")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SourceError(text)
        dropped = isinstance(cause, ConnectionError | HTTPException) and not isinstance(cause, ConnectionRefusedError)
        return TransientSourceError(text) if dropped or self._answered else SourceError(text)

    def _clean(self, text: str) -> str:
        """One line without the key, which NCBI repeats in its complaints; hidden first, so that no cut bares half."""
        for secret in filter(None, (self._api_key, quote_plus(self._api_key or ""))):
            text = text.replace(secret, "***")
        return shorten(text, _LONGEST, placeholder=" ...")
