"""Stored runs: what a leaderboard, a comparison and a gate are made from, without searching again.

RUNS/TASK/SYSTEM/
    run.trec        the hits, best first, in TREC's format: query Q0 article rank score system
    queries.jsonl   each question with its text and its value of every measure
    run.json        what was run on what, when, and what came out on average; written last
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np

from evaluation.leakage.audit import Audit
from evaluation.measures import Run, Values
from evaluation.significance import Interval, interval
from evaluation.systems import System
from evaluation.task import Kind, Task, require_name
from retrieval.errors import InputError
from retrieval.index.manifest import Manifest
from retrieval.records import Record

_RECORD: Final = "run.json"
_QUERIES: Final = "queries.jsonl"
_HITS: Final = "run.trec"


class Latency(Record, frozen=True):
    """Of one query after another, ten hits with evidence."""

    median_ms: float
    p95_ms: float
    queries: int

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Self:
        return cls(statistics.median(times_ms), float(np.percentile(times_ms, 95)), len(times_ms))


class IndexCost(Record, frozen=True):
    """What of a generation the system reads."""

    bytes: int
    articles: int
    vectors: int

    @classmethod
    def of(cls, manifest: Manifest, legs: Sequence[str]) -> Self:
        vectors = manifest.vectors if "dense" in legs else 0
        # The stored articles lie with the words, so these are read whatever the legs are.
        read = ("lexical/", "dense/") if vectors else ("lexical/",)
        size = sum(file.bytes for name, file in manifest.files.items() if name.startswith(read))
        return cls(size, manifest.articles, vectors)


class RunRecord(Record, frozen=True):
    """All that a reader needs to trust, compare or repeat a run."""

    task: str
    kind: Kind
    task_fingerprint: str
    about: str
    system: System
    generation: str
    source: str
    """Where the catalog of that generation was current to."""
    analyzer: str
    encoder: str
    """Empty where the system uses none."""
    commit: str
    created: str
    """UTC, ISO 8601."""
    settings: dict[str, str]
    primary: str
    """The measure that decides."""
    means: dict[str, Interval]
    latency: Latency
    index: IndexCost
    audits: tuple[Audit, ...] = ()
    reranker: str = ""
    """Empty where the fused order stood."""
    learned_from_it: bool = False
    """Whether the reranker's weights were learned from questions of this very task."""


class StoredRun(Record, frozen=True):
    record: RunRecord
    values: Values
    texts: dict[str, str]

    @property
    def primary_values(self) -> dict[str, float]:
        return self.values[self.record.primary]


class _Line(Record, frozen=True):
    id: str
    text: str
    values: dict[str, float]


def averages(values: Values, judged: Sequence[str]) -> dict[str, Interval]:
    """Over all judged questions, whether or not they have a value."""
    return {name: interval([by_query.get(key, 0.0) for key in judged]) for name, by_query in values.items()}


def write_run(root: Path, record: RunRecord, task: Task, run: Run, values: Values) -> Path:
    """Replaces what an earlier run of the same task and system left."""
    require_name("task", record.task)
    require_name("system", record.system.name)
    folder = root / record.task / record.system.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _RECORD).unlink(missing_ok=True)
        (folder / _HITS).write_text("".join(_trec(run, record.system.name)), encoding="utf-8")
        lines = [
            _Line(key, text, {name: by_query[key] for name, by_query in values.items() if key in by_query})
            for key, text in task.queries.items()
        ]
        (folder / _QUERIES).write_bytes(msgspec.json.Encoder().encode_lines(lines))
        (folder / _RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2))
    except OSError as exc:
        raise InputError(f"the run cannot be stored in {folder}: {exc.strerror}; choose another --runs") from exc
    return folder


def read_runs(root: Path) -> list[StoredRun]:
    """Every stored run below a folder, by task and system. InputError where there is none, or where tasks differ."""
    runs = [_read(path.parent) for path in sorted(root.glob(f"*/*/{_RECORD}"))]
    if not runs:
        raise InputError(f"there are no runs in {root}; make some with `pathlit evaluate run`")
    made_of: dict[str, tuple[str, str]] = {}
    for run in runs:
        record = run.record
        fingerprint, name = made_of.setdefault(record.task, (record.task_fingerprint, record.system.name))
        if fingerprint != record.task_fingerprint:
            raise InputError(
                f"{root / record.task}: {name} and {record.system.name} were asked different questions; "
                "run one of them again"
            )
    return runs


def read_hits(root: Path, task: str, system: str) -> dict[str, list[str]]:
    """Query id -> article ids, best first."""
    path = root / task / system / _HITS
    hits: dict[str, list[str]] = {}
    try:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            columns = line.split()
            if len(columns) != 6:
                raise InputError(f"{path}, line {number}: {line[:80]!r} has {len(columns)} columns, not 6")
            hits.setdefault(columns[0], []).append(columns[2])
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"the run {path} cannot be read: {exc}") from exc
    return hits


def _trec(run: Mapping[str, Mapping[str, float]], system: str) -> list[str]:
    lines = []
    for key, hits in run.items():
        for rank, (article, score) in enumerate(sorted(hits.items(), key=lambda hit: -hit[1]), 1):
            if article.split() != [article]:
                raise InputError(f"the article id {article!r} holds a blank, which a run file cannot; rename it")
            lines.append(f"{key} Q0 {article} {rank} {score:.6f} {system}\n")
    return lines


def _read(folder: Path) -> StoredRun:
    try:
        record = msgspec.json.decode((folder / _RECORD).read_bytes(), type=RunRecord)
        lines = msgspec.json.Decoder(_Line).decode_lines((folder / _QUERIES).read_bytes())
    except (OSError, msgspec.MsgspecError) as exc:
        raise InputError(f"the run in {folder} cannot be read: {exc}; remove the folder or run it again") from exc
    values: Values = {name: {} for name in record.means}
    for line in lines:
        for name, value in line.values.items():
            values.setdefault(name, {})[line.id] = value
    return StoredRun(record, values, {line.id: line.text for line in lines})
