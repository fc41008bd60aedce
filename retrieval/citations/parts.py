"""What several export formats need of an article, worked out once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from retrieval.records import LOCAL_PMID_FLOOR, Article, PartialDate

_RANGE: Final = re.compile(r"([A-Za-z]*)(\d+)\s*[-–]\s*([A-Za-z]*)(\d+)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SEASONS: Final = {"spring": 1, "summer": 2, "autumn": 3, "fall": 3, "winter": 4}


def line(text: str) -> str:
    """The text on one line without control characters, which would begin a new field or end the file."""
    return " ".join(_CONTROL.sub(" ", text).split())


def cited_title(article: Article) -> str:
    """The title without its full stop; one that PubMed translated in brackets, as citations print it."""
    title = line(article.title).removesuffix(".").rstrip()
    return f"[{title}]" if article.title_translated and title else title


def is_chapter(article: Article) -> bool:
    """Whether a book's record is about a part of it."""
    return article.book is not None and line(article.book.title).rstrip(".") != line(article.title).rstrip(".")


def first_and_last_page(pages: str) -> tuple[str, str]:
    """Of PubMed's "547-9": ("547", "549"). What is no plain range stays as it is, with an empty last page."""
    pages = line(pages)
    match = _RANGE.fullmatch(pages)
    if not match:
        return pages, ""
    prefix, first, last_prefix, last = match.groups()
    if len(last) < len(first):
        last = first[: -len(last)] + last
    return f"{prefix}{first}", f"{last_prefix or prefix}{last}"


def page_range(pages: str) -> str:
    """ "547-549" of "547-9"."""
    return "-".join(filter(None, first_and_last_page(pages)))


def date_of(article: Article) -> PartialDate | None:
    return article.published or article.published_online


def date_numbers(date: PartialDate) -> tuple[int, ...]:
    """(year), (year, month) or (year, month, day): no more than is known."""
    year, month, day = (int(part) for part in date.sortable.split("-"))
    match date.precision:
        case "day":
            return year, month, day
        case "month":
            return year, month
        case _:
            return (year,)


def season_of(date: PartialDate) -> str:
    """As the record has it: "Summer", "Jul-Aug" where that is a season to PubMed; empty for other dates."""
    return line(re.sub(r"\b\d{4}\b", " ", date.raw)) if date.precision == "season" else ""


def season_number(date: PartialDate) -> int | None:
    """1 for spring to 4 for winter, where the season has such a name."""
    words = season_of(date).lower().replace("-", " ").split()
    return next((_SEASONS[word] for word in words if word in _SEASONS), None)


def pmid_of(article: Article) -> str:
    """Empty for an article without one."""
    return str(article.pmid) if article.pmid < LOCAL_PMID_FLOOR else ""


def pmcid_of(article: Article) -> str:
    """Without its version, as reference managers know it."""
    return article.pmcid.split(".", 1)[0]


def url_of(article: Article) -> str:
    return f"https://pubmed.ncbi.nlm.nih.gov/{article.pmid}/" if pmid_of(article) else ""


def subjects(article: Article) -> Iterator[str]:
    """MeSH headings, then the authors' keywords, each once."""
    yield from dict.fromkeys(line(name) for name in (*(m.name for m in article.mesh), *article.keywords) if line(name))
