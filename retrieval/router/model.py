"""The file of a learned router: a linear reward model for each action, what actions cost, and how it was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from retrieval.errors import ConfigurationError
from retrieval.records import Record
from retrieval.router.features import FEATURES
from retrieval.toml_record import read_record, toml_string


class RewardModel(Record, frozen=True, forbid_unknown_fields=True):
    """Expected reward of one action: bias + sum of weight x feature, held to 0..1."""

    action: str
    questions: int
    """Of the log, from which it was learnt."""
    cost_ms: float
    """What the action costs, as logged: the median."""
    bias: float
    weights: dict[str, float]

    def reward(self, features: Mapping[str, float]) -> float:
        value = self.bias + sum(weight * features.get(name, 0.0) for name, weight in self.weights.items())
        return min(1.0, max(0.0, value))


class Estimate(Record, frozen=True, forbid_unknown_fields=True):
    """Value of a policy on logged questions that its models were not fitted to: doubly robust, 95 % interval."""

    policy: str
    value: float
    low: float
    high: float
    cost_ms: float


class RouterModel(Record, frozen=True, forbid_unknown_fields=True):
    """The action with the highest reward - cost_weight x seconds is taken."""

    cost_weight: float
    """Reward that a second is worth."""
    actions: tuple[RewardModel, ...]
    measure: str = ""
    """What the rewards were: "verified support", "nDCG@10"."""
    made_by: str = ""
    created: str = ""
    estimates: tuple[Estimate, ...] = ()
    """Of the rules, of this router, and of the difference."""


def read_router(path: Path) -> RouterModel:
    """ConfigurationError names what cannot be used."""
    model = read_record(
        path, RouterModel, what="router", otherwise='make one with `pathlit train router`, or use "rules"'
    )
    unknown = next((name for action in model.actions for name in action.weights if name not in FEATURES), None)
    if unknown is not None or not model.actions:
        what = f"weighs {unknown!r}, which is no feature" if unknown else "knows no action"
        raise ConfigurationError(f"the router {path} {what}; features are {', '.join(FEATURES)}")
    return model


def write_router(path: Path, model: RouterModel) -> None:
    """As TOML, to be read and compared by people."""
    lines = [
        "# A learned router of pathlit: for each action the reward that it expects of a question's features",
        "# (retrieval/router/features.py); the action with the highest reward - cost_weight x seconds is taken.",
        *_table(model, ("cost_weight", "measure", "made_by", "created")),
    ]
    for action in model.actions:
        lines += ["", "[[actions]]", *_table(action, ("action", "questions", "cost_ms", "bias"))]
        lines += ["", "[actions.weights]", *(f"{name} = {weight:.4f}" for name, weight in action.weights.items())]
    for estimate in model.estimates:
        lines += ["", "[[estimates]]", *_table(estimate, estimate.__struct_fields__)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(record: Record, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value: Any = getattr(record, name)
        # Whole numbers are written alike in JSON and in TOML.
        whole = toml_string(value) if isinstance(value, str) else msgspec.json.encode(value).decode()
        written = f"{value:.4f}" if isinstance(value, float) else whole
        yield f"{name} = {written}"
