"""Known items: half remembered titles, each for its own article."""

from __future__ import annotations

from typing import Final

from evaluation.task import Task
from evaluation.tasks.sampling import Articles, fraction, sample
from retrieval.analysis import Analyzer
from retrieval.index.interface import IndexedArticle
from retrieval.integrity import EXCLUDED

_KEPT: Final = 0.5
_FEWEST: Final = 3
_SHORTEST_TITLE: Final = 6

ABOUT: Final = (
    "Known items: {count} articles of the catalog ({source}) with an abstract and at least 6 telling words in "
    "the title, chosen by a hash with seed {seed}; retracted ones are not asked for. The question is what a "
    "reader may remember of the title: each telling word is kept with probability one half, at least 3, in "
    "their order. The article itself is the only judgment (grade 1). Others may answer as well, so compare "
    "systems by it and do not take it as absolute."
)


def make_known_item(articles: Articles, analyzer: Analyzer, *, size: int, seed: int, source: str) -> Task:
    def usable(item: IndexedArticle) -> bool:
        article = item.article
        right = item.integrity.status not in EXCLUDED and article.sections
        return bool(right) and len(_telling(article.title, analyzer)) >= _SHORTEST_TITLE

    found = sample(filter(usable, articles()), size, seed, lambda item: item.article.id)
    queries, qrels = {}, {}
    for item in found:
        key = f"known-{item.article.pmid}"
        queries[key] = _remembered(_telling(item.article.title, analyzer), item.article.id, seed)
        qrels[key] = {item.article.id: 1}
    return Task("known-item", queries, qrels, about=ABOUT.format(count=len(found), source=source, seed=seed))


def _telling(title: str, analyzer: Analyzer) -> list[str]:
    """The words that are no stop words, as they are written."""
    return [title[start:end] for start, end, _ in analyzer.spans(title) if analyzer.telling_terms(title[start:end])]


def _remembered(words: list[str], name: str, seed: int) -> str:
    places = sorted(range(len(words)), key=lambda i: fraction(seed, f"{name}|{i}"))
    kept = [i for i in places if fraction(seed, f"{name}|{i}") < _KEPT]
    kept = kept if len(kept) >= _FEWEST else places[:_FEWEST]
    return " ".join(words[i] for i in sorted(kept))
