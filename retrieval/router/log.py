"""The log that routers learn from: features, what was chosen and how likely, reward and cost. Never a question's text.

One JSON object a line. Off unless the settings name a file; with it, a small share of the questions is routed at
random among what is allowed, for without that nobody knows what the other choice would have brought.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from retrieval.answer.records import Answer, Decision
from retrieval.errors import ConfigurationError, InputError
from retrieval.records import Record
from retrieval.router.actions import allowed, experts_of, name_of
from retrieval.router.base import Asked, Router
from retrieval.router.features import features_of
from retrieval.router.rules import RuleRouter, tools_for

EXPLORE: Final = 0.05
VERIFIED_SUPPORT: Final = "verified support"


class LoggedChoice(Record, frozen=True, forbid_unknown_fields=True):
    features: dict[str, float]
    allowed: tuple[str, ...]
    action: str
    propensity: float
    """How likely this action was, in (0, 1]."""
    rules: str
    """What the rules would have chosen."""
    reward: float
    """In 0..1: `verified_support` of the answer, or another measure, such as nDCG@10."""
    cost_ms: float
    measure: str = VERIFIED_SUPPORT


def verified_support(answer: Answer, asked: Asked) -> float:
    """Of the sentences written the share that their citations support; 0 for an abstention.

    Where nothing was searched, an answer does not tell whether it should have been: that counts 1 where the rules would
    not have searched either, and 0 otherwise. So a log alone never teaches to search less than the rules do.
    """
    if answer.decision is not None and not answer.decision.experts:
        return float(not RuleRouter().decide(asked).experts)
    return answer.citation_recall or 0.0


class LoggedRouter:
    """Another router that now and then explores, and notes what came of its decisions."""

    def __init__(self, router: Router, path: Path, *, explore: float = EXPLORE, seed: int | None = None) -> None:
        if not 0 <= explore <= 1:
            raise ConfigurationError(f"the share of questions routed at random is {explore}; it lies between 0 and 1")
        self._router = router
        self._path = path
        self._explore = explore
        self._random = random.Random(seed)  # noqa: S311
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        return self._router.id

    def decide(self, asked: Asked) -> Decision:
        actions = allowed(asked)
        with self._lock:
            explores = self._random.random() < self._explore
            action = self._random.choice(actions)
        if not explores or len(actions) < 2:
            return self._router.decide(asked)
        tools, told = tools_for(asked)
        return Decision(
            experts=(*experts_of(action), *(("tools",) if tools else ())),
            reasons=(f"Chosen at random among {', '.join(actions)}, to learn from; {self._explore:.0%} are.", *told),
            router=self.id,
            tools=tools,
        )

    def note_answer(self, asked: Asked, answer: Answer) -> None:
        """What an answer was worth, and what its search cost; one without a decision is none of ours."""
        if answer.decision is not None:
            self.note(asked, answer.decision, verified_support(answer, asked), answer.timings_ms.get("search", 0.0))

    def note(
        self, asked: Asked, decision: Decision, reward: float, cost_ms: float, measure: str = VERIFIED_SUPPORT
    ) -> None:
        """Appends one line. ConfigurationError where the file cannot be written."""
        actions, action = allowed(asked), name_of(decision.experts)
        chosen = name_of(self._router.decide(asked).experts)
        at_random = self._explore / len(actions) if action in actions else 0.0
        choice = LoggedChoice(
            features=features_of(asked),
            allowed=actions,
            action=action,
            propensity=at_random + (1 - self._explore if action == chosen else 0.0),
            rules=name_of(RuleRouter().decide(asked).experts),
            reward=reward,
            cost_ms=cost_ms,
            measure=measure,
        )
        if choice.propensity > 0:
            append(self._path, [choice], self._lock)


def append(path: Path, choices: list[LoggedChoice], lock: threading.Lock | None = None) -> None:
    lines = b"".join(msgspec.json.encode(choice) + b"\n" for choice in choices)
    try:
        with lock or threading.Lock(), path.open("ab") as file:
            file.write(lines)
    except OSError as exc:
        raise ConfigurationError(f"the router's log {path} cannot be written: {exc.strerror}; name another") from exc


def read_log(path: Path) -> Iterator[LoggedChoice]:
    """InputError names file and line of one that cannot be used."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    choice = msgspec.json.decode(line, type=LoggedChoice)
                except ValueError as exc:
                    raise InputError(f"{path}, line {number}: it is no logged choice: {exc}") from exc
                if not (0 < choice.propensity <= 1 and 0 <= choice.reward <= 1 and choice.cost_ms >= 0):
                    raise InputError(
                        f"{path}, line {number}: propensity {choice.propensity} lies in (0, 1], reward {choice.reward} "
                        f"in 0..1, cost_ms {choice.cost_ms} is not negative; one of them does not"
                    )
                yield choice
    except OSError as exc:
        raise InputError(f"the log {path} cannot be read: {exc.strerror}") from exc
