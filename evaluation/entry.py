"""One entry of the leaderboard: a system asked the questions of a task, measured, audited and stored."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePath

from evaluation.experiment import require_indexed, run_task, texts_of_test
from evaluation.leakage.audit import audit
from evaluation.runs import IndexCost, Latency, RunRecord, averages, write_run
from evaluation.systems import System
from evaluation.task import PRIMARY, Task
from retrieval.records import LEGS
from retrieval.search import Searcher


def make_entry(
    searcher: Searcher, system: System, task: Task, runs: Path, *, commit: str, settings: dict[str, str]
) -> RunRecord:
    """`searcher` is configured as `system` says. InputError where its index is not that of the task's corpus."""
    require_indexed(searcher, task)
    measured = run_task(searcher, system, task)
    manifest = searcher.manifest
    audits = [audit(texts_of_test(searcher, task), Path(path)) for path in system.trained_on]
    reranker = searcher.reranker if system.rerank and set(system.legs) == set(LEGS) else None
    record = RunRecord(
        task=task.name,
        kind=task.kind,
        task_fingerprint=task.fingerprint,
        about=task.about,
        system=system,
        generation=manifest.generation,
        source=PurePath(manifest.source).name,
        analyzer=manifest.analyzer,
        encoder=manifest.encoder.id if manifest.encoder and "dense" in system.legs else "",
        commit=commit,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=settings,
        primary=PRIMARY[task.kind],
        means=averages(measured.values, task.judged),
        latency=Latency.of(measured.latencies_ms),
        index=IndexCost.of(manifest, system.legs),
        audits=tuple(audits),
        reranker=reranker.name if reranker else "",
        learned_from_it=reranker is not None and task.name in reranker.learned_from,
    )
    write_run(runs, record, task, measured.run, measured.values)
    return record
