"""Memory of processes, as Linux counts it: what is theirs alone, and mapped files, which it may take back."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from retrieval.records import Record

_EVERY_S = 0.1


class Memory(Record, frozen=True):
    """In bytes."""

    own: int
    """Anonymous memory: the heap."""
    mapped: int
    """Pages of files that it has mapped and touched."""


def memory_of(*processes: int) -> Memory:
    """Of some processes together, by default of this one; zeros for those that have ended."""
    found = [_of(process) for process in processes or (os.getpid(),)]
    return Memory(sum(each.own for each in found), sum(each.mapped for each in found))


def _of(process: int) -> Memory:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return Memory(0, 0)
    found = {name: value for name, _, value in (line.partition(":") for line in status.splitlines())}
    own, mapped = (int(found.get(field, "0 kB").split()[0]) * 1024 for field in ("RssAnon", "RssFile"))
    return Memory(own, mapped)


class Looking:
    """Looks at once, and again and again while this is open."""

    def __init__(self, look: Callable[[], None], every_s: float) -> None:
        self._look, self._every_s = look, every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._look()
            if self._ended.wait(self._every_s):
                return


class Watch(Looking):
    """The most memory that processes have while this is open: `peak`, each part at its own. By default this one."""

    def __init__(self, *processes: int) -> None:
        self.peak = Memory(0, 0)
        self._processes = processes
        super().__init__(self._compare, _EVERY_S)

    def _compare(self) -> None:
        now = memory_of(*self._processes)
        self.peak = Memory(max(self.peak.own, now.own), max(self.peak.mapped, now.mapped))
