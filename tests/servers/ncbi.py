"""A loopback stand-in for NCBI's E-utilities: esearch, efetch, epost and esummary, with faults on demand or at random.

    with NcbiServer(citations=500) as ncbi:
        ncbi.faults.append(Fault(status=429, headers={"Retry-After": "2"}))
        EntrezSource("me@example.org", base_url=ncbi.url)

Every term matches every citation, unless it contains one of `unknown_phrases`. PMIDs count down from the newest, as
PubMed sorts them. Each fault spoils one request, in order; `requests` keeps what was asked.
"""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from tests.servers.ncbi_world import FIRST_PMID, World

__all__ = ["FIRST_PMID", "SEARCH_CAP", "Asked", "Fault", "NcbiServer", "random_faults"]

SEARCH_CAP = 9_999
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" ?>\n'

Answer = tuple[int, dict[str, str], bytes]
Mount = Callable[[str, str, dict[str, str]], Answer]
"""Answers (method, path, headers) below a path of its own: the bulk tree."""


@dataclass(frozen=True)
class Asked:
    """One request as it came: utility is "esearch" or "efetch", time is time.monotonic()."""

    utility: str
    method: str
    parameters: dict[str, str]
    time: float


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. With no status and no body, the true answer is given, late or cut short."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    keep: float = 1.0
    """The part of the body that is sent before the connection closes; Content-Length announces the whole."""
    delay: float = 0.0
    drip: float = 0.0
    """Seconds between two bytes of the body."""
    reset: bool = False
    announce: bool = True
    """Whether Content-Length is sent at all; without it only the missing end tag gives a cut away."""
    garble: bool = False
    """An end tag in the middle is lost, so the body is complete and no XML."""
    leave_out: int = 0
    """So many records of the answer are left out, this once."""
    forget: bool = False
    """The history server loses every search that it kept."""


def random_faults(rate: float, seed: int) -> Callable[[Asked], Fault | None]:
    """Spoils a part of all requests, with every kind of fault that NCBI has been seen to have; the same each time."""
    dice = random.Random(seed)
    limit = json.dumps({"error": "API rate limit exceeded", "count": "4", "limit": "3"}, indent=1).replace('",', '",\n')
    kinds = (
        lambda: Fault(status=429, headers={"Retry-After": "1"}, body=limit),
        lambda: Fault(status=429, body=limit),
        lambda: Fault(status=500, body="<html><body><h1>Server Error</h1></body></html>"),
        lambda: Fault(status=502, body="<html><head><title>502 Bad Gateway</title></head></html>"),
        lambda: Fault(keep=dice.random() * 0.9),
        lambda: Fault(keep=dice.random() * 0.9, announce=False),
        lambda: Fault(reset=True),
        lambda: Fault(delay=dice.random()),
        lambda: Fault(garble=True),
        lambda: Fault(leave_out=dice.randint(1, 9)),
        lambda: Fault(forget=True),
        lambda: Fault(body='{"esearchresult":{"ERROR":"Search Backend failed: Couldn\'t\n resolve #1"}}'),
    )
    return lambda asked: dice.choice(kinds)() if dice.random() < rate else None


