"""Answers made of quotations: verbatim, cited, to the point, from papers that are on the question."""

import time
from pathlib import Path

import pytest

from retrieval.answer.extract import compose
from retrieval.answer.records import Source
from retrieval.records import Article, Integrity, Section
from retrieval.search import Searcher
from tests.fakes import article
from tests.retrieval.answer.word_reader import open_reading_searcher

BUDDING = Article(
    pmid=1,
    title="Does tumour budding predict nodal spread of colon carcinoma?",
    sections=(
        Section("We asked whether tumour budding predicts nodal spread of colon carcinoma.", label="AIM"),
        Section("Tumour budding was counted in 80 colon carcinomas.", label="METHODS"),
        Section("Tumour budding predicts nodal spread of colon carcinoma. It did so in men.", label="RESULTS"),
        Section("Copyright of the authors, all rights reserved.", label="CONCLUSIONS"),
    ),
)
AGREEING = article(
    2,
    "Nodal spread.",
    "Men were studied. In a second and larger series tumour budding does predict nodal spread of colon carcinoma too.",
)
ELSEWHERE = article(3, "Skin.", "Melanoma was studied. Melanoma of the skin is seldom seen with budding yeast.")
UNREAD = article(4, "Budding predicts spread of colon carcinoma.")
QUESTION = "Does tumour budding predict nodal spread of colon carcinoma?"


@pytest.fixture(scope="module", params=[True, False], ids=["with meaning", "by words alone"])
def searcher(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Searcher:
    home = tmp_path_factory.mktemp("extract")
    return open_reading_searcher(home, [BUDDING, AGREEING, ELSEWHERE, UNREAD], reading=request.param)


def sources(*articles: Article, usable: bool = True) -> list[Source]:
    return [Source(f"K{i}A", a, Integrity(), (), i, usable) for i, a in enumerate(articles, 1)]


def test_the_finding_is_quoted_first_and_not_the_question_or_the_aim(searcher: Searcher) -> None:
    (first, *rest) = compose(QUESTION, sources(BUDDING), searcher, 6)
    assert first.text == "Tumour budding predicts nodal spread of colon carcinoma."
    assert all("?" not in draft.text and "rights reserved" not in draft.text for draft in rest)


def test_every_quotation_is_a_span_of_the_one_article_that_it_cites(searcher: Searcher) -> None:
    given = sources(BUDDING, AGREEING, UNREAD)
    drafts = compose(QUESTION, given, searcher, 6)
    cited = {source.key: source.article for source in given}
    assert drafts
    for draft in drafts:
        (key,) = draft.keys
        assert draft.evidence is not None
        assert getattr(cited[key], draft.evidence.field)[draft.evidence.start : draft.evidence.end] == draft.text


def test_a_second_paper_on_the_question_is_quoted_and_one_beside_it_is_not(searcher: Searcher) -> None:
    keys = [
        key for draft in compose(QUESTION, sources(BUDDING, AGREEING, ELSEWHERE), searcher, 6) for key in draft.keys
    ]
    assert set(keys) == {"K1A", "K2A"}


def test_the_same_sentence_is_not_quoted_twice(searcher: Searcher) -> None:
    texts = [draft.text for draft in compose(QUESTION, sources(BUDDING, BUDDING), searcher, 6)]
    assert texts.count("Tumour budding predicts nodal spread of colon carcinoma.") == 1


def test_what_may_not_be_rested_upon_is_not_quoted(searcher: Searcher) -> None:
    assert compose(QUESTION, sources(BUDDING, usable=False), searcher, 6) == []


def test_an_article_without_an_abstract_speaks_by_its_title(searcher: Searcher) -> None:
    assert [draft.text for draft in compose(QUESTION, sources(UNREAD), searcher, 6)] == [UNREAD.title]


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_there_are_no_more_sentences_than_asked_for(searcher: Searcher, limit: int) -> None:
    assert len(compose(QUESTION, sources(BUDDING, AGREEING), searcher, limit)) <= limit


def test_without_sources_or_text_there_is_nothing_to_quote(searcher: Searcher) -> None:
    assert compose(QUESTION, [], searcher, 6) == []
    assert compose(QUESTION, sources(Article(pmid=9)), searcher, 6) == []


def test_a_question_without_words_quotes_without_failing(searcher: Searcher) -> None:
    assert isinstance(compose("???", sources(BUDDING), searcher, 3), list)


def test_twenty_sources_take_less_than_a_second(tmp_path: Path) -> None:
    many = [article(n, f"Budding {n}.", f"Budding {n} predicts spread. " * 12) for n in range(100, 120)]
    searcher = open_reading_searcher(tmp_path, many)
    began = time.process_time()
    compose("budding predicts spread", sources(*many), searcher, 6)
    assert time.process_time() - began < 1.0
