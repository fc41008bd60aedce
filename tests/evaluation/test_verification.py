"""The measures of a verifier, on counts that can be checked by hand."""

from __future__ import annotations

import pytest

from evaluation.verification import Outcome, by_threshold, judged, measure
from retrieval.errors import InputError
from retrieval.verify.base import Claim, Judgement, Verdict
from retrieval.verify.pairs import Label, Pair

CALLS: list[tuple[Label, Label]] = [
    ("support", "support"),
    ("support", "support"),
    ("support", "neutral"),
    ("support", "contradict"),
    ("contradict", "contradict"),
    ("contradict", "support"),
    ("neutral", "neutral"),
    ("neutral", "neutral"),
    ("neutral", "neutral"),
    ("neutral", "contradict"),
]


def outcomes() -> list[Outcome]:
    return [Outcome(f"claim {n}", label, called, float(called == "support")) for n, (label, called) in enumerate(CALLS)]


def test_each_figure_is_the_arithmetic_of_its_counts() -> None:
    scores = measure(outcomes())
    assert (scores.pairs, scores.claims) == (10, 10)
    assert scores.false_support.mean == pytest.approx(1 / 6)
    assert scores.recall.mean == pytest.approx(2 / 4)
    assert scores.precision.mean == pytest.approx(2 / 3)
    assert scores.f1.mean == pytest.approx(4 / 7)
    assert scores.contradict_precision.mean == pytest.approx(1 / 3)
    assert scores.contradict_recall.mean == pytest.approx(1 / 2)
    assert scores.macro_f1.mean == pytest.approx((4 / 7 + 2 / 5 + 6 / 8) / 3)
    assert scores.auc == pytest.approx((2 * 5 + 2 * 1 * 0.5 + 2 * 5 * 0.5) / 24)


def test_intervals_hold_the_figure_and_repeat() -> None:
    first, second = measure(outcomes()), measure(outcomes())
    assert first == second
    assert first.recall.low < first.recall.mean < first.recall.high


def test_pairs_of_one_claim_are_drawn_together() -> None:
    apart = measure(outcomes() * 4)
    numbered = [one._replace(claim=f"{one.claim} {n}") for n in range(4) for one in outcomes()]
    more_claims = measure(numbered)
    assert apart.recall.high - apart.recall.low > more_claims.recall.high - more_claims.recall.low


@pytest.mark.parametrize("label", ["support", "neutral"])
def test_pairs_of_one_kind_measure_nothing(label: Label) -> None:
    with pytest.raises(InputError, match="are needed"):
        measure([Outcome("a", label, "neutral", 0.0)])


def test_the_baseline_calls_supported_what_is_similar() -> None:
    pairs = [Pair("a", "x", "support"), Pair("b", "x", "neutral")]
    assert [one.called for one in by_threshold(pairs, [0.8, 0.2], 0.5)] == ["support", "neutral"]


class Sure:
    """Finds everything partly supported but what it finds word for word."""

    id = "sure"

    def load(self) -> None: ...

    def judge(self, claims: list[Claim]) -> list[Judgement]:
        raise NotImplementedError

    def judge_texts(self, pairs: list[tuple[str, str]]) -> list[Judgement]:
        return [Judgement(Verdict.SUPPORTED if a == b else Verdict.PARTLY, 0.7, 0.1, 0.2) for a, b in pairs]


def test_partly_supported_counts_as_not_supported() -> None:
    found = judged(Sure(), [Pair("a", "a", "support"), Pair("a", "b", "support")])  # type: ignore[arg-type]
    assert [one.called for one in found] == ["support", "neutral"]


def test_a_pair_without_a_label_is_refused() -> None:
    with pytest.raises(InputError, match="has no label"):
        judged(Sure(), [Pair("a", "a")])  # type: ignore[arg-type]
