"""EntrezSource against a loopback stand-in for NCBI: what it asks, what it returns, and how it fails."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import traceback
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from Bio import Entrez

from indexing.entrez.source import EntrezSearch, EntrezSource
from retrieval.errors import ConfigurationError, InputError, RecordError, SourceError
from tests import real_data
from tests.real_data import needs_data
from tests.servers.ncbi import FIRST_PMID, Fault, NcbiServer
from tests.servers.ncbi_world import citation

KEY = "0123456789abcdef"
DATA = real_data.DATA / "eutils_responses"
XML = '<?xml version="1.0" encoding="UTF-8" ?>\n'


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def ncbi() -> Iterator[NcbiServer]:
    with NcbiServer(citations=450) as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that a source made before asking again; no time passes in them."""
    return []


@pytest.fixture
def source(ncbi: NcbiServer, pauses: list[float]) -> EntrezSource:
    return a_source(ncbi.url, pauses)


def a_source(url: str, pauses: list[float], **options: Any) -> EntrezSource:
    # With a key the pace is 0.1 s a request; jitter 1.0 makes the pauses 1, 2 and 4 s.
    options = {"api_key": KEY, "jitter": lambda: 1.0, **options}
    return EntrezSource("me@example.org", base_url=url, sleep=pauses.append, **options)


# --- Searching ------------------------------------------------------------------------------------------------------


def test_a_search_gives_the_count_and_the_newest_pmids(source: EntrezSource) -> None:
    assert source.search("colon polyp", limit=3) == EntrezSearch(
        count=450, pmids=(30000450, 30000449, 30000448), query_translation="colon polyp[All Fields]"
    )


def test_every_request_names_tool_email_and_key(ncbi: NcbiServer, source: EntrezSource) -> None:
    source.search("colon", limit=1)
    list(source.fetch([FIRST_PMID]))
    assert [asked.utility for asked in ncbi.requests] == ["esearch", "efetch"]
    for asked in ncbi.requests:
        assert asked.parameters["db"] == "pubmed"
        assert asked.parameters["tool"] == "pathlit"
        assert asked.parameters["email"] == "me@example.org"
        assert asked.parameters["api_key"] == KEY


def test_without_a_key_none_is_sent_and_requests_keep_a_third_of_a_second_apart(ncbi: NcbiServer) -> None:
    source = a_source(ncbi.url, [], api_key=None)
    start = time.monotonic()
    for _ in range(3):
        source.search("colon", limit=1)
    assert time.monotonic() - start >= 2 * 0.34
    assert all("api_key" not in asked.parameters for asked in ncbi.requests)


def test_a_phrase_unknown_to_pubmed_is_a_warning(ncbi: NcbiServer, source: EntrezSource) -> None:
    ncbi.unknown_phrases.add("xyzzy")
    found = source.search("xyzzy", limit=3)
    assert found.count == 0
    assert found.pmids == ()
    assert found.warnings == ("PhraseNotFound: xyzzy", "OutputMessage: No items found.")


def test_fewer_pmids_than_announced_is_a_warning(ncbi: NcbiServer, source: EntrezSource) -> None:
    body = f"{XML}<eSearchResult><Count>63</Count><IdList><Id>7</Id></IdList></eSearchResult>"
    ncbi.faults.append(Fault(body=body))
    assert source.search("colon", limit=20).warnings == ("IncompleteIdList: 1 of 20 PMIDs came back",)


@pytest.mark.parametrize(("term", "limit"), [(" ", 5), ("colon", -1), ("colon", 10_000)])
def test_an_empty_term_or_an_impossible_limit_is_refused_unasked(
    ncbi: NcbiServer, source: EntrezSource, term: str, limit: int
) -> None:
    with pytest.raises(InputError):
        source.search(term, limit=limit)
    assert ncbi.requests == []


