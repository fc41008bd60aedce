"""Whole values of an article that conditions ask for, whichever engine keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from retrieval.analysis import fold
from retrieval.records import Article, Author

KEYWORDS: Final = ("journal", "author", "doi")


def keywords(article: Article) -> Iterator[tuple[str, str]]:
    """(field, value) of whole values to filter by, folded so that letter case and accents do not matter."""
    journal = article.journal
    for name in {journal.title, journal.abbreviation, journal.issn}:
        if name:
            yield "journal", fold(name)
    for author in article.authors:
        for form in _author_forms(author):
            yield "author", form
    if article.doi:
        yield "doi", article.doi.lower()


def _author_forms(author: Author) -> Iterator[str]:
    """ "Smith JA" is found as smith, smith j and smith ja; a group by its whole name."""
    name = fold(author.last_name or author.collective_name)
    if not name:
        return
    yield name
    initials = fold(author.initials)
    for length in range(1, len(initials) + 1):
        yield f"{name} {initials[:length]}"
