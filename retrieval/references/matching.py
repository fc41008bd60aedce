"""How well an article fits what a reference says: its title first, then author, year, journal, volume and pages."""

from __future__ import annotations

import re
from typing import Final

from retrieval.analysis import fold
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, Record
from retrieval.references.likeness import likeness, share_of, share_within, telling, words
from retrieval.references.records import Reference

_TITLE_WEIGHT: Final = 0.6
_WEIGHTS: Final = {"author": 0.12, "year": 0.08, "journal": 0.06, "volume": 0.06, "pages": 0.08}
_NEXT_YEAR: Final = 0.6
"""What a year is worth that is one off: an article appears online in one year and in print in the next."""
_CUT_OFF: Final = 0.95
"""Where so much of a reference's title begins an article's, it is that title cut short."""
_SHORTEST_CUT_OFF: Final = 4  # words
_NOT_THE_SAME: Final = 0.84
"""What titles are worth at most that differ in a number, or of which one is that of an erratum or a reply."""
_SMALL: Final = ("the", "of", "and", "in", "for")
_SAME_JOURNAL: Final = 0.8
_AT_ITS_END: Final = 0.9
_UNKNOWN: Final = 0.5
"""What a part is worth that the reference states and the record lacks: of two copies, the one that says more fits."""


class Match(Record, frozen=True):
    """A reference against one article."""

    found: IndexedArticle
    title: float | None
    """In [0, 1]; None where the reference has no title, or the article none."""
    parts: dict[str, float]
    """Agreement in [0, 1] of what both state."""
    unknown: tuple[str, ...] = ()
    """What only the reference states."""

    @property
    def score(self) -> float:
        """Weighted over what the reference states, in [0, 1]."""
        weighed = [(_WEIGHTS[name], value) for name, value in self.parts.items()]
        weighed += [(_WEIGHTS[name], _UNKNOWN) for name in self.unknown]
        if self.title is not None:
            weighed.append((_TITLE_WEIGHT, self.title))
        total = sum(weight for weight, _ in weighed)
        return round(sum(weight * value for weight, value in weighed) / total, 4) if total else 0.0

    @property
    def agreeing(self) -> int:
        return sum(value >= _NEXT_YEAR for value in self.parts.values())

    @property
    def disagreeing(self) -> int:
        return sum(value < _NEXT_YEAR for value in self.parts.values())


def match(reference: Reference, found: IndexedArticle) -> Match:
    article = found.article
    parts = {
        "author": _author(reference, article),
        "year": _year(reference, article),
        "journal": _journal(reference, article),
        "volume": _volume(reference, article),
        "pages": _pages(reference, article),
    }
    stated = {
        "author": reference.first_author,
        "year": reference.year,
        "journal": reference.journal,
        "volume": reference.volume,
        "pages": reference.pages,
    }
    known = {name: value for name, value in parts.items() if value is not None}
    unknown = tuple(name for name, value in stated.items() if value and name not in known)
    title = _title(reference, article)
    if title == _CUT_OFF and known.get("journal", 1) < 1:
        # Another subtitle stands where its journal should.
        title = _NOT_THE_SAME
    return Match(found=found, title=title, parts=known, unknown=unknown)


def differences(reference: Reference, article: Article) -> tuple[str, ...]:
    """What the reference says otherwise than the record does."""
    told: list[str] = []
    if reference.year and article.year and reference.year != article.year and _year(reference, article) != 1:
        told.append(f"year {reference.year}, the record has {article.year}")
    if _author(reference, article) == 0:
        told.append(f"first author {reference.first_author}, the record has {article.authors[0].name}")
    if _volume(reference, article) == 0:
        told.append(f"volume {reference.volume}, the record has {article.journal.volume}")
    if _pages(reference, article) == 0:
        told.append(f"pages {reference.pages}, the record has {article.pages}")
    return tuple(told)


def _title(reference: Reference, article: Article) -> float | None:
    titles = [words(title) for title in (article.title, article.vernacular_title) if title]
    if article.book and not article.title:
        titles.append(words(article.book.title))
    written = words(reference.title)
    if not written or not any(titles):
        return None
    return max(_likeness(written, title, reference) for title in titles if title)


def _likeness(written: tuple[str, ...], title: tuple[str, ...], reference: Reference) -> float:
    alike = likeness(written, title)
    if len(written) >= _SHORTEST_CUT_OFF and share_of(written, title[: len(written) + 1]) >= _CUT_OFF:
        # Without its subtitle, or abbreviated with dots.
        alike = max(alike, _CUT_OFF)
    elif telling(written) != telling(title):
        alike = min(alike, _NOT_THE_SAME)
    # In prose nobody is sure where the title ends: a title that stands in the text as a whole is there.
    if alike <= _CUT_OFF and len(title) >= _SHORTEST_CUT_OFF and reference.title in reference.raw:
        alike = max(alike, share_within(title, words(reference.raw)))
    return alike


def _author(reference: Reference, article: Article) -> float | None:
    if not reference.first_author or not article.authors:
        return None
    written = words(reference.first_author)
    first = article.authors[0]
    if not written:
        return None
    name = words(first.last_name or first.collective_name)
    if likeness(written, name) >= _NEXT_YEAR:
        return 1.0
    # Another author of the paper in first place, or a name cut in two.
    others = {word for author in article.authors for word in words(author.last_name or author.collective_name)}
    return 0.5 if others.issuperset(written) else 0.0


def _year(reference: Reference, article: Article) -> float | None:
    years = {date.year for date in (article.published, article.published_online) if date}
    if not reference.year or not years:
        return None
    apart = min(abs(reference.year - year) for year in years)
    return 1.0 if apart == 0 else _NEXT_YEAR if apart == 1 else 0.0


def _journal(reference: Reference, article: Article) -> float | None:
    names = [article.journal.title, article.journal.abbreviation, article.book.title if article.book else ""]
    written = words(reference.journal)
    if not written or not any(names):
        return None
    return max(_same_journal(written, words(name)) for name in names if name)


def _same_journal(written: tuple[str, ...], name: tuple[str, ...]) -> float:
    """1 where each word of the one begins with the other's, in order, leaving out small words: J Pathol."""
    one, other = ([word for word in side if word not in _SMALL] for side in (written, name))
    if _abbreviates(one, other):
        return 1.0
    if len(one) > len(other) and _abbreviates(one[-len(other) :], other):
        # In prose a subtitle may have been taken for its beginning.
        return _AT_ITS_END
    return 1.0 if likeness(written, name) >= _SAME_JOURNAL else 0.0


def _abbreviates(one: list[str], other: list[str]) -> bool:
    alike = (a.startswith(b) or b.startswith(a) for a, b in zip(one, other, strict=False))
    return bool(one) and len(one) == len(other) and all(alike)


def _volume(reference: Reference, article: Article) -> float | None:
    if not reference.volume or not article.journal.volume:
        return None
    return float(fold(reference.volume).lstrip("0") == fold(article.journal.volume).lstrip("0"))


def _pages(reference: Reference, article: Article) -> float | None:
    written, printed = _first_page(reference.pages), _first_page(article.pages)
    return float(written == printed) if written and printed else None


def _first_page(pages: str) -> str:
    found = re.match(r"\s*([A-Za-z]*\d+)", pages)
    return found[1].lower() if found else ""