class NcbiServer:
    def __init__(
        self,
        citations: int = 500,
        *,
        enforce_rate: bool = False,
        world: World | None = None,
        faults_at_random: Callable[[Asked], Fault | None] = lambda asked: None,
        mounts: dict[str, Mount] | None = None,
    ) -> None:
        self.world = world or World(citations)
        self.enforce_rate = enforce_rate
        self.faults: deque[Fault] = deque()
        self.missing: set[int] = set()
        self.unknown_phrases: set[str] = set()
        self.requests: list[Asked] = []
        self.spoilt = 0
        """Requests that met with a random fault."""
        self._faults_at_random = faults_at_random
        self._mounts = mounts or {}
        self._history: dict[str, tuple[int, ...]] = {}
        self._kept = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def pmids(self) -> tuple[int, ...]:
        return tuple(self.world.pmids)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/"

    @property
    def url(self) -> str:
        return f"{self.root}entrez/eutils/"

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

    def busiest_second(self) -> int:
        """The most requests that came within any one second, as the server saw them."""
        times = sorted(asked.time for asked in self.requests)
        most, start = 0, 0
        for end, at in enumerate(times):
            while times[start] <= at - 1.0:
                start += 1
            most = max(most, end - start + 1)
        return most

    def admit(self, asked: Asked) -> tuple[Fault | None, str | None]:
        """Notes a request; gives the fault that waits for it, or the complaint about too many in one second."""
        with self._lock:
            self.requests.append(asked)
            key = asked.parameters.get("api_key")
            recent = 0
            for past in reversed(self.requests):
                if past.time <= asked.time - 1.0:
                    break
                recent += 1
            limit = 10 if key else 3
            if self.enforce_rate and recent > limit:
                error = {"error": "API rate limit exceeded", "api-key": key, "count": str(recent), "limit": str(limit)}
                return None, json.dumps(error)
            if self.faults:
                return self.faults.popleft(), None
            fault = self._faults_at_random(asked)
            if fault is not None:
                self.spoilt += 1
                if fault.forget:
                    self._history.clear()
            return fault, None

    def mounted(self, path: str) -> Mount | None:
        return next((mount for prefix, mount in self._mounts.items() if path.startswith(prefix)), None)

    def esearch(self, parameters: dict[str, str]) -> str:
        term = parameters.get("term", "")
        start, most = int(parameters.get("retstart", 0)), int(parameters.get("retmax", 20))
        if not term:
            return f"{_DECLARATION}<eSearchResult><ERROR>Empty term and query_key</ERROR></eSearchResult>"
        if start >= SEARCH_CAP:
            reason = "Search Backend failed: 'retstart' cannot be larger than 9998."
            return f"{_DECLARATION}<eSearchResult><ERROR>{reason}</ERROR></eSearchResult>"
        unknown = [phrase for phrase in sorted(self.unknown_phrases) if phrase in term]
        found = () if unknown else self._found(term, parameters)
        page = found[start : min(start + most, SEARCH_CAP)]
        environment = self._keep(found) if parameters.get("usehistory") == "y" else None
        if parameters.get("retmode") == "json":
            result: dict[str, object] = {"count": str(len(found)), "retmax": str(len(page)), "retstart": str(start)}
            result |= {"idlist": [str(pmid) for pmid in page], "querytranslation": f"{term}[All Fields]"}
            if environment:
                result |= {"querykey": "1", "webenv": environment}
            if unknown:
                result["errorlist"] = {"phrasesnotfound": unknown, "fieldsnotfound": []}
            return json.dumps({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result})
        ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in page)
        history = f"<QueryKey>1</QueryKey><WebEnv>{environment}</WebEnv>" if environment else ""
        errors = "".join(f"<PhraseNotFound>{escape(phrase)}</PhraseNotFound>" for phrase in unknown)
        warnings = "<WarningList><OutputMessage>No items found.</OutputMessage></WarningList>"
        return (
            f"{_DECLARATION}<eSearchResult><Count>{len(found)}</Count><RetMax>{len(page)}</RetMax>"
            f"<RetStart>{start}</RetStart>{history}"
            f"<IdList>{ids}</IdList><TranslationSet/><QueryTranslation>{escape(term)}[All Fields]</QueryTranslation>"
            f"{f'<ErrorList>{errors}</ErrorList>{warnings}' if unknown else ''}</eSearchResult>"
        )

    def efetch(self, parameters: dict[str, str]) -> str:
        wanted = self._wanted(parameters)
        if wanted is None:
            return _history_error("eFetchResult")
        present = (pmid for pmid in wanted if self.world.holds(pmid) and pmid not in self.missing)
        return f"{_DECLARATION}<PubmedArticleSet>\n{''.join(map(self.world.citation, present))}</PubmedArticleSet>"

    def epost(self, parameters: dict[str, str]) -> str:
        pmids = [pmid for pmid in parameters.get("id", "").split(",") if pmid]
        if not pmids:
            return f"{_DECLARATION}<ePostResult><ERROR>Empty ID list; Nothing to store</ERROR></ePostResult>"
        valid = tuple(int(pmid) for pmid in pmids if pmid.isdecimal())
        invalid = "".join(f"<Id>{escape(pmid)}</Id>" for pmid in pmids if not pmid.isdecimal())
        listed = f"<InvalidIdList>{invalid}</InvalidIdList>" if invalid else ""
        return (
            f"{_DECLARATION}<ePostResult>{listed}<QueryKey>1</QueryKey>"
            f"<WebEnv>{self._keep(valid)}</WebEnv></ePostResult>"
        )

    def esummary(self, parameters: dict[str, str]) -> str:
        wanted = self._wanted(parameters)
        if wanted is None:
            return _history_error("eSummaryResult")
        parts = [
            self.world.summary(pmid)
            if self.world.holds(pmid)
            else f"<ERROR>UID={pmid}: cannot get document summary</ERROR>"
            for pmid in wanted
        ]
        return f"{_DECLARATION}<eSummaryResult>{''.join(parts)}</eSummaryResult>"

    def _found(self, term: str, parameters: dict[str, str]) -> tuple[int, ...]:
        # PubMed takes a range with one end for none.
        if not (parameters.get("mindate") and parameters.get("maxdate")):
            return self.world.found(term)
        first, last = (date(*map(int, parameters[name].split("/"))) for name in ("mindate", "maxdate"))
        return self.world.found(term, parameters.get("datetype", "edat"), first, last)

    def _wanted(self, parameters: dict[str, str]) -> tuple[int, ...] | None:
        """The PMIDs that a request is about; None where its history is gone."""
        if "WebEnv" not in parameters:
            return tuple(int(pmid) for pmid in parameters.get("id", "").split(",") if pmid)
        with self._lock:
            kept = self._history.get(parameters["WebEnv"])
        if kept is None:
            return None
        start = int(parameters.get("retstart", 0))
        return kept[start : start + int(parameters.get("retmax", SEARCH_CAP))]

    def _keep(self, found: tuple[int, ...]) -> str:
        with self._lock:
            self._kept += 1
            environment = f"MCID_{self._kept}"
            self._history[environment] = found
        return environment


