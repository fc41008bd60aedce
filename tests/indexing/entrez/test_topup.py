"""The top-up asks PubMed for what is new, in time, once per question, and with nothing but plain words."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.entrez.source import EntrezSource
from indexing.entrez.topup import EntrezTopUp, pubmed_term
from tests.servers.ncbi import Fault, NcbiServer

TODAY = date(2026, 11, 21)
SINCE = date(2026, 11, 14)
ALONE = "this search has the index alone"


@pytest.fixture
def ncbi() -> Iterator[NcbiServer]:
    with NcbiServer(citations=8) as server:
        yield server


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def top_up(server: NcbiServer, *, patience_s: float = 30.0, clock: Clock | None = None) -> EntrezTopUp:
    source = EntrezSource("me@example.org", base_url=server.url, timeout=20.0, max_attempts=1)
    return EntrezTopUp(source, patience_s=patience_s, clock=clock or Clock(), today=lambda: TODAY)


def terms(server: NcbiServer) -> list[str]:
    return [asked.parameters["term"] for asked in server.requests if asked.utility == "esearch"]


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("lung adenocarcinoma", "lung adenocarcinoma"),
        ("PD-L1 and TGF-β1", "pd-l1 tgf-β1"),
        ("smith[au] OR (lung NOT mouse)", "smith au lung mouse"),
        ('"small cell" carcin* HER2/neu', "small cell carcin her2 neu"),
        ("2020:2021[dp] #1 & x", "2020 2021 dp 1 x"),
    ],
)
def test_of_a_query_only_its_words_are_sent_with_the_day_from_which_on(words: str, plain: str) -> None:
    assert pubmed_term(words, SINCE) == f'({plain}) AND ("2026/11/14"[edat] : "3000"[edat])'


@pytest.mark.parametrize("words", ["", " AND or ", "+ - ()[]"])
def test_without_words_there_is_no_term(words: str) -> None:
    assert pubmed_term(words, SINCE) == ""


@given(st.text(max_size=60))
def test_no_text_smuggles_syntax_into_the_term(words: str) -> None:
    term = pubmed_term(words, SINCE)
    if term:
        plain = re.fullmatch(r'\((.*)\) AND \("2026/11/14"\[edat\] : "3000"\[edat\]\)', term, re.DOTALL)
        assert plain is not None
        assert not set('()[]"*:/&#|~,;\n').intersection(plain[1])
        assert not {"and", "or", "not"}.intersection(plain[1].split())


def test_the_newest_articles_come_and_more_than_those_are_counted(ncbi: NcbiServer) -> None:
    result = top_up(ncbi).recent("lung", SINCE, 5)
    assert [article.pmid for article in result.articles] == list(ncbi.pmids[:5])
    assert all(older < newer for newer, older in pairwise(article.pmid for article in result.articles))
    assert result.notices == (
        "PubMed has 8 articles on these words since 14 November 2026; the 5 newest were looked at.",
    )
    assert terms(ncbi) == ['(lung) AND ("2026/11/14"[edat] : "3000"[edat])']


def test_no_look_reaches_back_more_than_thirty_days(ncbi: NcbiServer) -> None:
    result = top_up(ncbi).recent("lung", date(2026, 3, 1), 50)
    assert terms(ncbi) == ['(lung) AND ("2026/10/22"[edat] : "3000"[edat])']
    assert result.notices == (
        "PubMed was asked from 22 October 2026 on; the index is older and may lack more than that.",
    )


def test_without_words_pubmed_is_not_asked(ncbi: NcbiServer) -> None:
    result = top_up(ncbi).recent("AND", SINCE, 5)
    assert (result.articles, ncbi.requests) == ((), [])
    assert result.notices == (f"PubMed was not asked for newer articles: the query holds no plain words; {ALONE}.",)


def test_the_same_question_is_asked_once_in_five_minutes(ncbi: NcbiServer) -> None:
    clock = Clock()
    source = top_up(ncbi, clock=clock)
    first = source.recent("lung", SINCE, 50)
    clock.now = 299.0
    assert source.recent("LUNG", SINCE, 50) == first
    assert len(terms(ncbi)) == 1
    clock.now = 300.0
    source.recent("lung", SINCE, 50)
    assert len(terms(ncbi)) == 2
    source.recent("breast", SINCE, 50)
    assert len(terms(ncbi)) == 3


def test_a_slow_pubmed_is_not_waited_for_and_its_answer_is_kept(ncbi: NcbiServer) -> None:
    ncbi.faults.append(Fault(delay=1.0))
    impatient = top_up(ncbi, patience_s=0.05)
    result = impatient.recent("lung", SINCE, 50)
    assert result.articles == ()
    assert result.notices == (
        f"PubMed did not answer within 0.05 s; {ALONE}. Ask again in a moment: the answer is kept when it comes.",
    )
    wait_for_top_ups()
    assert len(impatient.recent("lung", SINCE, 50).articles) == 8
    assert len(terms(ncbi)) == 1


def test_a_failing_pubmed_costs_a_notice_and_is_asked_again(ncbi: NcbiServer, caplog: pytest.LogCaptureFixture) -> None:
    ncbi.faults.append(Fault(status=400, body="<html><body>cannot search privatematter</body></html>"))
    source = top_up(ncbi)
    assert source.recent("privatematter", SINCE, 50).notices == (
        f"PubMed could not be asked for newer articles; {ALONE}.",
    )
    host = ncbi.url.split("/")[2]
    assert [r.getMessage() for r in caplog.records] == [f"PubMed could not be asked: {host} answered HTTP 400"]
    assert len(source.recent("privatematter", SINCE, 50).articles) == 8


def test_many_questions_at_once_leave_pubmed_alone(ncbi: NcbiServer) -> None:
    ncbi.faults.extend([Fault(delay=2.0)] * 4)
    source = top_up(ncbi, patience_s=0.01)
    slow = [source.recent(word, SINCE, 5).notices[0] for word in ("lung", "breast", "colon", "skin")]
    assert all(notice.startswith("PubMed did not answer within 0.01 s") for notice in slow)
    assert source.recent("kidney", SINCE, 5).notices == (
        f"PubMed was not asked, because it is slow to answer others; {ALONE}.",
    )


def test_records_that_do_not_come_are_named(ncbi: NcbiServer) -> None:
    gone = ncbi.pmids[0]
    ncbi.missing.add(gone)
    result = top_up(ncbi).recent("lung", SINCE, 50)
    assert len(result.articles) == 7
    assert result.notices == (f"1 of PubMed's newer records could not be read: {gone}.",)


def wait_for_top_ups() -> None:
    for thread in threading.enumerate():
        if thread.name == "pathlit-top-up":
            thread.join(30)
