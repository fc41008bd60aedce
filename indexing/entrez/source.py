"""PubMed by query: NCBI's E-utilities as one of the two sources of records (the other is PubMed's bulk files)."""

from __future__ import annotations

import io
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from lxml import etree

from indexing.entrez.eutils import NCBI_EUTILS, Eutils, TruncatedAnswerError
from indexing.entrez.pace import Pace
from indexing.pubmed.reader import read_pubmed_xml
from retrieval.errors import InputError, MalformedFileError, RecordError, SourceError
from retrieval.records import LOCAL_PMID_FLOOR, Article, Deletion, Record

SEARCH_CAP = 9_999
"""PubMed's esearch hands out no more PMIDs than this, however many match."""
BATCH = 200
"""PMIDs per efetch request, as NCBI advises."""


class DateRange(Record, frozen=True):
    """Days by one of PubMed's dates, both ends included (ISO)."""

    kind: Literal["edat", "mdat", "pdat"]
    """Entered, last modified, or published."""
    first: str
    last: str


class History(Record, frozen=True):
    """Where NCBI keeps the PMIDs of a search, for some hours."""

    web_env: str
    query_key: str


class EntrezSearch(Record, frozen=True):
    """The answer to one search; `count` is how many articles match, of which `pmids` holds the first."""

    count: int
    pmids: tuple[int, ...]
    query_translation: str = ""
    """The query as PubMed understood it."""
    warnings: tuple[str, ...] = ()
    """PubMed's reservations, each behind its own word: "PhraseNotFound: abcXYZ", "OutputMessage: No items found."."""
    history: History | None = None


