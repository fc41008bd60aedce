"""What a learned reranker learns from: the candidates of judged questions, as features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from retrieval.records import Query
from retrieval.rerank.features import FEATURES
from retrieval.rerank.learned import FeatureReader
from retrieval.search import Searcher
from training.reranker import Course, Lesson, dcg

NAMES: Final = tuple(FEATURES)
_NEVER: Final = float("inf")


def make_course(
    searcher: Searcher,
    reader: FeatureReader,
    task: str,
    queries: Mapping[str, str],
    qrels: Mapping[str, Mapping[str, int]],
    *,
    depth: int,
    hear: Callable[[int], None] = lambda done: None,
) -> Course:
    """Every question of `queries` that is judged; qrels as in BEIR, article ids as those of Article.id."""
    lessons = []
    for done, (key, text) in enumerate(queries.items(), 1):
        grades = qrels.get(key, {})
        question, candidates = searcher.candidates(Query(text=text), depth)
        if candidates and grades:
            lessons.append(
                Lesson(
                    key,
                    reader.read(question, candidates, NAMES, _NEVER),
                    np.asarray([max(0, grades.get(c.indexed.article.id, 0)) for c in candidates], dtype=np.int64),
                    dcg(np.asarray(sorted((max(0, g) for g in grades.values()), reverse=True), dtype=np.int64)),
                )
            )
        hear(done)
    return Course(task, lessons)
