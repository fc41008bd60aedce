"""What PubMed prints as a date, and the earliest day that it allows."""

from __future__ import annotations

import pytest
from lxml import etree

from indexing.pubmed.dates import date_of
from retrieval.records import PartialDate

MEDLINE_DATES = {
    "1998 Dec-1999 Jan": ("1998-12-01", "month"),
    "Dec 1998-Jan 1999": ("1998-12-01", "month"),
    "2015 Nov-Dec": ("2015-11-01", "month"),
    "2019 May - Jun": ("2019-05-01", "month"),
    "2019 May/June": ("2019-05-01", "month"),
    "1983 Mar 15-31": ("1983-03-15", "day"),
    "1989 Nov 30-Dec 6": ("1989-11-30", "day"),
    "15 March 1983": ("1983-03-15", "day"),
    "2001-02-03": ("2001-02-03", "day"),
    "1978-1979": ("1978-01-01", "year"),
    "1998-99": ("1998-01-01", "year"),
    "2016": ("2016-01-01", "year"),
    "2000 Spring": ("2000-03-01", "season"),
    "2000 Spring-Summer": ("2000-03-01", "season"),
    "Summer 2011": ("2011-06-01", "season"),
    "2000 Autumn": ("2000-09-01", "season"),
    "2000 Fall-Winter": ("2000-09-01", "season"),
    "2000 Winter": ("2000-01-01", "season"),
    "Winter 1999-2000": ("1999-12-01", "season"),
    "1999-2000 Winter": ("1999-12-01", "season"),
    "Winter 1999/00": ("1999-12-01", "season"),
    "1978 3d Quart": ("1978-07-01", "season"),
    "1996 1st Quarter": ("1996-01-01", "season"),
    "2000 Summarized": ("2000-01-01", "year"),
}


@pytest.mark.parametrize(("words", "sortable", "precision"), [(w, s, p) for w, (s, p) in MEDLINE_DATES.items()])
def test_medline_date(words: str, sortable: str, precision: str) -> None:
    date = _date(f"<MedlineDate>{words}</MedlineDate>")
    assert date is not None
    assert (date.sortable, date.precision, date.raw) == (sortable, precision, words)


PARTS = {
    "<Year>2024</Year><Month>Mar</Month><Day>07</Day>": PartialDate("2024-03-07", "day", "2024 Mar 07"),
    "<Year>2024</Year><Month>3</Month><Day>7</Day>": PartialDate("2024-03-07", "day", "2024 3 7"),
    "<Year>2024</Year><Month>September</Month>": PartialDate("2024-09-01", "month", "2024 September"),
    "<Year>2024</Year><Month>12</Month>": PartialDate("2024-12-01", "month", "2024 12"),
    "<Year>2024</Year>": PartialDate("2024-01-01", "year", "2024"),
    "<Year>2024</Year><Season>Winter</Season>": PartialDate("2024-01-01", "season", "2024 Winter"),
    "<Year>2024</Year><Season>May-Jun</Season>": PartialDate("2024-05-01", "month", "2024 May-Jun"),
    "<Year>2023</Year><Month>Feb</Month><Day>30</Day>": PartialDate("2023-02-01", "month", "2023 Feb 30"),
    "<Year>2023</Year><Month>02</Month><Day>29</Day>": PartialDate("2023-02-01", "month", "2023 02 29"),
    "<Year>2023</Year><Month>13</Month><Day>01</Day>": PartialDate("2023-01-01", "year", "2023 13 01"),
    "<Year>2023</Year><Month>Mar</Month><Day>x</Day>": PartialDate("2023-03-01", "month", "2023 Mar x"),
    "<Year> 2023 </Year><Month>\n Mar </Month>": PartialDate("2023-03-01", "month", "2023 Mar"),
}


@pytest.mark.parametrize(("parts", "expected"), PARTS.items())
def test_year_month_day_and_season(parts: str, expected: PartialDate) -> None:
    assert _date(parts) == expected


@pytest.mark.parametrize(
    "parts",
    ["", "<Month>Mar</Month>", "<Year>in press</Year>", "<Year>0000</Year>", "<Year>20244</Year>",
     "<MedlineDate>Spring</MedlineDate>", "<MedlineDate/>"],
)  # fmt: skip
def test_without_a_year_there_is_no_date(parts: str) -> None:
    assert _date(parts) is None


def _date(parts: str) -> PartialDate | None:
    return date_of(etree.fromstring(f"<PubDate>{parts}</PubDate>"))
