"""EndNote's own tagged format (.enw).

EndNote opens it with its own filter, without asking for one, and knows each tag as one of its fields; RIS goes through
a filter for another program, which depends on the version. For all other programs RIS is the better choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from retrieval.citations.keys import citation_keys
from retrieval.citations.parts import (
    cited_title,
    date_numbers,
    date_of,
    is_chapter,
    line,
    page_range,
    pmcid_of,
    pmid_of,
    season_of,
    subjects,
    url_of,
)
from retrieval.citations.ris import ris_name
from retrieval.citations.standing import standing_note
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, Author

_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def write_endnote(articles: Sequence[IndexedArticle]) -> str:
    keys = citation_keys([one.article for one in articles])
    records = (
        "".join(f"{tag} {value}\n" for tag, value in _fields(one, key) if value)
        for one, key in zip(articles, keys, strict=True)
    )
    return "\n".join(records)


def _fields(one: IndexedArticle, key: str) -> Iterator[tuple[str, str]]:
    article = one.article
    journal, book = article.journal, article.book
    yield "%0", "Journal Article" if book is None else "Book Section" if is_chapter(article) else "Book"
    for author in article.authors:
        yield "%A", _name(author)
    yield "%T", cited_title(article)
    if book is None:
        yield "%J", line(journal.title or journal.abbreviation)
    elif is_chapter(article):
        yield "%B", line(book.title)
    if book is not None:
        yield "%I", line(book.publisher)
        yield "%7", line(book.edition)
    yield "%D", str(article.year or "")
    yield "%8", _date(article)
    yield "%V", line(journal.volume)
    yield "%N", line(journal.issue)
    yield "%P", page_range(article.pages)
    yield "%@", line(journal.issn)
    yield "%R", line(article.doi)
    yield "%M", pmid_of(article) or line(article.id)
    yield "%2", pmcid_of(article)
    yield "%G", ", ".join(article.languages)
    for subject in subjects(article):
        yield "%K", subject
    yield "%X", line(article.abstract)
    yield "%Z", standing_note(one.integrity)
    yield "%U", url_of(article)
    yield "%W", "PubMed" if pmid_of(article) else ""
    yield "%F", key


def _name(author: Author) -> str:
    # A comma at its end keeps a group's name in one piece.
    return f"{line(author.collective_name).rstrip(',')}," if author.collective_name else ris_name(author)


def _date(article: Article) -> str:
    date = date_of(article)
    if date is None:
        return ""
    numbers = date_numbers(date)
    return " ".join([_MONTHS[numbers[1] - 1], *map(str, numbers[2:])]) if len(numbers) > 1 else season_of(date)
