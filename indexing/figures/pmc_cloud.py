"""The PMC Cloud: NLM's public bucket of open-access articles, over plain HTTPS, without an account.

Documented by NLM: a folder PMC1.1/ per article version with its text (PMC1.1.xml, JATS) and media, metadata/PMC1.1.json
(also as PMC1.1/PMC1.1.json), and S3's listing (list-type=2, prefix, delimiter, continuation-token). The older trees
(oa_comm, FTP) ended in August 2026. Assumed: a key that does not exist answers 404, as in any bucket that may be
listed, and a version once listed keeps its files for as long as a harvest needs to read them.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

import httpx2
from lxml import etree

from indexing.figures.pmc_folder import MAX_METADATA
from indexing.figures.pmc_metadata import VERSION_NAME
from indexing.retries import backoff, retry_after
from retrieval.errors import RecordError, SourceError

PMC_CLOUD: Final = "https://pmc-oa-opendata.s3.amazonaws.com/"
MAX_WAIT: Final = 60.0
"""Seconds: a server that asks for a longer pause is reported rather than waited for."""
_PATIENCE: Final = 12
"""A body may take this many timeouts in all: the timeout alone would let a server drip a byte at a time for ever."""
_LONGEST_BACKOFF: Final = 30.0
_MAX_PAGES: Final = 50
_CONNECT_TIMEOUT: Final = 5.0

_log = logging.getLogger(__name__)


class _PassingError(Exception):
    """Worth another attempt; `retry_after` is the pause in seconds that the server asked for."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PmcCloud:
    """A PmcSource; use it in a `with` statement. Threads may share it: never more than `connections` requests at once.

    `timeout` bounds each wait for the server, in seconds. Failing to connect is final until the host has answered once.
    """

    def __init__(
        self,
        base_url: str = PMC_CLOUD,
        *,
        connections: int = 4,
        timeout: float = 20.0,
        max_attempts: int = 5,
        wait: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
        today: Callable[[], str] = lambda: datetime.now(UTC).date().isoformat(),
    ) -> None:
        self._base_url = base_url.rstrip("/") + "/"
        self.connections = connections
        self._timeout, self._max_attempts = timeout, max_attempts
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._jitter, self._today = jitter, today
        self._client: httpx2.Client | None = None
        self._answered = False

    def __enter__(self) -> Self:
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(self._timeout, connect=min(_CONNECT_TIMEOUT, self._timeout)),
            limits=httpx2.Limits(max_connections=self.connections, max_keepalive_connections=self.connections),
            headers={"User-Agent": "pathlit"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._client is not None:
            self._client.close()
            self._client = None

    def stop(self) -> None:
        """Ends every pause between attempts: those requests then fail."""
        self._stopped.set()

    @property
    def name(self) -> str:
        """The address, without a password that it may hold."""
        parts = urlsplit(self._base_url)
        return parts._replace(netloc=self.host).geturl()

    @property
    def host(self) -> str:
        return urlsplit(self._base_url).netloc.rpartition("@")[2]

    # --- What a PmcSource offers --------------------------------------------------------------------------------

    def stamp(self, pmcid: str) -> str:
        """The day: PMC renews its files daily."""
        return self._today()

    def newest(self, pmcid: str) -> str:
        prefixes = self._prefixes(f"{pmcid}.")
        versions = [int(match[2]) for prefix in prefixes if (match := VERSION_NAME.fullmatch(prefix.rstrip("/")))]
        if not versions:
            raise RecordError(self.host, pmcid, "it is not among PMC's open-access articles")
        return f"{pmcid}.{max(versions)}"

    def metadata(self, version: str) -> bytes:
        return self.read(f"metadata/{version}.json", MAX_METADATA)

    def names(self, version: str) -> tuple[str, ...]:
        return ()

    def read(self, key: str, limit: int) -> bytes:
        return self._get(key, {}, limit)

    # --- Underneath ---------------------------------------------------------------------------------------------

    def _prefixes(self, prefix: str) -> list[str]:
        """The folders whose names begin so."""
        parameters = {"list-type": "2", "prefix": prefix, "delimiter": "/"}
        found: list[str] = []
        for _ in range(_MAX_PAGES):
            body = self._get("", parameters, MAX_METADATA)
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            try:
                root = etree.fromstring(body, parser)
            except etree.XMLSyntaxError as exc:
                raise SourceError(f"{self.host} answered a listing with no XML: {exc.msg}; check the address") from exc
            if etree.QName(root).localname != "ListBucketResult":
                raise SourceError(f"{self.host} answered a listing with <{root.tag}>; check the address")
            found += [element.text or "" for element in root.iterfind("{*}CommonPrefixes/{*}Prefix")]
            token = root.findtext("{*}NextContinuationToken")
            if not token or root.findtext("{*}IsTruncated") != "true":
                return found
            parameters["continuation-token"] = token
        raise SourceError(f"{self.host} lists {prefix!r} without end: more than {_MAX_PAGES} pages")

    def _get(self, key: str, parameters: dict[str, str], limit: int) -> bytes:
        attempt = 1
        while True:
            try:
                return self._once(key, parameters, limit)
            except _PassingError as exc:
                pause = exc.retry_after
                if pause is None:
                    pause = backoff(attempt, self._jitter(), longest=_LONGEST_BACKOFF)
                if pause > MAX_WAIT:
                    raise SourceError(f"{exc}; it asks for a pause of {pause:.0f} s: try again after that") from exc
                if attempt >= self._max_attempts or self._stopped.is_set():
                    raise SourceError(f"{exc} (attempts: {attempt}); what was read is kept, try again later") from exc
                _log.warning("%s; asking again in %.1f s", exc, pause)
                self._wait(pause)
                attempt += 1

    def _once(self, key: str, parameters: dict[str, str], limit: int) -> bytes:
        if self._client is None:
            raise SourceError("the PMC Cloud is not open: use it in a with statement")
        what = key or f"the list of {parameters.get('prefix', '')}"
        try:
            with self._client.stream("GET", self._base_url + quote(key), params=parameters) as answer:
                self._answered = True
                self._check(answer, what)
                return self._body(answer, what, limit)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as exc:
            raise SourceError(f"{self._base_url} is no address of a PMC Cloud: {exc}") from exc
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
            says = f"{self.host} cannot be reached: {str(exc) or type(exc).__name__}"
            if self._answered:
                raise _PassingError(says) from exc
            raise SourceError(f"{says}; check the network and the proxy settings, or read a folder instead") from exc
        except httpx2.HTTPError as exc:
            raise _PassingError(
                f"{self.host} gave no complete answer for {what}: {str(exc) or type(exc).__name__}"
            ) from exc

    def _check(self, answer: httpx2.Response, what: str) -> None:
        status = answer.status_code
        if status == 200:
            return
        if status == 404:
            raise RecordError(self.host, what, "there is no such file (HTTP 404)")
        says = f"{self.host} answered HTTP {status} for {what}"
        if status in (408, 429) or status >= 500:
            raise _PassingError(says, retry_after(answer.headers.get("Retry-After")))
        raise SourceError(f"{says}: check the address of the PMC Cloud")

    def _body(self, answer: httpx2.Response, what: str, limit: int) -> bytes:
        deadline = time.monotonic() + _PATIENCE * self._timeout
        body = bytearray()
        for part in answer.iter_bytes():
            body += part
            if len(body) > limit:
                raise RecordError(self.host, what, f"it is larger than {limit:,} bytes")
            if time.monotonic() > deadline:
                raise _PassingError(f"{self.host} was still sending {what} after {_PATIENCE * self._timeout:g} s")
        return bytes(body)