def test_nothing_is_asked_without_an_email(ncbi: NcbiServer) -> None:
    with pytest.raises(ConfigurationError, match="email"):
        EntrezSource("", base_url=ncbi.url).search("colon", limit=1)
    assert ncbi.requests == []


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("name", "count", "first", "kept", "warnings"),
    [
        ("esearch1", 63, (41282813, 41148224), 20, ()),
        ("esearch2", 42249, (41297076, 41297074), 100, ()),
        ("esearch8", 0, (), 0, ("PhraseNotFound: abcXYZ", "OutputMessage: No items found.")),
    ],
)
def test_real_search_answers_are_read(
    ncbi: NcbiServer,
    source: EntrezSource,
    name: str,
    count: int,
    first: tuple[int, ...],
    kept: int,
    warnings: tuple[str, ...],
) -> None:
    ncbi.faults.append(Fault(body=stored(name)))
    found = source.search("anything", limit=kept)
    assert (found.count, found.pmids[:2], len(found.pmids), found.warnings) == (count, first, kept, warnings)


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("epost2", "Invalid db name specified: nothing"),
        ("epost3", "Empty ID list; Nothing to store; Some IDs have invalid value"),
        ("esummary8", "Neither query_key nor id specified"),
    ],
)
def test_real_error_answers_are_source_errors(ncbi: NcbiServer, source: EntrezSource, name: str, words: str) -> None:
    ncbi.faults.append(Fault(body=stored(name)))
    with pytest.raises(SourceError, match=words):
        source.search("anything", limit=1)


def stored(name: str) -> str:
    return gzip.decompress((DATA / f"{name}.xml.gz").read_bytes()).decode()


# --- Fetching -------------------------------------------------------------------------------------------------------


def test_all_records_come_in_batches_of_200_by_post(ncbi: NcbiServer, source: EntrezSource) -> None:
    settled: list[int] = []
    records = list(source.fetch(ncbi.pmids, progress=settled.append))
    assert [record.pmid for record in records] == list(ncbi.pmids)
    assert settled == [200, 400, 450]
    assert [asked.parameters["id"].count(",") + 1 for asked in ncbi.requests] == [200, 200, 50]
    assert [asked.method for asked in ncbi.requests] == ["POST", "POST", "GET"]


def test_a_repeated_pmid_is_fetched_once(ncbi: NcbiServer, source: EntrezSource) -> None:
    assert [record.pmid for record in source.fetch([FIRST_PMID, FIRST_PMID])] == [FIRST_PMID]
    assert ncbi.requests[0].parameters["id"] == "30000001"


def test_nothing_asked_for_is_nothing_asked(ncbi: NcbiServer, source: EntrezSource) -> None:
    assert list(source.fetch([])) == []
    assert ncbi.requests == []


def test_a_number_that_is_no_pmid_is_refused_at_once(source: EntrezSource) -> None:
    with pytest.raises(InputError, match="0 is no PMID"):
        source.fetch([FIRST_PMID, 0])


def test_missing_pmids_are_asked_for_twice_and_then_reported(ncbi: NcbiServer, source: EntrezSource) -> None:
    ncbi.missing |= {30000002, 30000004}
    absent: list[tuple[int, ...]] = []
    settled: list[int] = []
    wanted = [30000001, 30000002, 30000003, 30000004]
    records = list(source.fetch(wanted, on_missing=absent.append, progress=settled.append))
    assert [record.pmid for record in records] == [30000001, 30000003]
    assert absent == [(30000002, 30000004)]
    assert settled == [2, 4]
    assert [asked.parameters["id"] for asked in ncbi.requests][1:] == ["30000002,30000004"]


def test_missing_pmids_that_nobody_listens_for_raise_after_the_records(ncbi: NcbiServer, source: EntrezSource) -> None:
    ncbi.missing.add(30000002)
    records = source.fetch([30000001, 30000002])
    assert next(records).pmid == 30000001
    with pytest.raises(SourceError, match=r"did not return 1 of the PMIDs asked for \(30000002\)"):
        next(records)


