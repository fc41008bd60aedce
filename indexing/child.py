"""The world that a scheduler works in: the wall clock, signals from outside, and a child process for each run."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Final

from indexing.schedule import CANNOT_START

GRACE_S: Final = 20.0
"""How long a child may take to end after a signal, in seconds: less than containers are given (30 s)."""

_LONGEST_WAIT_S: Final = 60.0
"""After a change of the clock, or a sleep of the machine, the time is right again within this."""
_log = logging.getLogger(__name__)


class StopSignals:
    """From `catch` on, SIGTERM and SIGINT are messages in a queue, the one thing that a handler may safely put into."""

    def __init__(self) -> None:
        self.received: int | None = None
        """The first signal that came."""
        self._messages: SimpleQueue[int | None] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def catch(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._on_signal)

    def release(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
        self._messages.put(number)

    def wake(self) -> None:
        """What `next` gives back as None, from whichever thread."""
        self._messages.put(None)

    def next(self, timeout_s: float | None = None) -> int | None:
        """The next signal, or None after `wake`; TimeoutError where neither comes in time."""
        try:
            return self._messages.get(timeout=timeout_s)
        except Empty:
            raise TimeoutError from None


class WallClock:
    def __init__(self, signals: StopSignals) -> None:
        self._signals = signals

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait_until(self, moment: datetime) -> bool:
        while self._signals.received is None and (left := (moment - self.now()).total_seconds()) > 0:
            with suppress(TimeoutError):
                self._signals.next(min(left, _LONGEST_WAIT_S))
        return self._signals.received is None


class Child:
    """A command as a process of its own, with this process's outputs; calling it returns the exit code.

    Its process group is its own, so that Ctrl-C reaches it once, passed on from here. It is killed, group and all,
    where it has not ended `grace_s` seconds after the first signal.
    """

    def __init__(self, command: Sequence[str], signals: StopSignals, *, grace_s: float = GRACE_S) -> None:
        self._command = command
        self._signals = signals
        self._grace_s = grace_s

    def __call__(self) -> int:
        try:
            process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603 - ours
        except OSError as exc:
            _log.error("%s cannot be started: %s", self._command[0], exc.strerror)
            return CANNOT_START
        threading.Thread(target=self._wait, args=(process,), daemon=True).start()
        deadline: float | None = None
        while True:
            try:
                number = self._signals.next(None if deadline is None else max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                _log.warning("the run has not ended within %.0f s and is killed", self._grace_s)
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                deadline = None
                continue
            if number is None:
                return process.wait()
            process.send_signal(number)
            deadline = deadline or time.monotonic() + self._grace_s

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._signals.wake()
