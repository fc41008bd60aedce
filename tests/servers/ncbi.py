"""A loopback stand-in for NCBI's E-utilities: esearch and efetch over generated citations, with faults on demand.

    with NcbiServer(citations=500) as ncbi:
        ncbi.faults.append(Fault(status=429, headers={"Retry-After": "2"}))
        EntrezSource("me@example.org", base_url=ncbi.url)

Every term matches every citation, unless it contains one of `unknown_phrases`. PMIDs count down from the newest, as
PubMed sorts them. Each fault spoils one request, in order; `requests` keeps what was asked.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

FIRST_PMID = 30_000_001
SEARCH_CAP = 9_999
_ORGANS = ("colon", "lung", "breast", "kidney", "skin", "prostate", "thyroid")
_FINDINGS = ("adenocarcinoma", "lymphoma", "granuloma", "dysplasia", "sarcoma")
_METHODS = ("immunohistochemistry", "whole-slide imaging", "frozen sections", "fluorescence in situ hybridisation")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" ?>\n'


def citation(pmid: int) -> str:
    """A PubmedArticle; the same PMID always gives the same text."""
    organ, finding = _ORGANS[pmid % len(_ORGANS)], _FINDINGS[pmid % len(_FINDINGS)]
    method, year = _METHODS[pmid % len(_METHODS)], 2000 + pmid % 25
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{pmid}</PMID>
<DateRevised><Year>{year}</Year><Month>06</Month><Day>15</Day></DateRevised>
<Article PubModel="Print">
<Journal><ISSN IssnType="Print">0000-0019</ISSN><JournalIssue CitedMedium="Print">
<Volume>{pmid % 90}</Volume><Issue>{pmid % 12 + 1}</Issue><PubDate><Year>{year}</Year><Month>Mar</Month></PubDate>
</JournalIssue><Title>Stand-in journal of pathology</Title>
<ISOAbbreviation>Stand-in J Pathol</ISOAbbreviation></Journal>
<ArticleTitle>{method.capitalize()} in {finding} of the {organ}: case {pmid}.</ArticleTitle>
<Abstract><AbstractText Label="METHODS" NlmCategory="METHODS">
We studied {pmid % 400 + 20} cases of {finding}.</AbstractText>
<AbstractText Label="RESULTS" NlmCategory="RESULTS">
Changes of the {organ} were seen with {method} (p &lt; 0.05).</AbstractText>
</Abstract><AuthorList CompleteYN="Y">
<Author ValidYN="Y"><LastName>Author{pmid % 1000}</LastName><ForeName>Ada</ForeName>
<Initials>A</Initials></Author></AuthorList><Language>eng</Language><PublicationTypeList>
<PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList></Article>
<MedlineJournalInfo><Country>Nowhere</Country><MedlineTA>Stand-in J Pathol</MedlineTA></MedlineJournalInfo>
</MedlineCitation><PubmedData><PublicationStatus>ppublish</PublicationStatus><ArticleIdList>
<ArticleId IdType="pubmed">{pmid}</ArticleId><ArticleId IdType="doi">10.5555/standin.{pmid}</ArticleId>
</ArticleIdList></PubmedData></PubmedArticle>
"""


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


