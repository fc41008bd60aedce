"""How an article is cited in one line, in the style of NLM (Citing Medicine, 2nd edition, chapter 1)."""

from __future__ import annotations

from typing import Final

from retrieval.records import LOCAL_PMID_FLOOR, Article

_NAMED_AUTHORS: Final = 3


def cite(article: Article) -> str:
    """One line: authors, title, journal, date, volume and pages, identifiers; what is not known is left out."""
    return _joined(_authors(article), _title(article), *_source(article))


def cite_source(article: Article) -> str:
    """The same line without the title, to stand below it."""
    return _joined(_authors(article), *_source(article))


def _joined(*parts: str) -> str:
    return " ".join(part if part.endswith((".", "?", "!", "]")) else f"{part}." for part in parts if part)


def _source(article: Article) -> list[str]:
    where = article.journal.abbreviation or article.journal.title or (article.book.title if article.book else "")
    return [where, _when_and_where(article), *_identifiers(article)]


def _authors(article: Article) -> str:
    names = [author.name for author in article.authors if author.name]
    shown = ", ".join(names[:_NAMED_AUTHORS])
    return f"{shown}, et al" if len(names) > _NAMED_AUTHORS else shown


def _title(article: Article) -> str:
    return f"[{article.title.rstrip('.')}]" if article.title_translated else article.title


def _when_and_where(article: Article) -> str:
    date = article.published or article.published_online
    journal = article.journal
    volume = journal.volume + (f"({journal.issue})" if journal.issue else "")
    place = f"{volume}:{article.pages}" if volume and article.pages else volume or article.pages
    return ";".join(part for part in (date.raw if date else "", place) if part)


def _identifiers(article: Article) -> list[str]:
    found = [f"doi:{article.doi}"] if article.doi else []
    found += [f"PMID: {article.pmid}"] if article.pmid < LOCAL_PMID_FLOOR else [article.id]
    return found + ([f"PMCID: {article.pmcid}"] if article.pmcid else [])
