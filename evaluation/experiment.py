"""Run questions against a searcher and measure what comes back."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import NamedTuple

import ir_measures
from ir_measures import Measure

from evaluation.datasets import Qrels, Topics
from retrieval.records import LEGS, Query
from retrieval.search import Searcher

Run = dict[str, dict[str, float]]
"""Query id -> article id -> score."""


class Outcome(NamedTuple):
    run: Run
    latencies_ms: list[float]

    @property
    def median_ms(self) -> float:
        return statistics.median(self.latencies_ms)


def run_topics(
    searcher: Searcher, topics: Topics, *, legs: tuple[str, ...] = LEGS, limit: int = 10, expand: bool = True
) -> Outcome:
    """Ask every question once, evidence and all, as a user would."""
    run: Run = {}
    latencies: list[float] = []
    for key, text in topics.queries.items():
        start = perf_counter()
        result = searcher.search(Query(text=text, limit=limit, legs=legs, expand=expand))
        latencies.append((perf_counter() - start) * 1000)
        # Ranks rather than scores: measures re-sort by score, and equal scores would lose our order.
        run[key] = {hit.article.id: 1.0 / hit.rank for hit in result.hits}
    return Outcome(run, latencies)


def measure(run: Run, qrels: Qrels, measures: Sequence[Measure]) -> dict[str, float]:
    """Averages over all judged queries; one without results counts as 0."""
    sums = dict.fromkeys(map(str, measures), 0.0)
    for value in ir_measures.iter_calc(list(measures), qrels, run):
        sums[str(value.measure)] += value.value
    return {name: total / len(qrels) for name, total in sums.items()}


def ndcg(run: Mapping[str, Mapping[str, float]], qrels: Qrels) -> float:
    """nDCG@10, as BEIR reports it."""
    return measure({key: dict(hits) for key, hits in run.items()}, qrels, [ir_measures.nDCG @ 10])["nDCG@10"]
