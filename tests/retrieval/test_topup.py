"""What PubMed has and the generation lacks stands behind the hits, under the same conditions, and never harms them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from retrieval.records import (
    Article,
    Author,
    Filters,
    IntegrityPolicy,
    IntegrityStatus,
    Journal,
    PartialDate,
    Query,
    SearchResult,
    Section,
    Term,
)
from retrieval.search import Searcher
from retrieval.topup import TopUpResult
from tests.fakes import Corpus, HashingEncoder, article

KNOWN = article(1, "Carcinoma of the lung.", "Known to the index.", year=2020)
NEW = Article(
    pmid=11,
    title="A new carcinoma of the lung.",
    sections=(Section(text="We looked at it. The lung-related carcinoma grew slowly."),),
    authors=(Author(last_name="Smith", initials="JA"),),
    journal=Journal(title="Modern pathology"),
    published=PartialDate(sortable="2026-11-20", precision="day", raw="2026 Nov 20"),
    languages=("eng",),
    publication_types=(Term(name="Case Reports"),),
)
OTHER = article(12, "Mouse carcinoma.", "Nothing about organs.", year=2026)
RETRACTED = Article(pmid=13, title="Lung carcinoma, taken back.", publication_types=(Term("Retracted Publication"),))
ARTICLES = (OTHER, NEW, RETRACTED, KNOWN)


class Answers:
    """A source that has these articles; remembers what it was asked."""

    def __init__(self, *articles: Article, notices: tuple[str, ...] = ()) -> None:
        self.result = TopUpResult(articles, notices=notices)
        self.asked: list[tuple[str, date]] = []

    def recent(self, words: str, since: date, limit: int) -> TopUpResult:
        self.asked.append((words, since))
        return self.result


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("library"), HashingEncoder())
    corpus.publish([KNOWN, article(2, "Thyroid.")])
    return corpus.open_searcher()


def top_up(searcher: Searcher, source: Answers, text: str, *, limit: int = 10, **filters: Any) -> SearchResult:
    query = Query(text=text, limit=limit, filters=Filters(**filters))
    return searcher.top_up(searcher.search(query), source)


def new(result: SearchResult) -> list[int]:
    return [recent.article.pmid for recent in result.not_indexed]


def test_only_what_the_generation_lacks_is_listed_best_match_of_the_words_first(searcher: Searcher) -> None:
    result = top_up(searcher, Answers(*ARTICLES), "lung carcinoma")
    assert new(result) == [11, 12]
    assert [hit.article.pmid for hit in result.hits] == [1, 2]


def test_the_hits_are_those_of_the_search_without_it(searcher: Searcher) -> None:
    query = Query(text="lung carcinoma")
    alone = searcher.search(query)
    result = searcher.top_up(alone, Answers(*ARTICLES))
    assert (result.hits, result.generation, result.interpretation) == (
        alone.hits,
        alone.generation,
        alone.interpretation,
    )
    assert alone.not_indexed == ()
    assert set(result.timings_ms) - set(alone.timings_ms) == {"top_up"}


def test_each_comes_with_its_evidence_and_its_standing(searcher: Searcher) -> None:
    recent = top_up(searcher, Answers(NEW), "lung carcinoma").not_indexed[0]
    assert recent.integrity.status is IntegrityStatus.OK
    assert recent.evidence[0].text == "The lung-related carcinoma grew slowly."
    for sentence in recent.evidence:
        assert getattr(NEW, sentence.field)[sentence.start : sentence.end] == sentence.text


def test_the_source_is_asked_with_the_words_that_rank_since_the_day_of_the_generation(searcher: Searcher) -> None:
    source = Answers()
    top_up(searcher, source, 'lung "small cell" -mouse year:2020.. mesh:Lung')
    assert source.asked == [("lung small cell", date.fromisoformat(searcher.manifest.created[:10]))]


@pytest.mark.parametrize(
    ("policy", "listed"),
    [(IntegrityPolicy.EXCLUDE, [11, 12]), (IntegrityPolicy.LABEL, [13, 11, 12]), (IntegrityPolicy.ALLOW, [13, 11, 12])],
)
def test_the_integrity_policy_holds_on_it(searcher: Searcher, policy: IntegrityPolicy, listed: list[int]) -> None:
    result = top_up(searcher, Answers(*ARTICLES), "lung carcinoma", integrity=policy)
    assert sorted(new(result)) == sorted(listed)
    warned = [notice for notice in result.notices if "must not be relied on" in notice]
    assert warned == (["PMID 13 is retracted; it must not be relied on."] if policy is IntegrityPolicy.LABEL else [])
    for recent in result.not_indexed:
        assert (recent.integrity.status is IntegrityStatus.RETRACTED) == (recent.article.pmid == 13)


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ({"year_from": 2026}, [11, 12]),
        ({"year_to": 2025}, []),
        ({"languages": ("eng",)}, [11]),
        ({"publication_types": ("case reports",)}, [11]),
        ({"journals": ("Modern Pathology",)}, [11]),
        ({"mesh": ("Lung Neoplasms",)}, []),
        ({"pmids": (12, 99)}, [12]),
        ({"exclude_pmids": (12,)}, [11]),
    ],
)
def test_filters_hold_on_it(searcher: Searcher, filters: dict[str, Any], listed: list[int]) -> None:
    assert new(top_up(searcher, Answers(*ARTICLES), "lung carcinoma", **filters)) == listed


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("carcinoma -mouse", [11]),
        ('carcinoma "nothing about organs"', [12]),
        ("carcinoma title:new", [11]),
        ("carcinoma author:smith", [11]),
        ("carcinoma year:..2025", []),
    ],
)
def test_conditions_of_the_query_hold_on_it(searcher: Searcher, text: str, listed: list[int]) -> None:
    assert new(top_up(searcher, Answers(*ARTICLES), text)) == listed


def test_it_is_as_long_as_the_hits_may_be(searcher: Searcher) -> None:
    assert len(new(top_up(searcher, Answers(*ARTICLES), "lung carcinoma", limit=1))) == 1


def test_its_notices_follow_those_of_the_search(searcher: Searcher) -> None:
    result = top_up(searcher, Answers(NEW, notices=("PubMed is slow.",)), 'lung "never closed')
    assert result.notices[-1] == "PubMed is slow."
    assert result.notices[0].startswith("Searched as plain words")


def test_that_there_is_nothing_new_is_said(searcher: Searcher) -> None:
    assert top_up(searcher, Answers(KNOWN), "lung").notices == (
        "PubMed has nothing newer on this that meets the conditions.",
    )


def test_a_query_of_conditions_alone_asks_nobody(searcher: Searcher) -> None:
    source = Answers(NEW)
    result = top_up(searcher, source, "pmid:1")
    assert source.asked == []
    assert (new(result), [hit.article.pmid for hit in result.hits]) == ([], [1])
    assert result.notices == ("PubMed was not asked for newer articles: the query holds no plain words.",)


def test_a_source_that_breaks_costs_a_notice_and_its_words_stay_out_of_the_log(
    searcher: Searcher, caplog: pytest.LogCaptureFixture
) -> None:
    class Breaks(Answers):
        def recent(self, words: str, since: date, limit: int) -> TopUpResult:
            raise RuntimeError(words)

    result = top_up(searcher, Breaks(), "privatematter")
    assert result.notices == ("PubMed could not be asked for newer articles; the search has the index alone.",)
    assert caplog.messages[0].startswith("the top-up failed: RuntimeError\n")
    assert "privatematter" not in caplog.text


def test_nothing_is_left_on_disk(searcher: Searcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert new(top_up(searcher, Answers(NEW), "lung")) == [11]
    assert list(tmp_path.iterdir()) == []
