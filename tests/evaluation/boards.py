"""Small runs, made in memory, for the tests of what is made from stored runs."""

from collections.abc import Mapping
from pathlib import Path

from evaluation.runs import IndexCost, Latency, RunRecord, averages, write_run
from evaluation.systems import System
from evaluation.task import PRIMARY, Kind, Task


def store(
    root: Path,
    task: str,
    system: str,
    values: Mapping[str, float],
    *,
    kind: Kind = "ranked",
    hits: Mapping[str, list[str]] | None = None,
    encoder: str = "",
    median_ms: float = 5.0,
    learned_from_it: bool = False,
) -> RunRecord:
    """Stores a run whose questions have these values of the task's primary measure."""
    measure = PRIMARY[kind]
    asked = Task(task, {key: f"question {key}" for key in values}, {key: {"pmid:1": 1} for key in values}, kind)
    by_query = {measure: dict(values)}
    record = RunRecord(
        task=task,
        kind=kind,
        task_fingerprint=asked.fingerprint,
        about="Made up.",
        system=System(system),
        generation="000001",
        source="test",
        analyzer="none",
        encoder=encoder,
        commit="abc1234",
        created="2026-11-21T05:00:00+00:00",
        settings={},
        primary=measure,
        means=averages(by_query, list(values)),
        latency=Latency(median_ms, 2 * median_ms, len(values)),
        index=IndexCost(1_000_000, 10, 0),
        reranker="learned" if learned_from_it else "",
        learned_from_it=learned_from_it,
    )
    ranked = {key: {article: 1 / rank for rank, article in enumerate(found, 1)} for key, found in (hits or {}).items()}
    write_run(root, record, asked, ranked, by_query)
    return record
