"""Topics from MeSH: two headings that indexers gave the same articles, asked for in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from evaluation.datasets import Qrels
from evaluation.task import Task
from evaluation.tasks.sampling import Articles, sample
from retrieval.index.interface import IndexedArticle
from retrieval.integrity import EXCLUDED

_CHECK_TAGS: Final = frozenset(
    "Humans|Animals|Male|Female|Infant|Infant, Newborn|Child|Child, Preschool|Adolescent|Adult|Young Adult|Middle Aged|"
    "Aged|Aged, 80 and over|Pregnancy|Mice|Rats|Cats|Dogs|Rabbits|Cattle|History, 20th Century|History, 21st Century|"
    "Retrospective Studies|Prospective Studies|Follow-Up Studies|Cohort Studies|Cross-Sectional Studies|"
    "Case-Control Studies|Time Factors|Treatment Outcome|Risk Factors|Reproducibility of Results|Prognosis|"
    "Sensitivity and Specificity|Surveys and Questionnaires|Predictive Value of Tests|Risk Assessment|Age Factors|"
    "Sex Factors|Incidence|Prevalence|United States|Diagnosis, Differential".split("|")
)
"""Given to articles on anything: no topic."""

_FEWEST: Final = 2
_MOST: Final = 50
_BROADEST: Final = 0.2
"""Share of the catalog from which a heading says too little."""
_HEADINGS_PER_TOPIC: Final = 10

ABOUT: Final = (
    "Topics from MeSH: {count} pairs of headings that 2 to 50 articles of the catalog ({source}) have in "
    "common, chosen by a hash with seed {seed} among the headings that at least 2 articles and at most a fifth "
    "of the catalog have; check tags and headings of study design are left out. The question is both headings "
    "in plain words (inverted ones turned around). Judgments: every article with both headings, grade 2 where "
    "both are major topics, otherwise 1. Headings are not searched as text, so the judgments do not come from "
    "what is measured; but indexers do not give every heading that would fit, so an unjudged article may be a "
    "good answer."
)


def make_mesh_topics(articles: Articles, *, size: int, seed: int, source: str) -> Task:
    total = 0
    counts: Counter[str] = Counter()
    for item in _usable(articles):
        total += 1
        counts.update(list(_headings(item)))
    eligible = [name for name, count in counts.items() if _FEWEST <= count <= max(_FEWEST, _BROADEST * total)]
    # Pairs among a sample of headings only: all pairs of all of PubMed would not fit into memory.
    headings = frozenset(sample(eligible, size * _HEADINGS_PER_TOPIC, seed, str))
    pairs: Counter[tuple[str, str]] = Counter()
    for item in _usable(articles):
        pairs.update(combinations(sorted(headings.intersection(_headings(item))), 2))
    common = [pair for pair, count in pairs.items() if _FEWEST <= count <= _MOST]
    topics = {pair: f"mesh-{i:04d}" for i, pair in enumerate(sorted(sample(common, size, seed, "|".join)), 1)}
    qrels: Qrels = {}
    for item in _usable(articles):
        found = _headings(item)
        for pair in combinations(sorted(headings.intersection(found)), 2):
            if pair in topics:
                grade = 2 if all(found[name] for name in pair) else 1
                qrels.setdefault(topics[pair], {})[item.article.id] = grade
    queries = {key: " and ".join(map(plain, pair)) for pair, key in topics.items()}
    return Task("mesh-topics", queries, qrels, about=ABOUT.format(count=len(queries), source=source, seed=seed))


def plain(heading: str) -> str:
    """ "Carcinoma, Renal Cell" -> "renal cell carcinoma"; names (DNA, Ki-67, T-Lymphocytes) keep their capitals."""
    turned = " ".join(reversed(heading.split(", ")))
    return " ".join(word.lower() if _is_plain(word) else word for word in turned.split())


def _is_plain(word: str) -> bool:
    return all(part.isalpha() and part[1:].islower() for part in word.split("-"))


def _usable(articles: Articles) -> Iterator[IndexedArticle]:
    return (item for item in articles() if item.integrity.status not in EXCLUDED)


def _headings(item: IndexedArticle) -> dict[str, bool]:
    return {heading.name: heading.major for heading in item.article.mesh if heading.name not in _CHECK_TAGS}
