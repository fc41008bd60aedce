"""Ask the questions of a task and measure what comes back."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from contextlib import suppress
from time import perf_counter
from typing import Final, NamedTuple

from msgspec.structs import replace

from evaluation.datasets import Qrels, Topics
from evaluation.measures import DEPTH, Run, Values, ranked_values
from evaluation.probes import PROBES
from evaluation.systems import System
from evaluation.task import Task
from retrieval.errors import ArticleNotFoundError, InputError
from retrieval.records import LEGS, Query
from retrieval.search import Searcher

_TIMED: Final = 50
_LOOKED_UP: Final = 50
_WARMED_UP_BY: Final = 5


class Outcome(NamedTuple):
    run: Run
    latencies_ms: list[float]

    @property
    def median_ms(self) -> float:
        return statistics.median(self.latencies_ms)


class Measured(NamedTuple):
    run: Run
    values: Values
    latencies_ms: list[float]


def run_task(searcher: Searcher, system: System, task: Task) -> Measured:
    """Ask every question to the depth that is measured; then time some of them as a user asks: ten hits, evidence."""
    base = Query(text="", legs=system.legs, fusion=system.fusion, expand=system.expand, rerank=system.rerank)
    if task.kind == "ranked":
        topics = Topics(task.queries, task.qrels)
        run = run_topics(searcher, topics, base=base, limit=DEPTH).run
        values = ranked_values(run, task.qrels)
    else:
        run, values = PROBES[task.kind](searcher, base, task)
    few = dict(list(task.queries.items())[:_TIMED])
    run_topics(searcher, Topics(dict(list(few.items())[:_WARMED_UP_BY]), {}), base=base)
    return Measured(run, values, run_topics(searcher, Topics(few, {}), base=base).latencies_ms)


def require_indexed(searcher: Searcher, task: Task) -> None:
    """InputError where the index holds none of the first judged articles: it is that of another corpus."""
    judged = list(dict.fromkeys(article for grades in task.qrels.values() for article in grades))[:_LOOKED_UP]
    for article in judged:
        try:
            searcher.article(article)
        except ArticleNotFoundError:
            continue
        return
    if judged:
        raise InputError(
            f"generation {searcher.generation} holds none of the articles that {task.name} judges, such as "
            f"{judged[0]!r}; index its corpus, or choose another --home"
        )


def texts_of_test(searcher: Searcher, task: Task) -> dict[str, str]:
    """What a model should not have been trained on: the questions, and the articles that answer them."""
    texts = {f"query {key}": task.queries[key] for key in task.queries}
    for key in dict.fromkeys(article for grades in task.qrels.values() for article, g in grades.items() if g > 0):
        with suppress(ArticleNotFoundError):
            article = searcher.article(key).article
            texts[f"article {key}"] = f"{article.title} {article.abstract}"
    return texts


def run_topics(
    searcher: Searcher,
    topics: Topics,
    *,
    legs: tuple[str, ...] = LEGS,
    limit: int = 10,
    expand: bool = True,
    base: Query | None = None,
) -> Outcome:
    """Ask every question once, evidence and all, as a user would; `base` stands for legs and expand where given."""
    base = base or Query(text="", legs=legs, expand=expand)
    run: Run = {}
    latencies: list[float] = []
    for key, text in topics.queries.items():
        query = replace(base, text=text, limit=limit)
        start = perf_counter()
        result = searcher.search(query)
        latencies.append((perf_counter() - start) * 1000)
        # Ranks rather than scores: measures re-sort by score, and equal scores would lose our order.
        run[key] = {hit.article.id: 1.0 / hit.rank for hit in result.hits}
    return Outcome(run, latencies)


def ndcg(run: Mapping[str, Mapping[str, float]], qrels: Qrels) -> float:
    """nDCG@10, as BEIR reports it, over all judged queries: one without results counts as 0."""
    return statistics.fmean(ranked_values(run, qrels)["nDCG@10"].values())