class EntrezSource:
    """Searches PubMed and fetches its records, at NCBI's pace. `email` is the caller's own: NCBI requires one.

    Times are seconds. An unreachable host is reported within `connect_timeout`, a silent one within `timeout`.
    """

    def __init__(
        self,
        email: str,
        *,
        tool: str = "pathlit",
        api_key: str | None = None,
        base_url: str = NCBI_EUTILS,
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
        max_attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        pace: Pace | None = None,
    ) -> None:
        self._eutils = Eutils(
            email=email,
            tool=tool,
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            connect_timeout=connect_timeout,
            max_attempts=max_attempts,
            sleep=sleep,
            jitter=jitter,
            pace=pace,
        )

    def search(
        self,
        term: str,
        *,
        limit: int,
        dates: DateRange | None = None,
        uids: tuple[int, int] | None = None,
        history: bool = False,
    ) -> EntrezSearch:
        """The first `limit` PMIDs in PubMed's own order (newest first); raises SourceError.

        `dates` and `uids` (first, last) narrow the search; `history` has NCBI keep its PMIDs for `fetch_batch`.
        """
        if not term.strip():
            raise InputError("the PubMed query is empty: give at least one word")
        if not 0 <= limit <= SEARCH_CAP:
            raise InputError(f"limit is {limit:,}: PubMed gives 0 to {SEARCH_CAP:,} PMIDs per query; narrow the query")
        parameters: dict[str, str | int] = {"term": term, "retmax": limit}
        if uids is not None:
            parameters["term"] = f"({term}) AND {uids[0]}:{uids[1]}[UID]"
        if dates is not None:
            # PubMed takes one end without the other for no range at all.
            first, last = (day.replace("-", "/") for day in (dates.first, dates.last))
            parameters |= {"datetype": dates.kind, "mindate": first, "maxdate": last}
        if history:
            parameters["usehistory"] = "y"
        return self._eutils.call(
            "esearch", {"db": "pubmed"} | parameters, read=lambda body: self._read_search(body, limit)
        )

    def fetch(
        self,
        pmids: Sequence[int],
        *,
        on_reject: Callable[[RecordError], None] | None = None,
        on_missing: Callable[[tuple[int, ...]], None] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[Article | Deletion]:
        """The records of these PMIDs, a batch at a time, in PubMed's order; repeated PMIDs are fetched once.

        PMIDs that PubMed does not return, asked twice, go to `on_missing` in one call at the end; without it they
        raise SourceError there. A record that cannot be used, or was not asked for, goes to `on_reject`; without it
        it raises. `progress` is told how many PMIDs are settled so far, after each batch.
        """
        wanted = tuple(dict.fromkeys(pmids))
        for pmid in wanted:
            if not 0 < pmid < LOCAL_PMID_FLOOR:
                raise InputError(f"{pmid} is no PMID: a PMID is a whole number from 1 up")
        return self._fetch(wanted, on_reject or _raise, on_missing or self._raise_missing, progress or _ignore)

    def _fetch(
        self,
        wanted: tuple[int, ...],
        on_reject: Callable[[RecordError], None],
        on_missing: Callable[[tuple[int, ...]], None],
        progress: Callable[[int], None],
    ) -> Iterator[Article | Deletion]:
        queue = deque((wanted[start : start + BATCH], False) for start in range(0, len(wanted), BATCH))
        missing: list[int] = []
        settled = 0
        while queue:
            batch, asked_before = queue.popleft()
            try:
                records, absent = self.fetch_batch(batch, on_reject=on_reject, last_chance=len(batch) == 1)
            except TruncatedAnswerError:
                if len(batch) == 1:
                    raise
                half = len(batch) // 2
                queue.extendleft([(batch[half:], asked_before), (batch[:half], asked_before)])
                continue
            yield from records
            if asked_before:
                missing += absent
                settled += len(batch)
            else:
                settled += len(batch) - len(absent)
                if absent:
                    queue.append((absent, True))
            progress(settled)
        if missing:
            on_missing(tuple(missing))

    def fetch_batch(
        self,
        pmids: Sequence[int],
        *,
        on_reject: Callable[[RecordError], None],
        history: History | None = None,
        start: int = 0,
        last_chance: bool = False,
    ) -> tuple[list[Article | Deletion], tuple[int, ...]]:
        """The records of one request, and those of its PMIDs that the answer neither holds nor rejects.

        With `history` the PMIDs are those that the search holds from place `start` on; otherwise they are sent.
        TruncatedAnswerError for an answer cut off or garbled, at once unless it is the `last_chance`: ask for less.
        HistoryExpiredError: search again.
        """
        parameters: dict[str, str | int]
        if history is None:
            parameters = {"id": ",".join(map(str, pmids))}
        else:
            # Bio.Entrez passes the names on as they are, and NCBI wants this one in capitals.
            parameters = {"WebEnv": history.web_env, "query_key": history.query_key}
            parameters |= {"retstart": start, "retmax": len(pmids)}
        records, rejected = self._eutils.call(
            "efetch",
            {"db": "pubmed", "retmode": "xml"} | parameters,
            read=lambda body: self._read_batch(body, pmids),
            retry_truncated=last_chance,
        )
        for error in rejected:
            on_reject(error)
        named = (int(error.identifier) for error in rejected if error.identifier.isdecimal())
        seen = {record.pmid for record in records}.union(named)
        return records, tuple(pmid for pmid in pmids if pmid not in seen)

    def _read_batch(self, body: bytes, batch: Sequence[int]) -> tuple[list[Article | Deletion], list[RecordError]]:
        name = f"{self._eutils.host} efetch {batch[0]}..{batch[-1]}"
        requested = set(batch)
        records: list[Article | Deletion] = []
        rejected: list[RecordError] = []
        try:
            for record in read_pubmed_xml(io.BytesIO(body), name=name, on_reject=rejected.append):
                if record.pmid in requested:
                    records.append(record)
                else:
                    rejected.append(RecordError(name, str(record.pmid), "PubMed returned it unasked"))
        except MalformedFileError as exc:
            raise TruncatedAnswerError(f"{self._eutils.host} answered efetch with unusable XML: {exc}") from exc
        return records, rejected

    def _read_search(self, body: bytes, limit: int) -> EntrezSearch:
        try:
            root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
            count = int(root.findtext("Count", ""))
            pmids = tuple(int(element.text or "") for element in root.iterfind("IdList/Id"))
            if not 0 <= count < LOCAL_PMID_FLOOR or not all(0 < pmid < LOCAL_PMID_FLOOR for pmid in pmids):
                raise ValueError("a number in it is no count or no PMID")
        except (etree.XMLSyntaxError, ValueError) as exc:
            start = body[:100].decode(errors="replace")
            raise TruncatedAnswerError(
                f"{self._eutils.host} answered esearch with unusable XML: {exc}: {start!r}"
            ) from exc
        warnings = [
            f"{element.tag}: {(element.text or '').strip()}"
            for path in ("ErrorList/*", "WarningList/*")
            for element in root.iterfind(path)
        ]
        if len(pmids) < min(count, limit):
            warnings.append(f"IncompleteIdList: {len(pmids):,} of {min(count, limit):,} PMIDs came back")
        return EntrezSearch(
            count=count,
            pmids=pmids,
            query_translation=root.findtext("QueryTranslation", ""),
            warnings=tuple(warnings),
            history=History(web_env, root.findtext("QueryKey", "")) if (web_env := root.findtext("WebEnv")) else None,
        )

    def _raise_missing(self, pmids: tuple[int, ...]) -> None:
        some = ", ".join(map(str, pmids[:10])) + (", ..." if len(pmids) > 10 else "")
        raise SourceError(
            f"{self._eutils.host} did not return {len(pmids):,} of the PMIDs asked for ({some}): "
            "they may be deleted; pass on_missing to go on without them"
        )


def _raise(error: RecordError) -> None:
    raise error


def _ignore(_: int) -> None:
    pass
