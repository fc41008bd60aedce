"""BibTeX, written by bibtexparser, with the fields that BibLaTeX, JabRef and Zotero know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field

from retrieval.citations.keys import citation_keys
from retrieval.citations.latex import escaped, escaped_title, verbatim
from retrieval.citations.parts import (
    cited_title,
    date_numbers,
    date_of,
    first_and_last_page,
    is_chapter,
    line,
    pmcid_of,
    pmid_of,
    season_of,
    subjects,
    url_of,
)
from retrieval.citations.standing import standing_note
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, Author

_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def write_bibtex(articles: Sequence[IndexedArticle]) -> str:
    keys = citation_keys([one.article for one in articles])
    library = Library()
    for one, key in zip(articles, keys, strict=True):
        library.add(Entry(_entry_type(one.article), key, list(_fields(one))))
    # Values are braced already: a month is a macro and must not be.
    return write_string(library, unparse_stack=[])


def _entry_type(article: Article) -> str:
    if article.book is not None:
        return "incollection" if is_chapter(article) else "book"
    return "article" if article.journal.title or article.journal.abbreviation else "misc"


def _fields(one: IndexedArticle) -> Iterator[Field]:
    """Only what is known."""
    article = one.article
    journal, book = article.journal, article.book
    date = date_of(article)
    names = [bibtex_name(author) for author in article.authors]
    if names and not article.authors_complete:
        names.append("others")
    values = {
        "author": " and ".join(name for name in names if name),
        "title": escaped_title(cited_title(article)),
        "origtitle": escaped_title(line(article.vernacular_title)),
        "booktitle": escaped_title(line(book.title)) if book and is_chapter(article) else "",
        "journal": "" if book else escaped(line(journal.title or journal.abbreviation)),
        "shortjournal": escaped(line(journal.abbreviation)) if journal.title else "",
        "publisher": escaped(line(book.publisher)) if book else "",
        "edition": escaped(line(book.edition)) if book else "",
        "year": str(article.year or ""),
    }
    yield from _braced(values)
    if date is not None:
        numbers = date_numbers(date)
        if len(numbers) > 1:
            yield Field("month", _MONTHS[numbers[1] - 1])
        yield from _braced({"day": str(numbers[2]) if len(numbers) > 2 else "", "month": escaped(season_of(date))})
    yield from _braced(
        {
            "volume": escaped(line(journal.volume)),
            "number": escaped(line(journal.issue)),
            "pages": "--".join(escaped(page) for page in first_and_last_page(article.pages) if page),
            "issn": escaped(line(journal.issn)),
            "doi": verbatim(line(article.doi)),
            "pmid": pmid_of(article),
            "pmcid": pmcid_of(article),
            "url": url_of(article),
            "language": escaped(", ".join(article.languages)),
            "keywords": escaped("; ".join(subjects(article))),
            "note": escaped(standing_note(one.integrity)),
            "abstract": escaped(line(article.abstract)),
        }
    )


def _braced(values: dict[str, str]) -> Iterator[Field]:
    for name, value in values.items():
        if value:
            yield Field(name, f"{{{value}}}")


def bibtex_name(author: Author) -> str:
    """Last, suffix, first; in braces where a name would be read as several or in parts."""
    if author.collective_name or not author.last_name:
        return f"{{{escaped(line(author.collective_name or author.fore_name or author.initials))}}}"
    parts = (author.last_name, author.suffix, author.fore_name or author.initials)
    return ", ".join(_protected(line(part)) for part in parts if part)


def _protected(part: str) -> str:
    needs_braces = "," in part or any(word.lower() in ("and", "others") for word in part.split())
    return f"{{{escaped(part)}}}" if needs_braces else escaped(part)
