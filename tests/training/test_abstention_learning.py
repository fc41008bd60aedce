"""Learning when to abstain: weights point the right way, classes and kinds count evenly, kinds are left out in turn."""

import numpy as np
import pytest

from retrieval.errors import InputError
from training.abstention import Asked, fit, learn


def drawn(kind: str, answerable: bool, count: int, middle: float, seed: int = 0) -> list[Asked]:
    choice = np.random.default_rng([seed, len(kind), count])
    return [
        Asked(kind, answerable, {"near": float(choice.normal(middle, 0.1)), "noise": float(choice.normal())})
        for _ in range(count)
    ]


EVEN = [
    *drawn("trials", True, 60, 0.7),
    *drawn("claims", True, 60, 0.6),
    *drawn("removed", False, 60, 0.3),
    *drawn("elsewhere", False, 60, 0.2),
]


def test_what_tells_weighs_much_and_what_does_not_weighs_little() -> None:
    weights = fit(EVEN, ("near", "noise")).features
    assert weights["near"] > 5
    assert abs(weights["noise"]) < 1


def test_the_probability_is_the_share_that_is_answerable() -> None:
    weights = fit(EVEN, ("near",))
    given = [weights.probability(dict(one.features)) for one in EVEN]
    likely = [one.answerable for one, p in zip(EVEN, given, strict=True) if p > 0.9]
    assert np.mean(likely) > 0.9
    assert np.mean(given) == pytest.approx(0.5, abs=0.05)


def test_a_kind_counts_the_same_however_many_it_has() -> None:
    many = [*EVEN, *(one for one in EVEN if one.kind == "elsewhere")] * 3
    one, other = fit(EVEN, ("near",)), fit(many, ("near",))
    assert one.bias == pytest.approx(other.bias, rel=1e-6)
    assert one.features["near"] == pytest.approx(other.features["near"], rel=1e-6)


def test_each_kind_is_tried_by_weights_that_have_not_seen_it() -> None:
    # Near ones that cannot be answered: with them in the fitting, nearness would say less.
    odd = drawn("odd", False, 60, 0.9)
    learned = learn([*EVEN, *odd], ("near",))
    assert np.mean([p > 0.9 for p in learned.left_out["odd"]]) > 0.9
    assert learned.weights.features["near"] < fit(EVEN, ("near",)).features["near"]
    assert {kind: len(given) for kind, given in learned.left_out.items()} == dict.fromkeys(
        ("trials", "claims", "removed", "elsewhere", "odd"), 60
    )


def test_the_same_questions_give_the_same_weights() -> None:
    assert learn(EVEN, ("near", "noise")) == learn(EVEN, ("near", "noise"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (EVEN[:130], "there are 10 probes to learn from"),
        (EVEN[60:], "all answerable questions are of one kind, claims"),
        (EVEN[120:], "there are 0 answerable questions"),
    ],
)
def test_too_little_to_learn_from_is_refused(asked: list[Asked], said: str) -> None:
    with pytest.raises(InputError, match=said):
        learn(asked, ("near",))
