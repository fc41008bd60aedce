"""Dates of notices, as ISO 8601 text no more precise than what is known: "2004", "2004-03", "2004-03-15", or ""."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from retrieval.records import PartialDate

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# The year stands before the volume (";"), before an electronic page (":"), or ends the reference, which keeps years in
# the names of journals out. Of a range ("May-Jun", "Dec-1999 Jan") the beginning counts.
_REFERENCE_DATE: Final = re.compile(
    r"(?<![\d.:/])(?P<year>(?:1[6-9]|20)\d\d)"
    r"(?:\s+(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?![a-z])(?:\s+(?P<day>\d{1,2})(?!\d))?)?"
    r"(?:\s*[-/]\s*[\w /]*)?(?:\s+(?:spring|summer|autumn|fall|winter|suppl)[^;:.]*)?"
    r"\s*(?=[;:]|\.?\s*$|\.\s+(?:doi|pii|\[))",
    re.IGNORECASE,
)
_PRECISION: Final = {"day": 10, "month": 7, "season": 4, "year": 4}


def date_in_reference(source: str) -> str:
    """The date in a reference as PubMed prints it: "Am J Surg. 2004 Mar;187(3):433" gives "2004-03"."""
    found = _REFERENCE_DATE.search(source)
    if not found:
        return ""
    year, name, day = found["year"], found["month"], found["day"]
    if not name:
        return year
    month = _MONTHS.index(name[:3].lower()) + 1
    if day:
        try:
            return date(int(year), month, int(day)).isoformat()
        except ValueError:
            pass
    return f"{year}-{month:02}"


def known_part(published: PartialDate | None) -> str:
    """The date as far as the record prints it; a season counts as its year."""
    return published.sortable[: _PRECISION[published.precision]] if published else ""
