"""Every kind of task that a catalog can give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from evaluation.task import Task
from evaluation.tasks.known_item import make_known_item
from evaluation.tasks.mesh_topics import make_mesh_topics
from evaluation.tasks.probes import make_aliases, make_no_answer, make_retractions
from evaluation.tasks.sampling import Articles
from retrieval.analysis import Analyzer
from retrieval.errors import InputError
from retrieval.vocabulary.file import SynonymGroup

MADE: Final = ("known-item", "mesh-topics", "no-answer", "retractions", "aliases")


def make_task(
    kind: str,
    articles: Articles,
    groups: Sequence[SynonymGroup],
    analyzer: Analyzer,
    *,
    size: int,
    seed: int,
    source: str,
) -> Task:
    """The same catalog, size and seed give the same task; `source` is how its texts call the catalog.

    A task without questions is what a catalog gives that lacks what the kind is made of.
    """
    makers: dict[str, Callable[[], Task]] = {
        "known-item": lambda: make_known_item(articles, analyzer, size=size, seed=seed, source=source),
        "mesh-topics": lambda: make_mesh_topics(articles, size=size, seed=seed, source=source),
        "no-answer": lambda: make_no_answer(articles, groups, size=size, seed=seed, source=source),
        "retractions": lambda: make_retractions(articles, size=size, seed=seed, source=source),
        "aliases": lambda: make_aliases(articles, groups, size=size, seed=seed, source=source),
    }
    if kind not in makers:
        raise InputError(f"there is no kind of task {kind!r}; choose among {', '.join(MADE)}")
    return makers[kind]()
