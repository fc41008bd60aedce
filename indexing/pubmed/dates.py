"""PubMed's dates, from a plain day to "1999-2000 Winter", as the earliest day that the words allow."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from retrieval.records import PartialDate

if TYPE_CHECKING:
    from lxml.etree import _Element

_YEAR = re.compile(r"(?<!\d)(?:1[4-9]|20)\d\d(?!\d)")
_YEAR_RANGE = re.compile(r"(?<!\d)\d{4}\s*[-–/]\s*\d\d(?!\d)")
_ISO_DAY = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?!\d)")
_MONTH = re.compile(
    r"(?:(?<!\d)(?P<before>\d{1,2})(?:st|nd|rd|th)?\s+)?"
    r"\b(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![a-z])"
    r"(?:[.,]?\s*(?P<after>\d{1,2})(?!\d))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEASON = re.compile(r"\b(winter|spring|summer|autumn|fall)\b", re.IGNORECASE)
_SEASONS = {"winter": 1, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}
_QUARTER = re.compile(r"\b([1-4])(?:st|nd|rd|th|d)?\s*quart", re.IGNORECASE)


def date_of(element: _Element) -> PartialDate | None:
    """The date in PubDate, ArticleDate, DateRevised or a book's dates; None where it has no year."""
    year = month = day = season = words = ""
    for child in element:
        tag, text = child.tag, child.text
        if not text:
            continue
        if tag == "Year":
            year = text
        elif tag == "Month":
            month = text
        elif tag == "Day":
            day = text
        elif tag == "Season":
            season = text
        elif tag == "MedlineDate":
            words = text
    return parse_date(year, month, day, season, words)


@lru_cache(maxsize=1 << 14)
def parse_date(year: str, month: str = "", day: str = "", season: str = "", words: str = "") -> PartialDate | None:
    """`words` (MedlineDate) is read where there is no year. Spring starts in March, summer in June, autumn in
    September. The winter of one year starts on its 1 January, so that no date leaves the year it prints; the
    winter of two years starts in December of the first.
    """
    raw = " ".join(" ".join((year, month or season, day) if year.strip() else (words, month or season, day)).split())
    number, name = year.strip(), month.strip()
    if _YEAR.fullmatch(number) and name.isascii() and name.isdigit():
        return _dated(raw, int(number), int(name), day.strip())
    return _from_words(raw)


def _from_words(raw: str) -> PartialDate | None:
    years = [int(found) for found in _YEAR.findall(raw)]
    if not years:
        return None
    year = years[0]
    if iso := _ISO_DAY.match(raw):
        return _dated(raw, year, int(iso[2]), iso[3])
    if month := _MONTH.search(raw):
        return _dated(raw, year, _MONTHS.index(month["name"][:3].lower()) + 1, month["after"] or month["before"] or "")
    if season := _SEASON.search(raw):
        name = season[1].lower()
        if name == "winter" and (len(set(years)) > 1 or _YEAR_RANGE.search(raw)):
            return _partial(raw, year, 12, 1, "season")
        return _partial(raw, year, _SEASONS[name], 1, "season")
    if quarter := _QUARTER.search(raw):
        return _partial(raw, year, 3 * int(quarter[1]) - 2, 1, "season")
    return _partial(raw, year, 1, 1, "year")


def _dated(raw: str, year: int, month: int, day: str) -> PartialDate:
    """As much of the date as the calendar has: 30 February is February, month 13 is the year."""
    if not 1 <= month <= 12:
        return _partial(raw, year, 1, 1, "year")
    if day.isascii() and day.isdigit() and len(day) <= 2:
        try:
            date(year, month, int(day))
        except ValueError:
            pass
        else:
            return _partial(raw, year, month, int(day), "day")
    return _partial(raw, year, month, 1, "month")


def _partial(
    raw: str, year: int, month: int, day: int, precision: Literal["day", "month", "season", "year"]
) -> PartialDate:
    return PartialDate(f"{year:04d}-{month:02d}-{day:02d}", precision, raw)
