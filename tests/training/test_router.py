"""Learning to route: what a log teaches, at what cost, and what it cannot."""

from __future__ import annotations

import random

import pytest

from retrieval.errors import InputError
from retrieval.router.features import FEATURES
from retrieval.router.learned import promised
from retrieval.router.log import LoggedChoice
from retrieval.router.model import RouterModel
from training.router import fit, judged, learn, within

COST = {"none": 0.0, "lexical": 10.0, "dense": 20.0, "lexical+dense": 100.0}


def world(features: dict[str, float], action: str) -> float:
    """Symbols want words, talk wants nothing, the rest wants both; the rules never see talk."""
    if features["talk"]:
        return float(action == "none")
    if features["symbols"]:
        return {"lexical": 0.9, "lexical+dense": 0.9, "dense": 0.2}.get(action, 0.0)
    return {"lexical": 0.5, "dense": 0.6, "lexical+dense": 0.8}.get(action, 0.0)


def log(size: int, *, explore: float = 1.0, seed: int = 0) -> list[LoggedChoice]:
    chance = random.Random(seed)
    choices = []
    for _ in range(size):
        kind = chance.choice(("talk", "symbols", ""))
        features = dict.fromkeys(FEATURES, 0.0) | ({kind: 1.0} if kind else {})
        action = chance.choice(list(COST)) if chance.random() < explore else "lexical+dense"
        choices.append(
            LoggedChoice(
                features=features,
                allowed=tuple(COST),
                action=action,
                propensity=explore / 4 + (1 - explore if action == "lexical+dense" else 0),
                rules="lexical+dense",
                reward=float(chance.random() < world(features, action)),
                cost_ms=COST[action],
            )
        )
    return choices


def taken(model: RouterModel, kind: str) -> str:
    features = dict.fromkeys(FEATURES, 0.0) | ({kind: 1.0} if kind else {})
    return promised(model, features, tuple(COST))[0].action.action


def test_what_is_worth_most_is_learnt_from_one_action_for_each_question() -> None:
    model = learn(log(2_000))
    assert taken(model, "talk") == "none"
    assert taken(model, "symbols") in ("lexical", "lexical+dense")
    assert taken(model, "") == "lexical+dense"


def test_rewards_are_those_of_the_world_also_from_a_log_that_explored_little() -> None:
    models = {model.action: model for model in fit(log(8_000, explore=0.2))}
    plain = dict.fromkeys(FEATURES, 0.0)
    assert models["lexical+dense"].reward(plain) == pytest.approx(0.8, abs=0.05)
    assert models["dense"].reward(plain) == pytest.approx(0.6, abs=0.1)
    assert models["none"].reward(plain | {"talk": 1.0}) == pytest.approx(1.0, abs=0.1)


def test_a_budget_is_kept_by_giving_up_what_gains_least() -> None:
    choices = log(4_000)
    model = learn(choices, budget_ms=50.0)
    spent = [COST[promised(model, choice.features, choice.allowed)[0].action.action] for choice in choices]
    assert sum(spent) / len(spent) <= 50.0
    # Symbols do as well by words alone: the money goes where both are better.
    assert (taken(model, "symbols"), taken(model, "")) == ("lexical", "lexical+dense")


def test_without_a_budget_the_rules_cost_is_the_limit() -> None:
    assert learn(log(2_000)).cost_weight == 0.0
    assert within(learn(log(2_000)), [(dict.fromkeys(FEATURES, 0.0), tuple(COST))], 0.0).cost_weight > 1


def test_policies_are_judged_by_what_the_log_saw() -> None:
    values = judged(log(4_000))
    # A third each: 0, 0.9, 0.8 by the rules; 1, 0.9, 0.8 by the best choices.
    assert sum(values.rules) / 4_000 == pytest.approx(1.7 / 3, abs=0.05)
    assert sum(values.learnt) / 4_000 == pytest.approx(2.7 / 3, abs=0.06)
    assert values.rules_ms == 100.0
    assert values.learnt_ms < 100.0


def test_features_that_never_vary_have_no_weight() -> None:
    (model,) = (model for model in fit(log(500)) if model.action == "dense")
    assert set(model.weights) == {"symbols", "talk"}


def test_too_little_teaches_nothing() -> None:
    with pytest.raises(InputError, match="two are the least to choose between"):
        learn([choice for choice in log(1_000) if choice.action == "dense"])
    with pytest.raises(InputError, match="the log has 10 entries; 150 are the least"):
        judged(log(10))