def test_a_pmid_missing_once_is_found_by_asking_again(ncbi: NcbiServer, source: EntrezSource) -> None:
    ncbi.faults.append(Fault(body=f"{XML}<PubmedArticleSet>{citation(30000001)}</PubmedArticleSet>"))
    assert [record.pmid for record in source.fetch([30000001, 30000002])] == [30000001, 30000002]


def test_a_record_that_was_not_asked_for_is_rejected(ncbi: NcbiServer, source: EntrezSource) -> None:
    both = f"{XML}<PubmedArticleSet>{citation(30000001)}{citation(30000009)}</PubmedArticleSet>"
    ncbi.faults.append(Fault(body=both))
    rejected: list[RecordError] = []
    assert [record.pmid for record in source.fetch([30000001], on_reject=rejected.append)] == [30000001]
    assert [(error.identifier, error.reason) for error in rejected] == [("30000009", "PubMed returned it unasked")]


def test_a_cut_off_answer_is_asked_for_in_halves(ncbi: NcbiServer, source: EntrezSource) -> None:
    ncbi.faults.append(Fault(keep=0.6))
    wanted = ncbi.pmids[:200]
    assert [record.pmid for record in source.fetch(wanted)] == list(wanted)
    assert [asked.parameters["id"].count(",") + 1 for asked in ncbi.requests] == [200, 100, 100]


def test_an_answer_without_its_end_counts_as_cut_off(ncbi: NcbiServer, source: EntrezSource) -> None:
    ncbi.faults.append(Fault(body=f"{XML}<PubmedArticleSet>{citation(30000001)}"))
    assert [record.pmid for record in source.fetch([30000001, 30000002])] == [30000001, 30000002]
    assert [asked.parameters["id"] for asked in ncbi.requests][1:] == ["30000001", "30000002"]


def test_a_single_record_that_is_always_cut_off_is_given_up(
    ncbi: NcbiServer, source: EntrezSource, pauses: list[float]
) -> None:
    ncbi.faults.extend([Fault(keep=0.5)] * 9)
    with pytest.raises(SourceError, match=r"cut its efetch answer short.*attempts: 4"):
        list(source.fetch([30000001]))
    assert pauses == [1.0, 2.0, 4.0]


def test_a_rejected_record_is_not_missing(ncbi: NcbiServer, source: EntrezSource) -> None:
    broken = citation(30000002).replace('Version="1"', 'Version="one"')
    ncbi.faults.append(Fault(body=f"{XML}<PubmedArticleSet>{citation(30000001)}{broken}</PubmedArticleSet>"))
    rejected: list[RecordError] = []
    records = source.fetch([30000001, 30000002], on_reject=rejected.append)
    assert [record.pmid for record in records] == [30000001]
    assert [error.identifier for error in rejected] == ["30000002"]


def test_broken_xml_is_asked_for_again_and_a_source_error_if_it_stays(ncbi: NcbiServer, source: EntrezSource) -> None:
    broken = Fault(body=f"{XML}<PubmedArticleSet><PubmedArticle><PMID></PubmedArticleSet>")
    ncbi.faults.append(broken)
    assert [record.pmid for record in source.fetch([30000001])] == [30000001]
    ncbi.faults.extend([broken] * 4)
    with pytest.raises(SourceError, match="answered efetch with unusable XML"):
        list(source.fetch([30000001]))


def test_an_unusable_search_is_asked_for_again_and_a_source_error_if_it_stays(
    ncbi: NcbiServer, source: EntrezSource
) -> None:
    useless = Fault(body=f"{XML}<eSearchResult><Oops/></eSearchResult>")
    ncbi.faults.append(useless)
    assert source.search("colon", limit=1).pmids
    ncbi.faults.extend([useless] * 4)
    with pytest.raises(SourceError, match="answered esearch with unusable XML"):
        source.search("colon", limit=1)


