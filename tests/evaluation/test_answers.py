"""Answers measured: shares by hand on answers that are written out, and intervals that hold at the edge."""

from pathlib import Path

import pytest

from evaluation.answer_probes import Probe
from evaluation.answers import abstentions, answerable_of, ask_probes, ask_questions, measures, share, share_within
from retrieval.answer.records import Abstention, Answer, AnswerSentence, CheckedCitation, Question, Source
from retrieval.records import Filters, Integrity
from retrieval.verify.base import Judgement, Verdict
from tests.fakes import Corpus, HashingEncoder, article

RIGHT, OTHER = article(1, "Budding.", "Buds predict spread. They are few."), article(2, "Skin.", "Moles are flat.")
SOURCES = tuple(Source(f"K{a.pmid}A", a, Integrity(), (), a.pmid) for a in (RIGHT, OTHER))


def sentence(text: str, pmid: int, verdict: Verdict = Verdict.SUPPORTED) -> AnswerSentence:
    judgement = Judgement(verdict, 1.0, 0.0, 0.0)
    return AnswerSentence(text, verdict, (CheckedCitation(f"K{pmid}A", pmid, f"pmid:{pmid}", judgement),), "extract")


def answer(*sentences: AnswerSentence, dropped: tuple[AnswerSentence, ...] = ()) -> Answer:
    return Answer("?", sentences, dropped=dropped, sources=SOURCES)


ANSWERS = {
    "both": answer(sentence("Buds predict spread.", 1), sentence("Moles are flat.", 2)),
    "late": answer(sentence("Moles are round.", 2, Verdict.PARTLY), sentence("They are few.", 1)),
    "wrong": answer(sentence("Moles are flat.", 2), dropped=(sentence("No.", 1, Verdict.NOT_FOUND),)),
    "silent": Answer("?", (), abstention=Abstention("not_answered", "no", 0.2)),
}


def ask(question: Question) -> Answer:
    return ANSWERS[question.text]


def test_shares_of_sentences_and_of_answers_are_counted_as_they_are_called() -> None:
    outcomes = ask_questions(ask, "made", {key: (key, [1]) for key in ANSWERS})
    found = {name: interval.mean for name, interval in measures(outcomes).items()}
    assert found == {
        "answered": 3 / 4,
        "right": 2 / 5,
        "cited": 2 / 3,
        "first": 1 / 3,
        "supported": 4 / 6,
        "verbatim": 4 / 5,
    }


def test_questions_that_are_all_abstained_from_have_no_other_measure() -> None:
    assert list(measures(ask_questions(ask, "made", {"1": ("silent", [1])}))) == ["answered"]


def test_abstentions_are_counted_by_kind_and_altogether() -> None:
    probes = [Probe("removed", "silent", "a"), Probe("removed", "both", "b"), Probe("elsewhere", "silent", "c")]
    found = {kind: interval.mean for kind, interval in abstentions(ask_probes(ask, probes)).items()}
    assert found == {"removed": 1 / 2, "elsewhere": 1.0, "all": 2 / 3}


def test_a_probe_is_asked_without_what_it_leaves_out() -> None:
    asked: list[Question] = []

    def listen(question: Question) -> Answer:
        asked.append(question)
        return ANSWERS["silent"]

    ask_probes(listen, [Probe("removed", "q", "m", Filters(exclude_pmids=(7,)))])
    assert asked[0].filters.exclude_pmids == (7,)


def test_an_interval_is_not_a_point_where_all_are_right() -> None:
    found = share([True] * 50)
    assert found.mean == 1.0
    assert found.high == pytest.approx(1.0)
    assert 0.92 < found.low < 0.94


def test_sentences_of_one_answer_stand_and_fall_together() -> None:
    together, apart = share_within([6, 0] * 20, [6, 6] * 20), share_within([1, 0] * 120, [1, 1] * 120)
    assert together.mean == apart.mean == 0.5
    assert together.high - together.low > apart.high - apart.low


def test_only_judged_articles_that_are_indexed_count_as_answers(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish([RIGHT, OTHER])
    qrels = {"a": {"pmid:1": 1, "pmid:9": 1}, "b": {"pmid:9": 1}, "c": {"pmid:2": 0}, "d": {"pmid:": 1}}
    found = answerable_of(corpus.open_searcher(), {"a": "A?", "b": "B?", "c": "C?", "d": "D?"}, qrels)
    assert found == {"a": ("A?", [1])}
