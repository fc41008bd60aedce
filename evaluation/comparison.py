"""Two systems on one task, question by question: where one wins, and what it found instead."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from evaluation.runs import StoredRun, read_hits, read_runs
from evaluation.significance import Interval, interval, paired_p
from retrieval.errors import InputError

_FIRST: Final = 10


class Difference(NamedTuple):
    query: str
    text: str
    first: float
    second: float
    only_first: tuple[str, ...]
    """Articles among its first ten hits that the other has not, best first."""
    only_second: tuple[str, ...]

    @property
    def change(self) -> float:
        return self.second - self.first


class Comparison(NamedTuple):
    task: str
    measure: str
    first: str
    second: str
    change: Interval
    p: float
    differences: list[Difference]
    """Questions whose values differ, greatest change first, whichever its sign."""
    equal: int


def compare_systems(root: Path, task: str, first: str, second: str, *, measure: str = "") -> Comparison:
    """From stored runs. InputError where one of them, or the measure, is not there."""
    stored = {run.record.system.name: run for run in read_runs(root) if run.record.task == task}
    before, after = _named(stored, task, first), _named(stored, task, second)
    measure = measure or before.record.primary
    if measure not in before.values or measure not in after.values:
        raise InputError(f"{task} was not measured by {measure!r}; choose among {', '.join(before.values)}")
    old, new = before.values[measure], after.values[measure]
    keys = list(old)
    hits, other_hits = read_hits(root, task, first), read_hits(root, task, second)
    differences = [
        Difference(key, before.texts[key], old[key], new[key], *_apart(hits.get(key, []), other_hits.get(key, [])))
        for key in keys
        if old[key] != new[key]
    ]
    return Comparison(
        task,
        measure,
        first,
        second,
        interval([new[key] - old[key] for key in keys]),
        paired_p([old[key] for key in keys], [new[key] for key in keys]),
        sorted(differences, key=lambda d: (-abs(d.change), d.query)),
        len(keys) - len(differences),
    )


def _named(stored: dict[str, StoredRun], task: str, name: str) -> StoredRun:
    if name not in stored:
        raise InputError(f"there is no run of {name!r} on {task!r}; there are {', '.join(stored) or 'none'}")
    return stored[name]


def _apart(first: list[str], second: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    one, other = first[:_FIRST], second[:_FIRST]
    return tuple(hit for hit in one if hit not in other), tuple(hit for hit in other if hit not in one)
