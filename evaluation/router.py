"""Rules against a learnt router: verified support on held-out questions, at no more cost, with its interval.

The table of rewards says what every choice would have brought. From one half of the questions logs are drawn as a
running system would write them: one action each, chosen at random, its reward alone. What is learnt from a log decides
the other half. The interval covers both which questions were asked and which log was learnt from.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from evaluation.router_rewards import Row, by_half, kinds
from evaluation.significance import Interval
from retrieval.errors import InputError
from retrieval.records import Record
from retrieval.router.actions import NONE, name_of
from retrieval.router.learned import LearnedRouter
from retrieval.router.log import LoggedChoice
from retrieval.router.model import RouterModel

LOGS: Final = 20
_SAMPLES: Final = 10_000

Learn = Callable[[Sequence[LoggedChoice]], RouterModel]
Features = tuple[Mapping[str, float], tuple[str, ...]]
Within = Callable[[RouterModel, Sequence[Features], float], RouterModel]
"""A model whose cost weight keeps questions within milliseconds on average."""


class Compared(Record, frozen=True):
    """Rules and learnt on some held-out questions."""

    name: str
    questions: int
    rules: float
    learnt: float
    best: float
    """What somebody would get who knew every reward."""
    difference: Interval
    rules_ms: float
    learnt_ms: float
    wrongly_silent: float
    """Share of the questions that need literature, for which the learnt router searched nothing."""


class RouterComparison(Record, frozen=True, omit_defaults=False):
    learnt_from: int
    held_out: int
    logs: int
    better: int
    """Logs from which a router was learnt that beats the rules on the held-out questions."""
    overall: Compared
    with_literature: Compared
    """Without the questions that are answered best by no search at all, whose share in the whole is arbitrary."""
    groups: tuple[Compared, ...]
    beats: bool
    """The interval of the difference lies above zero, and the learnt router costs no more."""


def compare(
    rows: Sequence[Row], learn: Learn, within: Within, *, logs: int = LOGS, explore: float = 1.0, seed: int = 0
) -> RouterComparison:
    """InputError where one of the halves is empty, or where nothing can be learnt."""
    first, other = by_half(rows)
    if not first or not other:
        raise InputError(f"{len(first)} questions to learn from and {len(other)} held out; both must be there")
    budget = float(np.mean([row.cost_ms[row.rules] for row in other]))
    asked: list[Features] = [(row.features, row.allowed) for row in other]
    chosen = []
    for number in range(logs):
        model = within(learn(logged(first, explore, seed + number)), asked, budget)
        router = LearnedRouter(model, "learnt")
        chosen.append([_action(router, row) for row in other])
    learnt = np.array([[row.rewards[a] for row, a in zip(other, actions, strict=True)] for actions in chosen])
    costs = np.array([[row.cost_ms.get(a, 0.0) for row, a in zip(other, actions, strict=True)] for actions in chosen])
    rules = np.array([row.rewards[row.rules] for row in other])
    differences = learnt - rules

    def compared(name: str, places: Sequence[int]) -> Compared:
        part = [other[place] for place in places]
        needing = [place for place in places if other[place].question.needs_literature]
        silent = [actions[place] == NONE for actions in chosen for place in needing]
        return Compared(
            name=name,
            questions=len(part),
            rules=float(rules[places].mean()),
            learnt=float(learnt[:, places].mean()),
            best=float(np.mean([max(row.rewards.values()) for row in part])),
            difference=_interval(differences[:, places], seed),
            rules_ms=float(np.mean([row.cost_ms[row.rules] for row in part])),
            learnt_ms=float(costs[:, places].mean()),
            wrongly_silent=float(np.mean(silent)) if silent else 0.0,
        )

    overall = compared("all", list(range(len(other))))
    return RouterComparison(
        learnt_from=len(first),
        held_out=len(other),
        logs=logs,
        better=int((differences.mean(axis=1) > 0).sum()),
        overall=overall,
        with_literature=compared(
            "with literature", [place for place, row in enumerate(other) if row.question.needs_literature]
        ),
        groups=tuple(compared(name, places) for name, places in kinds(other)),
        beats=overall.difference.low > 0 and overall.learnt_ms <= overall.rules_ms,
    )


def logged(rows: Sequence[Row], explore: float, seed: int) -> list[LoggedChoice]:
    """One choice for each question, as `retrieval.router.log` would have noted it."""
    chance = random.Random(seed)  # noqa: S311
    choices = []
    for row in rows:
        action = chance.choice(row.allowed) if chance.random() < explore else row.rules
        at_random = explore / len(row.allowed) if action in row.allowed else 0.0
        choices.append(
            LoggedChoice(
                features=row.features,
                allowed=row.allowed,
                action=action,
                propensity=at_random + (1 - explore if action == row.rules else 0.0),
                rules=row.rules,
                reward=row.rewards[action],
                cost_ms=row.cost_ms[action],
            )
        )
    return choices


def _action(router: LearnedRouter, row: Row) -> str:
    return name_of(router.decide(row.question.asked).experts)


def _interval(differences: np.ndarray[tuple[int, int], np.dtype[np.float64]], seed: int) -> Interval:
    """Over questions and logs at once: each sample draws questions with replacement, and one log."""
    generator = np.random.default_rng(seed)
    logs, questions = differences.shape
    means = np.empty(_SAMPLES)
    for number in range(_SAMPLES):
        log = generator.integers(logs)
        means[number] = differences[log, generator.integers(questions, size=questions)].mean()
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(mean=float(differences.mean()), low=float(low), high=float(high))
