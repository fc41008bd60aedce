"""CSL-JSON, the form in which Zotero, pandoc and citeproc exchange references (schema 1.0)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

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
    season_number,
    season_of,
    subjects,
    url_of,
)
from retrieval.citations.standing import standing_note
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, Author

Item = dict[str, Any]


def write_csl_json(articles: Sequence[IndexedArticle]) -> str:
    return json.dumps(csl_items(articles), ensure_ascii=False, indent=1) + "\n"


def csl_items(articles: Sequence[IndexedArticle]) -> list[Item]:
    """One item each, in their order; unknown fields are left out."""
    keys = citation_keys([one.article for one in articles])
    return [_item(one, key) for one, key in zip(articles, keys, strict=True)]


def _item(one: IndexedArticle, key: str) -> Item:
    article = one.article
    journal, book = article.journal, article.book
    fields: Item = {
        "id": key,
        "type": "article-journal" if book is None else "chapter" if is_chapter(article) else "book",
        "title": cited_title(article),
        "original-title": line(article.vernacular_title),
        "author": [name for author in article.authors if (name := _name(author))],
        "container-title": line(book.title if book and is_chapter(article) else "" if book else journal.title),
        "container-title-short": line(journal.abbreviation),
        "publisher": line(book.publisher) if book else "",
        "edition": line(book.edition) if book else "",
        "issued": _issued(article),
        "volume": line(journal.volume),
        "issue": line(journal.issue),
        "page": page_range(article.pages),
        "DOI": line(article.doi),
        "ISSN": line(journal.issn),
        "PMID": pmid_of(article),
        "PMCID": pmcid_of(article),
        "URL": url_of(article),
        "language": ", ".join(article.languages),
        "keyword": "; ".join(subjects(article)),
        "abstract": line(article.abstract),
        "note": standing_note(one.integrity),
        "source": "PubMed" if pmid_of(article) else line(article.id),
    }
    return {name: value for name, value in fields.items() if value}


def _name(author: Author) -> dict[str, str]:
    if author.collective_name or not author.last_name:
        literal = line(author.collective_name or author.fore_name or author.initials)
        return {"literal": literal} if literal else {}
    parts = {
        "family": line(author.last_name),
        "given": line(author.fore_name or author.initials),
        "suffix": line(author.suffix),
    }
    return {name: value for name, value in parts.items() if value}


def _issued(article: Article) -> Item:
    date = date_of(article)
    if date is None:
        return {}
    issued: Item = {"date-parts": [list(date_numbers(date))]}
    if season := season_number(date):
        issued["season"] = season
    elif season_of(date):
        issued["literal"] = line(date.raw)
    return issued
