"""Progress of long work on the terminal: what, how far, how fast, how long still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_STAGES = {
    "encode": "Encoding articles",
    "index": "Indexing words",
    "vectors": "Gathering vectors",
    "finish": "Finishing the index",
    "verify": "Verifying",
    "snapshot": "Copying to the repository (shards)",
    "restore": "Copying back into the cluster (shards)",
}


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="progress.data.speed")


class WorkProgress:
    """One line per stage or file; silent where the terminal is not one."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._file: TaskID | None = None

    @contextmanager
    def shown(self) -> Iterator[WorkProgress]:
        with self._progress:
            yield self

    def file(self, path: Path, done: int) -> None:
        """Records read of a file, whose number is not known before its end; the next file takes its line."""
        self.stage(f"Reading {path.name}", done, 0)

    def stage(self, name: str, done: int, total: int) -> None:
        """`total` 0 where it is not known: such stages follow each other on one line."""
        description = _STAGES.get(name, name)
        if total == 0:
            if self._file is None:
                self._file = self._progress.add_task(description, total=None)
            self._progress.update(self._file, description=description, completed=done)
            return
        if description not in self._tasks:
            self._tasks[description] = self._progress.add_task(description, total=total)
        self._progress.update(self._tasks[description], completed=done, total=total)