# --- Failing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again_after_a_growing_pause(
    ncbi: NcbiServer, source: EntrezSource, pauses: list[float], status: int
) -> None:
    ncbi.faults.extend([Fault(status=status)] * 2)
    assert source.search("colon", limit=1).count == 450
    assert pauses == [1.0, 2.0]


def test_jitter_shortens_a_pause_by_up_to_half(ncbi: NcbiServer, pauses: list[float]) -> None:
    ncbi.faults.extend([Fault(status=500)] * 2)
    a_source(ncbi.url, pauses, jitter=lambda: 0.0).search("colon", limit=1)
    assert pauses == [0.5, 1.0]


def test_the_pause_that_the_server_asks_for_is_kept(
    ncbi: NcbiServer, source: EntrezSource, pauses: list[float]
) -> None:
    ncbi.faults.append(Fault(status=429, headers={"Retry-After": "7"}))
    source.search("colon", limit=1)
    assert pauses == [7.0]


def test_a_retry_after_date_is_understood(ncbi: NcbiServer, source: EntrezSource, pauses: list[float]) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    ncbi.faults.append(Fault(status=503, headers={"Retry-After": soon}))
    source.search("colon", limit=1)
    assert pauses == [pytest.approx(28, abs=3)]


def test_a_pause_over_a_minute_is_reported_instead(ncbi: NcbiServer, source: EntrezSource, pauses: list[float]) -> None:
    ncbi.faults.append(Fault(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceError, match=r"HTTP 429.*a pause of 3600 s"):
        source.search("colon", limit=1)
    assert pauses == []


def test_a_server_that_stays_busy_is_given_up_after_four_attempts(
    ncbi: NcbiServer, source: EntrezSource, pauses: list[float]
) -> None:
    ncbi.faults.extend([Fault(status=502, body="<html><h1>Bad Gateway</h1></html>")] * 9)
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+ answered HTTP 502: Bad Gateway \(attempts: 4\)"):
        source.search("colon", limit=1)
    assert pauses == [1.0, 2.0, 4.0]
    assert len(ncbi.requests) == 4


def test_a_refused_request_is_not_repeated(ncbi: NcbiServer, source: EntrezSource) -> None:
    ncbi.faults.append(Fault(status=400, body='{"error":"API key invalid"}'))
    with pytest.raises(SourceError, match="HTTP 400: API key invalid"):
        source.search("colon", limit=1)
    assert len(ncbi.requests) == 1


def test_a_dropped_connection_is_tried_again(ncbi: NcbiServer, source: EntrezSource, pauses: list[float]) -> None:
    ncbi.faults.append(Fault(reset=True))
    assert source.search("colon", limit=1).count == 450
    assert pauses == [1.0]


def test_an_unknown_host_is_reported_at_once(pauses: list[float]) -> None:
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"no-such-host\.invalid cannot be reached.*read PubMed files from disk"):
        a_source("https://no-such-host.invalid/eutils/", pauses).search("colon", limit=1)
    assert time.monotonic() - start < 3.5
    assert pauses == []


def test_a_refused_connection_is_reported_at_once(pauses: list[float]) -> None:
    with NcbiServer() as gone:
        url = gone.url
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+ cannot be reached: .*refused"):
        a_source(url, pauses).search("colon", limit=1)
    assert time.monotonic() - start < 1.0
    assert pauses == []


def test_a_name_lookup_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> socket.socket:
        released.wait(10)
        raise OSError("released")

    monkeypatch.setattr(socket, "create_connection", hang)
    with pytest.raises(SourceError, match=r"no connection within 0\.1 s"):
        a_source("https://example.invalid/", pauses, connect_timeout=0.1).search("colon", limit=1)
    released.set()


