"""Rebuilds at their due times, one at a time, for as long as the process lives."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Final, Protocol

from indexing.timetable import Timetable

CANNOT_START: Final = 126
"""Exit code of a run that never began, as shells have it."""

_DONE: Final = 0
_BUSY: Final = 5
_REASONS: Final = {
    1: "a check did not pass, what was published stays",
    2: "a setting or an input cannot be used",
    3: "the catalog or an index cannot be used",
    4: "a remote source failed",
    CANNOT_START: "it could not be started",
}
_DRAW: Final = SystemRandom().random
_log = logging.getLogger(__name__)


class Clock(Protocol):
    def now(self) -> datetime: ...

    def wait_until(self, moment: datetime) -> bool:
        """True at `moment` or later; False, at once, where the process has been asked to stop."""
        ...


class Scheduler:
    """Calls `run`, which returns an exit code, at every due time of a timetable.

    Due times that pass while a run is going, or while the machine sleeps, are made up for by one run afterwards.
    `jitter` is the longest random delay of a due time. `retry_after` grants a failed run one more attempt, unless the
    next due time comes first.
    """

    def __init__(
        self,
        timetable: Timetable,
        run: Callable[[], int],
        clock: Clock,
        *,
        jitter: timedelta = timedelta(0),
        retry_after: timedelta | None = None,
        draw: Callable[[], float] = _DRAW,
    ) -> None:
        self._timetable = timetable
        self._run = run
        self._clock = clock
        self._jitter = jitter
        self._retry_after = retry_after
        self._draw = draw

    def serve(self, *, at_start: bool = False) -> None:
        """Returns only once the clock says that the process has been asked to stop."""
        begun = self._clock.now()
        moment = begun if at_start else self._planned(begun)
        is_retry = False
        while True:
            _log.info("%s at %s", "another attempt" if is_retry else "next run", self._shown(moment))
            if not self._clock.wait_until(moment):
                return
            # A run that begins now sees all that was due until now.
            begun = self._clock.now()
            failed = self._attempt(begun)
            ended = self._clock.now()
            moment = max(ended, self._planned(begun))
            retry = ended + self._retry_after if failed and self._retry_after and not is_retry else moment
            is_retry = retry < moment
            moment = min(retry, moment)

    def _planned(self, after: datetime) -> datetime:
        """The next due time, delayed by chance unless it is past already."""
        due = self._timetable.next_after(after).astimezone(UTC)
        return due if due <= self._clock.now() else due + self._draw() * self._jitter

    def _attempt(self, begun: datetime) -> bool:
        """Whether the run failed. It has not where another run was at work: that one does what was due."""
        _log.info("a run begins")
        code = self._run()
        took = timedelta(seconds=round((self._clock.now() - begun).total_seconds()))
        if code == _DONE:
            _log.info("the run is done, after %s", took)
        elif code == _BUSY:
            _log.warning("the run had nothing to do: another one is at work on the same folder")
        else:
            _log.error("the run failed after %s: %s (exit code %d)", took, _reason(code), code)
        return code not in (_DONE, _BUSY)

    def _shown(self, moment: datetime) -> str:
        return moment.astimezone(self._timetable.zone).isoformat(sep=" ", timespec="seconds")


def _reason(code: int) -> str:
    if code < 0:
        number = -code
        ended_by = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        starved = ", often for want of memory" if number == signal.SIGKILL else ""
        return f"it was ended by {ended_by}{starved}"
    return _REASONS.get(code, "its last lines say why")
