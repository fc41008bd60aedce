"""The regression gate: does a task do worse than a stored baseline, by more than chance explains?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from evaluation.runs import StoredRun
from evaluation.significance import Interval, interval
from retrieval.errors import InputError

_ROUNDING: Final = 1e-9


class Verdict(NamedTuple):
    """How one system did on one task now, beside its baseline."""

    task: str
    system: str
    measure: str
    before: Interval
    after: float
    change: Interval
    """Of the paired differences, question by question."""

    @property
    def fell(self) -> bool:
        """Below the baseline's interval, or on so many questions that the interval of the change lies below zero.

        The first catches a single leak of a rule that held without exception, the second a small fall everywhere.
        """
        return self.after < self.before.low - _ROUNDING or self.change.high < -_ROUNDING

    @property
    def sentence(self) -> str:
        low, high = self.before.low, self.before.high
        return (
            f"{self.task}, {self.system}: {self.measure} {self.before.mean:.3f} [{low:.3f}, {high:.3f}] -> "
            f"{self.after:.3f} ({self.change.mean:+.3f} [{self.change.low:+.3f}, {self.change.high:+.3f}])"
        )


def compare(baseline: Sequence[StoredRun], current: Sequence[StoredRun]) -> list[Verdict]:
    """A verdict for each run of the baseline that was run again.

    InputError where none was, or where the questions have changed since.
    """
    now = {(run.record.task, run.record.system.name): run for run in current}
    pairs = [(before, now.get((before.record.task, before.record.system.name))) for before in baseline]
    verdicts = [_verdict(before, after) for before, after in pairs if after is not None]
    if not verdicts:
        raise InputError("the baseline holds none of the tasks and systems that were run; store a new one")
    return verdicts


def _verdict(before: StoredRun, after: StoredRun) -> Verdict:
    record = before.record
    if record.task_fingerprint != after.record.task_fingerprint:
        raise InputError(
            f"the questions or judgments of {record.task} have changed since the baseline was stored; store a new one"
        )
    old, new = before.primary_values, after.primary_values
    return Verdict(
        record.task,
        record.system.name,
        record.primary,
        record.means[record.primary],
        after.record.means[record.primary].mean,
        interval([new.get(key, 0.0) - value for key, value in old.items()]),
    )