def _history_error(root: str) -> str:
    return f"{_DECLARATION}<{root}><ERROR>Unable to obtain query #1</ERROR></{root}>"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, ncbi: NcbiServer, *connection: Any) -> None:
        self._ncbi = ncbi
        super().__init__(*connection)  # answers the request

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_HEAD(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, query: str) -> None:
        ncbi, path = self._ncbi, urlsplit(self.path).path
        if mount := ncbi.mounted(path):
            status, headers, content = mount(self.command, self.path, dict(self.headers))
            return self._write(status, headers, content)
        utility = path.rpartition("/")[2].removesuffix(".fcgi")
        parameters = dict(parse_qsl(query))
        fault, too_many = ncbi.admit(Asked(utility, self.command, parameters, time.monotonic()))
        if too_many is not None:
            return self._send(429, too_many, Fault(headers={"Retry-After": "1"}))
        if fault is None:
            return self._send(200, self._truth(utility, parameters), Fault())
        ncbi.wait(fault.delay)
        if fault.reset:
            # Closing with a linger time of zero sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            return None
        body = fault.body if fault.body is not None else "" if fault.status else self._truth(utility, parameters)
        if fault.garble:
            before, tag, after = body.rpartition("</")[0].rpartition("</")
            body = before + tag.replace("</", "<\\") + after + "</" + body.rpartition("</")[2]
        for _ in range(fault.leave_out):
            before, tag, after = body.partition("<PubmedArticle>")
            body = before + after.partition("</PubmedArticle>")[2] if tag else body
        return self._send(fault.status or 200, body, fault)

    def _truth(self, utility: str, parameters: dict[str, str]) -> str:
        ncbi = self._ncbi
        if (database := parameters.get("db", "pubmed")) != "pubmed":
            root = {"esearch": "eSearchResult", "efetch": "eFetchResult", "epost": "ePostResult"}
            reason = f"<ERROR>Invalid db name specified: {escape(database)}</ERROR>"
            name = root.get(utility, "eSummaryResult")
            return f"{_DECLARATION}<{name}>{reason}</{name}>"
        utilities = {
            "esearch": ncbi.esearch,
            "efetch": ncbi.efetch,
            "epost": ncbi.epost,
            "esummary": ncbi.esummary,
        }
        return utilities[utility](parameters)

    def _send(self, status: int, body: str, fault: Fault) -> None:
        content = body.encode()
        headers = {"Content-Type": "text/xml; charset=UTF-8", **fault.headers}
        if fault.announce:
            headers["Content-Length"] = str(len(content))
        self._write(status, headers, content[: int(len(content) * fault.keep)], fault.drip)

    def _write(self, status: int, headers: dict[str, str], content: bytes, drip: float = 0.0) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            step = 1 if drip else len(content) or 1
            for start in range(0, len(content), step):
                self.wfile.write(content[start : start + step])
                self._ncbi.wait(drip)
        except ConnectionError:
            pass  # the client gave up waiting, as it should

    def log_message(self, *_: object) -> None:
        """Nothing: `requests` is the log."""
