"""Probes from a catalog and the vocabulary: unanswerable questions, retracted papers, one question by every name."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from evaluation.task import Task
from evaluation.tasks.names import Names
from evaluation.tasks.sampling import Articles, sample
from retrieval.index.interface import IndexedArticle
from retrieval.integrity import EXCLUDED
from retrieval.vocabulary.file import SynonymGroup

_FEWEST: Final = 3
"""Articles that must name a thing before it is asked for."""
_MARK: Final = re.compile(r"^\W*(?:retracted|withdrawn|retraction|retracted article)\b\W*", re.IGNORECASE)
_QUESTIONS: Final = {
    "marker": "{} expression and prognosis",
    "entity": "diagnosis and treatment of {}",
    "cytology": "accuracy of {}",
    "stain": "{} of tissue sections",
    "technique": "diagnostic value of {}",
}

NO_ANSWER: Final = (
    'No-answer probes: {count} questions "MARKER in ENTITY" on things of the vocabulary that at least 3 '
    "articles of the catalog ({source}) name each and none names together, and as many for which at least one "
    "article does, chosen by a hash with seed {seed}. Judgments: the articles that name both, by any "
    "unambiguous name; the questions without judgments have no answer here. Measured is whether unanswerable "
    "ones are supported less (see evaluation/probes.py)."
)
RETRACTIONS: Final = (
    "Retraction probes: the titles, without their mark, of {count} retracted or withdrawn papers of the catalog "
    "({source}), chosen by a hash with seed {seed}. The judged article must never appear under exclude, and "
    "never without its label under label."
)
ALIASES: Final = (
    "Alias probes: {count} questions on {groups} things of the vocabulary that at least 3 articles of the "
    "catalog ({source}) name, chosen by a hash with seed {seed}; each thing is asked for by each of its "
    "unambiguous names. No judgments: every name must find what the best-known one finds."
)


def make_no_answer(articles: Articles, groups: Sequence[SynonymGroup], *, size: int, seed: int, source: str) -> Task:
    kinds = {group.name: group.kind for group in groups if group.kind in ("marker", "entity")}
    names = Names(group for group in groups if group.name in kinds)
    counts: Counter[str] = Counter()
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item, found in _named(articles, names):
        counts.update(found)
        for marker in (name for name in found if kinds[name] == "marker"):
            for entity in (name for name in found if kinds[name] == "entity"):
                together[marker, entity].append(item.article.id)
    known = sorted(name for name, count in counts.items() if count >= _FEWEST)
    pairs = [(m, e) for m in known if kinds[m] == "marker" for e in known if kinds[e] == "entity"]
    absent = sample((pair for pair in pairs if pair not in together), size, seed, " in ".join)
    present = sample((pair for pair in pairs if pair in together), size, seed, " in ".join)
    if not (absent and present):
        absent, present = [], []
    queries = {f"absent-{i:04d}": " in ".join(pair) for i, pair in enumerate(absent, 1)}
    answerable = {f"present-{i:04d}": pair for i, pair in enumerate(present, 1)}
    qrels = {key: dict.fromkeys(together[pair], 1) for key, pair in answerable.items()}
    queries |= {key: " in ".join(pair) for key, pair in answerable.items()}
    about = NO_ANSWER.format(count=len(absent), source=source, seed=seed)
    return Task("no-answer", queries, qrels, "no-answer", about=about)


def make_retractions(articles: Articles, *, size: int, seed: int, source: str) -> Task:
    retracted = (item for item in articles() if item.integrity.status in EXCLUDED and _bare(item.article.title))
    found = sample(retracted, size, seed, lambda item: item.article.id)
    return Task(
        "retractions",
        {f"retracted-{item.article.pmid}": _bare(item.article.title) for item in found},
        {f"retracted-{item.article.pmid}": {item.article.id: 1} for item in found},
        "retractions",
        about=RETRACTIONS.format(count=len(found), source=source, seed=seed),
    )


def make_aliases(articles: Articles, groups: Sequence[SynonymGroup], *, size: int, seed: int, source: str) -> Task:
    usable = [group for group in groups if len(group.names) > 1 and group.kind in _QUESTIONS]
    counts: Counter[str] = Counter()
    for _, found in _named(articles, Names(usable)):
        counts.update(found)
    chosen = sample((group for group in usable if counts[group.name] >= _FEWEST), size, seed, lambda group: group.name)
    queries: dict[str, str] = {}
    asked_for: dict[str, str] = {}
    for i, group in enumerate(chosen, 1):
        for j, name in enumerate(group.names, 1):
            key = f"alias-{i:04d}-{j}"
            queries[key] = _QUESTIONS[group.kind].format(name)
            asked_for[key] = group.name
    about = ALIASES.format(count=len(queries), groups=len(chosen), source=source, seed=seed)
    return Task("aliases", queries, kind="aliases", groups=asked_for, about=about)


def _named(articles: Articles, names: Names) -> Iterator[tuple[IndexedArticle, frozenset[str]]]:
    """Articles that a search may find, with the things that they name."""
    for item in articles():
        if item.integrity.status not in EXCLUDED:
            yield item, names.in_text(f"{item.article.title} {item.article.abstract}")


def _bare(title: str) -> str:
    return _MARK.sub("", title).strip()
