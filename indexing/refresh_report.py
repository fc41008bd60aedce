"""What a refresh did, stage by stage: told while it runs, kept in refresh.json for whoever asks later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from retrieval.records import Record

REPORT_NAME: Final = "refresh.json"
_REASONS_KEPT: Final = 20

_log = logging.getLogger(__name__)

Outcome = Literal["running", "published", "unchanged", "failed"]


class Stage(Record, frozen=True):
    """One stage: read = accepted + rejected, and what was rejected is named."""

    name: str
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: tuple[str, ...] = ()
    """Of the first rejections."""
    notes: tuple[str, ...] = ()
    """What the operator should know: changes, warnings, PubMed's reservations."""
    seconds: float = 0.0


class RefreshReport(Record, frozen=True):
    outcome: Outcome
    started: str
    """UTC, ISO 8601, as is `ended`."""
    ended: str = ""
    reason: str = ""
    """Why it failed, in one line."""
    generation: str = ""
    """The one that is published now."""
    current_to: str = ""
    articles: int = 0
    stages: tuple[Stage, ...] = ()


class StageLog:
    """Counts one stage while it goes on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.accepted = 0
        self.rejections: list[str] = []
        self.rejected = 0
        self.notes: list[str] = []

    def reject(self, error: Exception | str) -> None:
        self.rejected += 1
        if len(self.rejections) < _REASONS_KEPT:
            self.rejections.append(str(error))

    def reject_all(self, reasons: Sequence[str], count: int) -> None:
        """`count` may be more than there are reasons: some are known from earlier runs by their number only."""
        self.rejected += count
        self.rejections += reasons[: max(0, _REASONS_KEPT - len(self.rejections))]

    def stage(self, seconds: float) -> Stage:
        return Stage(
            name=self.name,
            read=self.accepted + self.rejected,
            accepted=self.accepted,
            rejected=self.rejected,
            reasons=tuple(self.rejections),
            notes=tuple(self.notes),
            seconds=round(seconds, 3),
        )


class Journal:
    """Writes the report of one refresh to disk, whole each time, so that a killed one is seen to have been running."""

    def __init__(self, folder: Path, hear: Callable[[Stage], None]) -> None:
        self._path = folder / REPORT_NAME
        self._hear = hear
        self.report = RefreshReport(outcome="running", started=_now())

    def begin(self) -> None:
        self._write()

    @contextmanager
    def stage(self, name: str) -> Iterator[StageLog]:
        """Its counts are kept however it ends."""
        log, start = StageLog(name), time.monotonic()
        try:
            yield log
        finally:
            stage = log.stage(time.monotonic() - start)
            self.report = msgspec.structs.replace(self.report, stages=(*self.report.stages, stage))
            self._write()
            self._hear(stage)

    def end(self, outcome: Outcome, **facts: str | int) -> RefreshReport:
        self.report = msgspec.structs.replace(self.report, outcome=outcome, ended=_now(), **facts)
        self._write()
        return self.report

    def _write(self) -> None:
        fresh = self._path.with_name(f"{REPORT_NAME}.new")
        try:
            fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self.report), indent=2))
            fresh.replace(self._path)
        except OSError as exc:
            # The report must not hide what it is about: a full disk, for one.
            _log.warning("%s cannot be written: %s", self._path, exc.strerror or exc)
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
                # Rather none than one that tells of an earlier run.
                self._path.unlink(missing_ok=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
