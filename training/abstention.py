"""Learning when to abstain: a logistic model of "this search result answers the question", by Newton's method.

Answerable questions and probes count the same, and so does each kind within its class, however many it has. What is
reported of a kind comes from weights that were fitted without it: what holds for probes of a kind never seen, and for
questions of another task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.answer.abstention import Weights
from retrieval.errors import InputError

FloatArray = npt.NDArray[np.float64]

_REGULAR: Final = 1e-2
"""Of the squared weights, features in standard deviations."""
_STEPS: Final = 100
_CLOSE: Final = 1e-9
_FEWEST: Final = 20
"""Of each class; fewer say nothing of when to abstain."""


class Asked(NamedTuple):
    """One question of training, and what `retrieval.answer.answerable` read of its result."""

    kind: str
    """The task that it is from, or the kind of probe."""
    answerable: bool
    features: Mapping[str, float]


class Learned(NamedTuple):
    weights: Weights
    left_out: dict[str, list[float]]
    """Kind -> the probability of each of its questions, by weights fitted to all other kinds."""


def learn(asked: Sequence[Asked], names: Sequence[str]) -> Learned:
    """InputError where one class is too small, or has one kind only, so that none can be left out."""
    for answerable in (True, False):
        chosen = [one for one in asked if one.answerable is answerable]
        kinds = {one.kind for one in chosen}
        what = "answerable questions" if answerable else "probes"
        if len(chosen) < _FEWEST:
            raise InputError(f"there are {len(chosen)} {what} to learn from; {_FEWEST} are the least")
        if len(kinds) < 2:
            raise InputError(f"all {what} are of one kind, {min(kinds)}; give two or more, to test on each in turn")
    left_out = {}
    for kind in dict.fromkeys(one.kind for one in asked):
        weights = fit([one for one in asked if one.kind != kind], names)
        left_out[kind] = [weights.probability(dict(one.features)) for one in asked if one.kind == kind]
    return Learned(fit(asked, names), left_out)


def fit(asked: Sequence[Asked], names: Sequence[str]) -> Weights:
    """Weights of the features of these names, and the bias."""
    features = np.asarray([[one.features[name] for name in names] for one in asked], dtype=np.float64)
    target = np.asarray([one.answerable for one in asked], dtype=np.float64)
    share = _shares(asked)
    mean = share @ features
    spread = np.maximum(np.sqrt(share @ (features - mean) ** 2), 1e-6)
    inputs = np.column_stack([np.ones(len(asked)), (features - mean) / spread])
    regular = _REGULAR * np.diag([0.0, *np.ones(len(names))])
    weights = np.zeros(1 + len(names))
    for _ in range(_STEPS):
        given = 1 / (1 + np.exp(-(inputs @ weights)))
        slope = inputs.T @ (share * (given - target)) + regular @ weights
        curve = (inputs * (share * given * (1 - given))[:, None]).T @ inputs + regular
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < _CLOSE:
            break
    scaled = weights[1:] / spread
    return Weights(float(weights[0] - scaled @ mean), {n: float(w) for n, w in zip(names, scaled, strict=True)})


def _shares(asked: Sequence[Asked]) -> FloatArray:
    """Each class half, each kind the same part of its class, each question the same part of its kind."""
    kinds = {answerable: {o.kind for o in asked if o.answerable is answerable} for answerable in (True, False)}
    sizes: dict[str, int] = {}
    for one in asked:
        sizes[one.kind] = sizes.get(one.kind, 0) + 1
    return np.asarray([0.5 / len(kinds[one.answerable]) / sizes[one.kind] for one in asked])
