"""What a leaderboard says, worked out from stored runs: ranks, intervals, what is no more than chance, leaks, costs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from evaluation.leakage.known import affected, known_about
from evaluation.measures import TITLES
from evaluation.runs import IndexCost, Latency, RunRecord, StoredRun
from evaluation.significance import Interval, holm, paired_p
from evaluation.systems import System
from evaluation.task import Kind
from retrieval.records import Record

LEVEL: Final = 0.05


class Leakage(Record, frozen=True):
    """What is known of a model having seen a test."""

    verdict: Literal["clean", "no model", "unknown", "related", "leaked"]
    """No near-duplicates in what was declared; nothing trained; nothing declared; known to be related; found."""
    told: str


class Row(Record, frozen=True):
    """One system on one task."""

    system: str
    rank: float
    """By the primary measure; equal ones share the mean of their places."""
    means: dict[str, Interval]
    p: float
    """Of being as good as the best of the task, Holm-corrected over the task; 1 for the best itself."""
    latency: Latency
    index: IndexCost
    leakage: Leakage
    run: RunRecord

    @property
    def like_the_best(self) -> bool:
        return self.p >= LEVEL


class TaskTable(Record, frozen=True):
    name: str
    kind: Kind
    about: str
    primary: str
    questions: int
    measures: tuple[str, ...]
    rows: tuple[Row, ...]
    """Best first."""


class Standing(Record, frozen=True):
    """One system over all tasks."""

    system: str
    about: str
    tasks: int
    mean_rank: float
    mean_primary: float
    median_ms: float
    """Of the medians of its tasks."""
    p95_ms: float
    """The greatest of its tasks."""
    bytes: int
    """The largest index that it reads."""
    leakage: Leakage
    """The gravest of its tasks."""
    configuration: System


class Board(Record, frozen=True):
    standings: tuple[Standing, ...]
    """Those that took part in all tasks first, by mean rank."""
    tasks: tuple[TaskTable, ...]
    newest: str
    """When the newest run was made (UTC, ISO 8601)."""


def title(measure: str) -> str:
    return TITLES.get(measure, measure)


def make_board(runs: Sequence[StoredRun]) -> Board:
    names = sorted({run.record.task for run in runs})
    tables = tuple(_table([run for run in runs if run.record.task == name]) for name in names)
    return Board(_standings(tables), tables, max(run.record.created for run in runs))


def _table(runs: Sequence[StoredRun]) -> TaskTable:
    first = runs[0].record
    scores = [run.record.means[first.primary].mean for run in runs]
    best = runs[scores.index(max(scores))]
    keys = list(best.primary_values)
    others = {
        run.record.system.name: paired_p(
            [run.primary_values.get(key, 0.0) for key in keys], [best.primary_values[key] for key in keys]
        )
        for run in runs
        if run is not best
    }
    corrected = holm(others)
    rows = [
        Row(
            record.system.name,
            _rank(record.means[first.primary].mean, scores),
            record.means,
            round(corrected.get(record.system.name, 1.0), 4),
            record.latency,
            record.index,
            _leakage(record),
            record,
        )
        for record in (run.record for run in runs)
    ]
    rows.sort(key=lambda row: (row.rank, row.latency.median_ms))
    measures = (first.primary, *(name for name in first.means if name != first.primary))
    return TaskTable(first.task, first.kind, first.about, first.primary, len(keys), measures, tuple(rows))


def _rank(score: float, scores: Sequence[float]) -> float:
    better, equal = sum(other > score for other in scores), scores.count(score)
    return better + (equal + 1) / 2


def _leakage(record: RunRecord) -> Leakage:
    if record.learned_from_it:
        return Leakage("leaked", f"the reranker {record.reranker} was learned from questions of this task")
    leaked = [audit for audit in record.audits if audit.leaked]
    if leaked:
        told = "; ".join(f"{audit.leaked} of {audit.tested} texts stand in {audit.source}" for audit in leaked)
        return Leakage("leaked", told)
    known = known_about(record.encoder) if record.encoder else None
    if known and affected(known, record.task):
        return Leakage("related", f"trained on {known.trained_on}: {known.why} ({known.known_from})")
    if record.audits:
        told = ", ".join(f"{audit.source} ({audit.read:,} texts)" for audit in record.audits)
        return Leakage("clean", f"no near-duplicate of {record.audits[0].tested} test texts in {told}")
    if not record.encoder:
        return Leakage("no model", "nothing in it was trained")
    if known:
        told = f"no training data declared; trained on {known.trained_on} ({known.known_from})"
        return Leakage("unknown", told)
    return Leakage("unknown", "no training data declared, and nothing is known of its encoder")


_GRAVITY: Final = ("no model", "clean", "unknown", "related", "leaked")


def _standings(tables: Iterable[TaskTable]) -> tuple[Standing, ...]:
    by_system: dict[str, list[tuple[TaskTable, Row]]] = {}
    for table in tables:
        for row in table.rows:
            by_system.setdefault(row.system, []).append((table, row))
    standings = [_standing(name, entries) for name, entries in by_system.items()]
    return tuple(sorted(standings, key=lambda s: (-s.tasks, s.mean_rank, s.median_ms)))


def _standing(name: str, entries: Sequence[tuple[TaskTable, Row]]) -> Standing:
    rows = [row for _, row in entries]
    system = rows[0].run.system
    return Standing(
        name,
        system.about,
        len(rows),
        statistics.fmean(row.rank for row in rows),
        statistics.fmean(row.means[table.primary].mean for table, row in entries),
        statistics.median(row.latency.median_ms for row in rows),
        max(row.latency.p95_ms for row in rows),
        max(row.index.bytes for row in rows),
        max((row.leakage for row in rows), key=lambda leakage: _GRAVITY.index(leakage.verdict)),
        system,
    )