class NcbiServer:
    def __init__(self, citations: int = 500, *, enforce_rate: bool = False) -> None:
        self.citations = citations
        self.enforce_rate = enforce_rate
        self.faults: deque[Fault] = deque()
        self.missing: set[int] = set()
        self.unknown_phrases: set[str] = set()
        self.requests: list[Asked] = []
        self._history: list[tuple[int, ...]] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def pmids(self) -> tuple[int, ...]:
        return tuple(range(FIRST_PMID + self.citations - 1, FIRST_PMID - 1, -1))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/entrez/eutils/"

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
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

    def admit(self, asked: Asked) -> tuple[Fault | None, str | None]:
        """Notes a request; gives the fault that waits for it, or the complaint about too many in one second."""
        with self._lock:
            self.requests.append(asked)
            key = asked.parameters.get("api_key")
            recent = sum(1 for past in self.requests if past.time > asked.time - 1.0)
            limit = 10 if key else 3
            if self.enforce_rate and recent > limit:
                error = {"error": "API rate limit exceeded", "api-key": key, "count": str(recent), "limit": str(limit)}
                return None, json.dumps(error)
            return (self.faults.popleft() if self.faults else None), None

    def esearch(self, parameters: dict[str, str]) -> str:
        term = parameters.get("term", "")
        start, most = int(parameters.get("retstart", 0)), int(parameters.get("retmax", 20))
        if not term:
            return f"{_DECLARATION}<eSearchResult><ERROR>Empty term and query_key</ERROR></eSearchResult>"
        if start >= SEARCH_CAP:
            reason = "Search Backend failed: 'retstart' cannot be larger than 9998."
            return f"{_DECLARATION}<eSearchResult><ERROR>{reason}</ERROR></eSearchResult>"
        unknown = [phrase for phrase in sorted(self.unknown_phrases) if phrase in term]
        found = () if unknown else self.pmids
        page = found[start : min(start + most, SEARCH_CAP)]
        with self._lock:
            self._history.append(found)
            environment = str(len(self._history))
        if parameters.get("retmode") == "json":
            result: dict[str, object] = {"count": str(len(found)), "retmax": str(len(page)), "retstart": str(start)}
            result |= {"idlist": [str(pmid) for pmid in page], "querytranslation": f"{term}[All Fields]"}
            if parameters.get("usehistory") == "y":
                result |= {"querykey": "1", "webenv": f"MCID_{environment}"}
            if unknown:
                result["errorlist"] = {"phrasesnotfound": unknown, "fieldsnotfound": []}
            return json.dumps({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result})
        ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in page)
        history = f"<QueryKey>1</QueryKey><WebEnv>MCID_{environment}</WebEnv>"
        errors = "".join(f"<PhraseNotFound>{escape(phrase)}</PhraseNotFound>" for phrase in unknown)
        warnings = "<WarningList><OutputMessage>No items found.</OutputMessage></WarningList>"
        return (
            f"{_DECLARATION}<eSearchResult><Count>{len(found)}</Count><RetMax>{len(page)}</RetMax>"
            f"<RetStart>{start}</RetStart>{history if parameters.get('usehistory') == 'y' else ''}"
            f"<IdList>{ids}</IdList><TranslationSet/><QueryTranslation>{escape(term)}[All Fields]</QueryTranslation>"
            f"{f'<ErrorList>{errors}</ErrorList>{warnings}' if unknown else ''}</eSearchResult>"
        )

    def efetch(self, parameters: dict[str, str]) -> str:
        if environment := parameters.get("WebEnv", "").removeprefix("MCID_"):
            start = int(parameters.get("retstart", 0))
            wanted = self._history[int(environment) - 1][start : start + int(parameters.get("retmax", SEARCH_CAP))]
        else:
            wanted = tuple(int(pmid) for pmid in parameters.get("id", "").split(",") if pmid)
        present = range(FIRST_PMID, FIRST_PMID + self.citations)
        articles = "".join(citation(pmid) for pmid in wanted if pmid in present and pmid not in self.missing)
        return f"{_DECLARATION}<PubmedArticleSet>\n{articles}</PubmedArticleSet>"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, ncbi: NcbiServer, *connection: Any) -> None:
        self._ncbi = ncbi
        super().__init__(*connection)  # answers the request

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, query: str) -> None:
        ncbi, utility = self._ncbi, urlsplit(self.path).path.rpartition("/")[2].removesuffix(".fcgi")
        parameters = dict(parse_qsl(query))
        fault, too_many = ncbi.admit(Asked(utility, self.command, parameters, time.monotonic()))
        if too_many is not None:
            return self._send(429, too_many, {"Retry-After": "1"})
        if fault is None:
            return self._send(200, self._truth(utility, parameters))
        ncbi.wait(fault.delay)
        if fault.reset:
            # Closing with a linger time of zero sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            return None
        body = fault.body if fault.body is not None else "" if fault.status else self._truth(utility, parameters)
        return self._send(fault.status or 200, body, fault.headers, fault.keep, fault.drip)

    def _truth(self, utility: str, parameters: dict[str, str]) -> str:
        return {"esearch": self._ncbi.esearch, "efetch": self._ncbi.efetch}[utility](parameters)

    def _send(
        self, status: int, body: str, headers: dict[str, str] | None = None, keep: float = 1.0, drip: float = 0.0
    ) -> None:
        content = body.encode()
        sent = content[: int(len(content) * keep)]
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in {"Content-Type": "text/xml; charset=UTF-8", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            step = 1 if drip else len(sent) or 1
            for start in range(0, len(sent), step):
                self.wfile.write(sent[start : start + step])
                self._ncbi.wait(drip)
        except ConnectionError:
            pass  # the client gave up waiting, as it should

    def log_message(self, *_: object) -> None:
        """Nothing: `requests` is the log."""
