"""The packaged verifier: what it says of real sentences, where the span is, and what it never calls supported."""

from __future__ import annotations

import pytest

from retrieval.records import Article, Section
from retrieval.verify.base import Claim, Verdict, Verifier
from retrieval.verify.opening import open_verifier

FOUND = "HER2 amplification was associated with shorter survival in 32% of 120 patients."
TEXT = f"We studied tumours of the breast. {FOUND} No effect of age on survival was found."
ARTICLE = Article(
    pmid=1,
    title="HER2 in tumours of the breast",
    sections=(Section(text="We studied tumours.", label="METHODS"), Section(text=FOUND, label="RESULTS")),
)


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    opened = open_verifier("learned")
    opened.load()
    return opened


def verdict(verifier: Verifier, claim: str, text: str = TEXT) -> Verdict:
    return verifier.judge_texts([(claim, text)])[0].verdict


def test_a_sentence_of_the_article_is_supported_by_itself(verifier: Verifier) -> None:
    judgement = verifier.judge([Claim(FOUND, ARTICLE)])[0]
    assert judgement.verdict is Verdict.SUPPORTED
    assert judgement.evidence is not None
    assert judgement.evidence.text == FOUND
    assert ARTICLE.abstract[judgement.evidence.start : judgement.evidence.end] == FOUND


@pytest.mark.parametrize("claim", [FOUND[:-1], f"Moreover, {FOUND}", FOUND.replace("was", "Was"), f"  {FOUND} "])
def test_signs_and_words_that_say_nothing_make_no_difference(verifier: Verifier, claim: str) -> None:
    assert verdict(verifier, claim) is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "claim",
    [
        FOUND.replace("shorter", "longer"),
        FOUND.replace("was associated", "was not associated"),
        "An effect of age on survival was found.",
    ],
)
def test_a_sentence_that_was_turned_round_is_contradicted(verifier: Verifier, claim: str) -> None:
    assert verdict(verifier, claim) is Verdict.CONTRADICTED


@pytest.mark.parametrize(
    "claim",
    [
        FOUND.replace("32%", "62%"),
        FOUND.replace("120", "1,200"),
        FOUND.replace("HER2", "EGFR"),
        FOUND.replace("survival", "remission"),
        "KRAS mutations predict survival.",
        "Aspirin cures headaches.",
    ],
)
def test_what_the_text_does_not_say_is_not_found(verifier: Verifier, claim: str) -> None:
    assert verdict(verifier, claim) is Verdict.NOT_FOUND


def test_another_name_of_the_same_marker_is_no_other_marker(verifier: Verifier) -> None:
    same, other = verifier.judge_texts([(FOUND.replace("HER2", name), TEXT) for name in ("ERBB2", "EGFR")])
    assert same.support > other.support


def test_probabilities_add_up_to_one_and_features_are_named(verifier: Verifier) -> None:
    judgement = verifier.judge_texts([("HER2 amplification shortens survival.", TEXT)])[0]
    assert judgement.support + judgement.contradict + judgement.neutral == pytest.approx(1)
    assert {"sentence", "contrast_words", "directions_oppose"} <= set(judgement.features)


def test_order_and_company_make_no_difference(verifier: Verifier) -> None:
    pairs = [("HER2 amplification shortens survival.", TEXT), (FOUND, TEXT), ("Age has no effect.", TEXT)]
    together = verifier.judge_texts(pairs)
    alone = [verifier.judge_texts([pair])[0] for pair in reversed(pairs)][::-1]
    assert [one.verdict for one in together] == [one.verdict for one in alone]
    assert [one.support for one in together] == pytest.approx([one.support for one in alone], abs=0.05)


@pytest.mark.parametrize("text", ["", "  \n "])
def test_a_text_without_a_sentence_says_nothing(verifier: Verifier, text: str) -> None:
    judgement = verifier.judge_texts([(FOUND, text)])[0]
    assert (judgement.verdict, judgement.evidence) == (Verdict.NOT_FOUND, None)


@pytest.mark.parametrize("claim", ["", "?!", "\ud800", "a" * 5_000, "não é 腫瘍", "not not not no 5 5 5 %"])
def test_any_text_can_be_judged(verifier: Verifier, claim: str) -> None:
    assert verdict(verifier, claim) in Verdict
    assert verifier.judge_texts([(FOUND, claim)])[0].verdict in Verdict


def test_nothing_asked_nothing_judged(verifier: Verifier) -> None:
    assert verifier.judge([]) == verifier.judge_texts([]) == []


def test_its_id_names_model_and_encoder(verifier: Verifier) -> None:
    assert verifier.id.startswith("learned-")
    assert "all-MiniLM-L6-v2@" in verifier.id


def test_what_speaks_of_something_else_contradicts_nothing(verifier: Verifier) -> None:
    claim = "Metformin reduces the risk of colorectal cancer in patients with diabetes."
    said = "Metformin has many beneficial metabolic effects in the management of Type 2 diabetes mellitus."
    (judgement,) = verifier.judge_texts([(claim, said)])
    assert judgement.verdict is Verdict.NOT_FOUND
    assert judgement.contradict < 0.5
