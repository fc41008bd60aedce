"""RIS, which every reference manager reads, written by rispy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rispy

from retrieval.citations.keys import citation_keys
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


class _Writer(rispy.RisWriter):  # type: ignore[misc]
    """Without rispy's number above each record, which some programs take for a part of the one before."""

    def set_header(self, count: int) -> str:
        return ""


def write_ris(articles: Sequence[IndexedArticle]) -> str:
    keys = citation_keys([one.article for one in articles])
    records = [_record(one, key) for one, key in zip(articles, keys, strict=True)]
    return str(rispy.dumps(records, implementation=_Writer))


def _record(one: IndexedArticle, key: str) -> dict[str, Any]:
    """Fields by rispy's names, in the order in which they are written; empty ones are left out."""
    article = one.article
    journal, book = article.journal, article.book
    start, end = first_and_last_page(article.pages)
    pmid = pmid_of(article)
    fields: dict[str, Any] = {
        "type_of_reference": "JOUR" if book is None else "CHAP" if is_chapter(article) else "BOOK",
        "id": key,
        "authors": [ris_name(author) for author in article.authors],
        "title": cited_title(article),
        "translated_title": line(article.vernacular_title),
        "secondary_title": line(book.title if book and is_chapter(article) else "" if book else journal.title),
        "alternate_title1": line(journal.abbreviation),
        "publisher": line(book.publisher) if book else "",
        "edition": line(book.edition) if book else "",
        "volume": line(journal.volume),
        "number": line(journal.issue),
        "start_page": start,
        "end_page": end,
        "year": str(article.year or ""),
        "date": _date(article),
        "issn": line(journal.issn),
        "doi": line(article.doi),
        "accession_number": pmid or line(article.id),
        "name_of_database": "PubMed" if pmid else "",
        "custom2": pmcid_of(article),
        "language": ", ".join(article.languages),
        "keywords": list(subjects(article)),
        "abstract": line(article.abstract),
        "notes": [note] if (note := standing_note(one.integrity)) else [],
        "urls": [url] if (url := url_of(article)) else [],
    }
    return {name: value for name, value in fields.items() if value}


def ris_name(author: Author) -> str:
    """Last, first, suffix; a group's name as it is."""
    if author.collective_name:
        return line(author.collective_name)
    parts = [line(author.last_name).replace(",", " "), line(author.fore_name or author.initials).replace(",", " ")]
    return ", ".join(part for part in (*parts, line(author.suffix)) if part)


def _date(article: Article) -> str:
    """YYYY/MM/DD/other: what is not known stays empty, and a season is the other."""
    date = date_of(article)
    if date is None:
        return ""
    numbers = date_numbers(date)
    padded = [f"{numbers[0]:04}", *(f"{number:02}" for number in numbers[1:]), "", ""][:3]
    return "/".join((*padded, season_of(date).replace("/", "-")))