def test_a_silent_server_is_given_up_after_one_timeout(ncbi: NcbiServer, pauses: list[float]) -> None:
    ncbi.faults.append(Fault(delay=5.0))
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+ cannot be reached: timed out"):
        a_source(ncbi.url, pauses, timeout=0.2).search("colon", limit=1)
    assert time.monotonic() - start < 2.0
    assert pauses == []


def test_a_server_that_falls_silent_after_an_answer_is_asked_again(ncbi: NcbiServer, pauses: list[float]) -> None:
    source = a_source(ncbi.url, pauses, timeout=0.5)
    source.search("colon", limit=1)
    ncbi.faults.append(Fault(delay=5.0))
    assert source.search("colon", limit=1).count == 450
    assert pauses == [1.0]


def test_a_server_that_drips_byte_after_byte_does_not_hold_us(ncbi: NcbiServer, pauses: list[float]) -> None:
    ncbi.faults.append(Fault(drip=0.02))
    with pytest.raises(SourceError, match=r"still coming after 0\.6 s"):
        a_source(ncbi.url, pauses, timeout=0.05, max_attempts=1).search("colon", limit=200)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"{XML}<eSearchResult><ERROR>Invalid db name &lt;x&gt;</ERROR></eSearchResult>", "Invalid db name <x>"),
        (f"{XML}<eFetchResult><ERROR>Empty id list</ERROR></eFetchResult>", "Empty id list"),
        ('{"error": "cannot open\nthe database"}', "cannot open the database"),
        ('{"esearchresult": {"ERROR": "Invalid db name"}}', "Invalid db name"),
        ('{"broken', r'\{"broken'),
        ("<!DOCTYPE html><html><style>p {}</style><p>Down for <b>maintenance</b></p></html>", "Down for maintenance"),
        (f"{XML}<html><body>Blocked &amp; gone</body></html>", "Blocked & gone"),
        ("Service unavailable today", "Service unavailable today"),
    ],
)
def test_an_error_in_a_successful_answer_is_a_source_error(
    ncbi: NcbiServer, source: EntrezSource, pauses: list[float], body: str, words: str
) -> None:
    ncbi.faults.append(Fault(body=body, headers={"Content-Type": "text/plain"}))
    with pytest.raises(SourceError, match=words):
        source.search("colon", limit=1)
    assert pauses == []


@pytest.mark.parametrize("words", ["API rate limit exceeded", "Search Backend failed: address table is empty"])
def test_a_passing_trouble_told_in_a_successful_answer_is_asked_again(
    ncbi: NcbiServer, source: EntrezSource, words: str
) -> None:
    ncbi.faults.append(Fault(body=f"{XML}<eSearchResult><ERROR>{words}</ERROR></eSearchResult>"))
    assert source.search("colon", limit=1).count == 450


def test_the_key_is_in_no_message_traceback_or_log(
    ncbi: NcbiServer, source: EntrezSource, caplog: pytest.LogCaptureFixture
) -> None:
    told = '{"error":"API rate limit exceeded for ' + KEY + '","api-key":"' + KEY + '"}'
    ncbi.faults.extend([Fault(status=429, body=told), Fault(body=told), Fault(status=400, body=told + "x" * 1000)])
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as caught:
        source.search("colon", limit=1)
    assert "HTTP 400" in str(caught.value)
    assert "***" in str(caught.value)
    assert "***" in caplog.text
    assert "0123456789" not in "".join(traceback.format_exception(caught.value)) + caplog.text + repr(source)


def test_bio_entrez_and_urllib_are_left_as_they_were(ncbi: NcbiServer, source: EntrezSource) -> None:
    opener = urllib.request.build_opener()
    urllib.request.install_opener(opener)
    ncbi.faults.append(Fault(status=500))
    source.search("colon", limit=1)
    assert getattr(urllib.request, "_opener", None) is opener
    assert (Entrez.max_tries, Entrez.sleep_between_tries, Entrez.email, Entrez.tool) == (3, 15, None, "biopython")
