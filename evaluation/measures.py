"""What is measured, for each question: by ir_measures, which counts as trec_eval does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import ir_measures
from ir_measures import Measure

from evaluation.datasets import Qrels

Run = dict[str, dict[str, float]]
"""Query id -> article id -> score."""

Values = dict[str, dict[str, float]]
"""Measure -> query id -> value, from 0 to 1, more is better."""

DEPTH: Final = 100
"""Hits of each question that are measured."""

RANKED: Final[Sequence[Measure]] = (
    ir_measures.nDCG @ 10,
    ir_measures.AP,
    ir_measures.RR,
    ir_measures.R @ 10,
    ir_measures.R @ 100,
    ir_measures.P @ 10,
)

TITLES: Final = {"AP": "MAP", "RR": "MRR", "R@10": "Recall@10", "R@100": "Recall@100"}
"""What a measure's average is called, where that is not its own name."""


def ranked_values(run: Mapping[str, Mapping[str, float]], qrels: Qrels) -> Values:
    """Every measure for every judged question; one without results has 0."""
    values = {str(measure): dict.fromkeys(qrels, 0.0) for measure in RANKED}
    found = {key: dict(hits) for key, hits in run.items()}
    for metric in ir_measures.iter_calc(list(RANKED), qrels, found):
        values[str(metric.measure)][metric.query_id] = float(metric.value)
    return values
