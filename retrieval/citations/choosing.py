"""The articles that somebody wants to cite, by their identifiers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from retrieval.errors import ArticleNotFoundError, InputError
from retrieval.index.interface import IndexedArticle
from retrieval.search import Searcher


class Missing(NamedTuple):
    place: int
    """In the identifiers as they were given, from 0."""
    reason: str


class Chosen(NamedTuple):
    articles: list[IndexedArticle]
    """Each once, in the order in which they were first named."""
    missing: list[Missing]


def choose(searcher: Searcher, identifiers: Iterable[str]) -> Chosen:
    """Retracted articles as well; every identifier names an article or is among the missing."""
    found: dict[int, IndexedArticle] = {}
    missing: list[Missing] = []
    for place, identifier in enumerate(identifiers):
        try:
            one = searcher.article(identifier)
        except (ArticleNotFoundError, InputError) as exc:
            missing.append(Missing(place, str(exc)))
        else:
            found.setdefault(one.article.pmid, one)
    return Chosen(list(found.values()), missing)
