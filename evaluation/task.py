"""A task: what is asked, and what a good answer is."""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal

import msgspec

from evaluation.datasets import Qrels
from retrieval.errors import InputError
from retrieval.records import Record

Kind = Literal["ranked", "no-answer", "retractions", "aliases"]

PRIMARY: Final[dict[Kind, str]] = {
    "ranked": "nDCG@10",
    "no-answer": "separation",
    "retractions": "safe",
    "aliases": "overlap@10",
}
"""The measure that a task of each kind is decided by."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Task(Record, frozen=True):
    """Questions with what is known of their answers; `evaluation.probes` says what the kinds beside ranked mean."""

    name: str
    queries: dict[str, str]
    qrels: Qrels = msgspec.field(default_factory=dict)
    kind: Kind = "ranked"
    groups: dict[str, str] = msgspec.field(default_factory=dict)
    """Aliases: the name of the thing that each question asks for; the first question of a group is the reference."""
    about: str = ""
    """How it was made, for the reader of the leaderboard."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal questions and judgments: runs of different ones must not be compared."""
        content = msgspec.json.encode((self.kind, self.queries, self.qrels, self.groups), order="sorted")
        return hashlib.sha256(content).hexdigest()[:16]

    @property
    def judged(self) -> list[str]:
        """The questions that averages divide by."""
        if self.kind == "no-answer":
            return [key for key in self.queries if key not in self.qrels]
        if self.kind == "aliases":
            references = set({group: key for key, group in reversed(self.groups.items())}.values())
            return [key for key in self.queries if key not in references]
        return list(self.qrels)


def require_usable(task: Task) -> Task:
    """InputError where nothing can be measured, or where an id would break the columns of a run file."""
    require_name("task", task.name)
    if not task.judged:
        raise InputError(f"the task {task.name} holds no question that is judged; nothing can be measured")
    unknown = next((key for key in [*task.qrels, *task.groups] if key not in task.queries), None)
    if unknown is not None:
        raise InputError(f"the task {task.name} judges the query {unknown!r}, which it does not hold")
    if task.kind == "aliases" and (alone := next((key for key in task.queries if key not in task.groups), None)):
        raise InputError(f"the task {task.name}: the query {alone!r} is in no group of aliases")
    if broken := next((key for key in task.queries if not key or key.split() != [key]), None):
        raise InputError(f"the task {task.name}: the query id {broken!r} is empty or holds a blank")
    return task


def require_name(what: str, name: str) -> None:
    """Names of tasks and systems become folders."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for a {what}; use letters, digits, dots, hyphens and underscores")
