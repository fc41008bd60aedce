"""Probes: questions whose answers are judged by a rule instead of by grades.

no-answer    the catalog holds articles on each of two things and none on both. `separation` of such a question is
             the share of the answerable questions of the task (those with judgments) that are supported better;
             its average is the area under the ROC curve. Support is the best evidence score among ten hits.
retractions  a retracted paper's own title is asked for. `kept out`: under exclude it is not among 100 hits.
             `labelled`: under label where it is among the first ten hits it is marked and named in a notice.
             `safe` is both at once; `found` says that labelling was put to the test.
aliases      one question by several names of the same thing. `overlap@10`: the first ten hits in common with the
             question by the best-known name; nothing found is nothing in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from evaluation.measures import DEPTH, Run, Values
from evaluation.task import Kind, Task
from retrieval.integrity import EXCLUDED
from retrieval.records import IntegrityPolicy, Query, SearchResult
from retrieval.search import Searcher

Probe = Callable[[Searcher, Query, Task], tuple[Run, Values]]

_FIRST: Final = 10


def probe_no_answer(searcher: Searcher, base: Query, task: Task) -> tuple[Run, Values]:
    run: Run = {}
    support: dict[str, float] = {}
    for key, text in task.queries.items():
        result = searcher.search(replace(base, text=text, limit=_FIRST))
        run[key] = _ranks(result)
        support[key] = max((sentence.score for hit in result.hits for sentence in hit.evidence), default=0.0)
    answerable = [support[key] for key in task.qrels]
    return run, {
        "separation": {
            key: sum(1.0 if other > support[key] else 0.5 * (other == support[key]) for other in answerable)
            / len(answerable)
            for key in task.judged
        }
    }


def probe_retractions(searcher: Searcher, base: Query, task: Task) -> tuple[Run, Values]:
    run: Run = {}
    values: Values = {name: {} for name in ("safe", "kept out", "labelled", "found")}
    for key, judged in task.qrels.items():
        text = task.queries[key]
        excluding = replace(base, text=text, limit=DEPTH)
        run[key] = _ranks(searcher.search(excluding))
        kept_out = not any(article in run[key] for article in judged)
        labels = replace(base.filters, integrity=IntegrityPolicy.LABEL)
        labelling = searcher.search(replace(base, text=text, limit=_FIRST, filters=labels))
        labelled = _all_labelled(labelling, frozenset(judged))
        values["kept out"][key] = float(kept_out)
        values["labelled"][key] = float(labelled)
        values["safe"][key] = float(kept_out and labelled)
        values["found"][key] = float(any(hit.article.id in judged for hit in labelling.hits))
    return run, values


def probe_aliases(searcher: Searcher, base: Query, task: Task) -> tuple[Run, Values]:
    run: Run = {}
    reference: dict[str, frozenset[str]] = {}
    overlap: dict[str, float] = {}
    for key, text in task.queries.items():
        run[key] = _ranks(searcher.search(replace(base, text=text, limit=_FIRST)))
        found = frozenset(run[key])
        group = task.groups[key]
        if group not in reference:
            reference[group] = found
        else:
            overlap[key] = len(reference[group] & found) / max(len(reference[group]), len(found), 1)
    return run, {"overlap@10": overlap}


PROBES: Final[dict[Kind, Probe]] = {
    "no-answer": probe_no_answer,
    "retractions": probe_retractions,
    "aliases": probe_aliases,
}


def _ranks(result: SearchResult) -> dict[str, float]:
    return {hit.article.id: 1.0 / hit.rank for hit in result.hits}


def _all_labelled(result: SearchResult, judged: frozenset[str]) -> bool:
    told = " ".join(result.notices)
    return all(
        hit.integrity.status in EXCLUDED and f"PMID {hit.article.pmid} is" in told
        for hit in result.hits
        if hit.article.id in judged
    )
