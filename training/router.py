"""Learning to route from logged rewards: a ridge model of the reward for each action, weighed by how likely it was.

Only the reward of the action that was taken is known, and actions were not taken equally often; entries count by the
inverse of their propensity. Policies are compared on entries that the models were not fitted to, by the doubly robust
estimate: the model's reward, corrected by what was really seen where policy and log agree. Dudik, Langford, Li: Doubly
Robust Policy Evaluation and Learning, ICML 2011.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.errors import InputError
from retrieval.router.features import FEATURES
from retrieval.router.learned import promised
from retrieval.router.log import LoggedChoice
from retrieval.router.model import RewardModel, RouterModel

FEWEST: Final = 30
"""Entries of an action from which it can be learnt."""
_RIDGE: Final = 5.0
_HEAVIEST: Final = 20.0
"""Times that an entry counts at most: rare ones would decide alone."""
_FOLDS: Final = 5
_STEPS: Final = 40
_HIGHEST_WEIGHT: Final = 100.0
"""Reward for a second: beyond it the cheapest action is always taken."""


class Judged(NamedTuple):
    """Doubly robust values of each entry, for the rules and for the learnt policy."""

    rules: list[float]
    learnt: list[float]
    rules_ms: float
    learnt_ms: float


def learn(choices: Sequence[LoggedChoice], *, budget_ms: float | None = None) -> RouterModel:
    """Reward models, and the cost weight with which the log's questions cost no more than by the rules, or `budget_ms`.

    InputError where too little was logged.
    """
    actions = fit(choices)
    if len(actions) < 2:
        raise InputError(
            f"the log has {len(choices)} entries, and {FEWEST} or more for {len(actions)} actions only; two are the "
            "least to choose between; log more questions, or explore more of them"
        )
    model = RouterModel(cost_weight=0.0, actions=actions)
    questions = [(choice.features, choice.allowed) for choice in choices]
    budget = budget_ms if budget_ms is not None else _mean([_cost(actions, choice.rules) for choice in choices])
    return within(model, questions, budget)


def fit(choices: Sequence[LoggedChoice]) -> tuple[RewardModel, ...]:
    """One model for each action that was taken often enough, by name."""
    taken: dict[str, list[LoggedChoice]] = {}
    for choice in choices:
        taken.setdefault(choice.action, []).append(choice)
    return tuple(_fitted(action, taken[action]) for action in sorted(taken) if len(taken[action]) >= FEWEST)


def within(
    model: RouterModel, questions: Sequence[tuple[Mapping[str, float], tuple[str, ...]]], budget_ms: float
) -> RouterModel:
    """The smallest cost weight with which the questions cost the budget on average, or the largest there is."""

    def weighed(weight: float) -> RouterModel:
        return RouterModel(cost_weight=weight, actions=model.actions)

    def cost(weight: float) -> float:
        chosen = (promised(weighed(weight), features, allowed) for features, allowed in questions)
        return _mean([promises[0].action.cost_ms for promises in chosen if promises])

    low, high = 0.0, _HIGHEST_WEIGHT
    if cost(low) <= budget_ms:
        return weighed(low)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle) <= budget_ms else (middle, high)
    return weighed(high)


def judged(choices: Sequence[LoggedChoice]) -> Judged:
    """Each entry judged by models that it had no part in."""
    if len(choices) < _FOLDS * FEWEST:
        raise InputError(f"the log has {len(choices)} entries; {_FOLDS * FEWEST} are the least to learn from")
    rules, learnt = [0.0] * len(choices), [0.0] * len(choices)
    rules_ms, learnt_ms = [], []
    for fold in range(_FOLDS):
        model = learn([choice for i, choice in enumerate(choices) if i % _FOLDS != fold])
        for i in range(fold, len(choices), _FOLDS):
            choice = choices[i]
            promises = promised(model, choice.features, choice.allowed)
            expected = {promise.action.action: promise.reward for promise in promises}
            action = promises[0].action.action if promises else choice.rules
            rules[i] = _doubly_robust(choice, choice.rules, expected)
            learnt[i] = _doubly_robust(choice, action, expected)
            rules_ms.append(_cost(model.actions, choice.rules))
            learnt_ms.append(_cost(model.actions, action))
    return Judged(rules, learnt, _mean(rules_ms), _mean(learnt_ms))


def _doubly_robust(choice: LoggedChoice, action: str, expected: Mapping[str, float]) -> float:
    value = expected.get(action, 0.0)
    if choice.action != action:
        return value
    return value + min(1 / choice.propensity, _HEAVIEST) * (choice.reward - value)


def _fitted(action: str, choices: Sequence[LoggedChoice]) -> RewardModel:
    """Weighted ridge regression on standardised features, without a penalty on the bias."""
    x = np.array([[choice.features.get(name, 0.0) for name in FEATURES] for choice in choices], dtype=np.float64)
    y = np.array([choice.reward for choice in choices], dtype=np.float64)
    importance = np.array([min(1 / choice.propensity, _HEAVIEST) for choice in choices], dtype=np.float64)
    importance *= len(choices) / importance.sum()
    mean, spread = _standard(x, importance)
    z = (x - mean) / spread
    bias = float((importance * y).sum() / importance.sum())
    gram = z.T @ (importance[:, None] * z) + _RIDGE * np.eye(len(FEATURES))
    slopes = np.linalg.solve(gram, z.T @ (importance * (y - bias))) / spread
    kept = x.max(axis=0) > x.min(axis=0)
    weights = {name: float(slope) for name, slope, varies in zip(FEATURES, slopes, kept, strict=True) if varies}
    return RewardModel(
        action=action,
        questions=len(choices),
        cost_ms=float(median(choice.cost_ms for choice in choices)),
        bias=bias - float((slopes * mean)[kept].sum()),
        weights=weights,
    )


def _standard(
    x: npt.NDArray[np.float64], importance: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    total = importance.sum()
    mean = (importance[:, None] * x).sum(axis=0) / total
    variance = (importance[:, None] * (x - mean) ** 2).sum(axis=0) / total
    return mean, np.where(variance > 0, np.sqrt(variance), 1.0)


def _cost(actions: Sequence[RewardModel], name: str) -> float:
    """Zero for an action that was never logged often enough."""
    return next((action.cost_ms for action in actions if action.action == name), 0.0)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else 0.0
