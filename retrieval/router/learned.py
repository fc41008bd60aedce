"""A router learnt from logged rewards: the action that promises most for its cost, with the numbers as reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from retrieval.answer.records import Decision
from retrieval.router.actions import allowed, experts_of
from retrieval.router.base import Asked
from retrieval.router.features import features_of
from retrieval.router.form import form_of
from retrieval.router.model import RewardModel, RouterModel
from retrieval.router.rules import RuleRouter, tools_for

_NAMED: Final = 3
"""Features that a reason names."""


class Promise(NamedTuple):
    action: RewardModel
    reward: float
    worth: float
    """Reward less what its time is worth."""


class LearnedRouter:
    """Leaves to the rules what it has not learnt: query language, and questions whose actions its log never saw."""

    def __init__(self, model: RouterModel, name: str) -> None:
        self.model = model
        self._id = f"{name}@{hashlib.sha256(msgspec.json.encode(model)).hexdigest()[:8]}"
        self._rules = RuleRouter()

    @property
    def id(self) -> str:
        return self._id

    def decide(self, asked: Asked) -> Decision:
        form = form_of(asked.text)
        written_as_query = form.identifier or form.fielded or form.quoted
        nothing_to_learn = not form.words and not asked.has_image and not asked.has_slide
        features = features_of(asked)
        promises = promised(self.model, features, allowed(asked))
        if written_as_query or nothing_to_learn or len(promises) < 2:
            decision = self._rules.decide(asked)
            return replace(decision, router=self.id, reasons=(*decision.reasons, "Decided by rule."))
        best, second = promises[:2]
        tools, told = tools_for(asked)
        experts = experts_of(best.action.action)
        return Decision(
            experts=(*experts, *(("tools",) if tools else ())),
            reasons=(_reason(best, second), _because(best, second, features), *told),
            router=self.id,
            tools=tools,
        )


def promised(model: RouterModel, features: Mapping[str, float], actions: tuple[str, ...]) -> list[Promise]:
    """What each action that the model knows promises, best first; of equals the cheaper."""
    found = []
    for action in model.actions:
        if action.action in actions:
            reward = action.reward(features)
            found.append(Promise(action, reward, reward - model.cost_weight * action.cost_ms / 1000))
    return sorted(found, key=lambda promise: (-promise.worth, promise.action.cost_ms, promise.action.action))


def _reason(best: Promise, second: Promise) -> str:
    return (
        f"Learnt: {_told(best)} promises {best.reward:.2f} for {best.action.cost_ms:.0f} ms; "
        f"next, {_told(second)} {second.reward:.2f} for {second.action.cost_ms:.0f} ms."
    )


def _because(best: Promise, second: Promise, features: Mapping[str, float]) -> str:
    """The features that made the difference between the two."""
    names = {*best.action.weights, *second.action.weights}
    gains = {
        name: (best.action.weights.get(name, 0.0) - second.action.weights.get(name, 0.0)) * features.get(name, 0.0)
        for name in names
    }
    largest = sorted((name for name in gains if gains[name]), key=lambda name: (-abs(gains[name]), name))[:_NAMED]
    if not largest:
        return "No feature of the question told them apart."
    return "What told them apart most: " + ", ".join(f"{name} ({gains[name]:+.2f})" for name in largest) + "."


def _told(promise: Promise) -> str:
    experts = experts_of(promise.action.action)
    return " and ".join(experts) if experts else "no search"
