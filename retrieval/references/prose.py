"""One reference in prose, whatever its style, becomes its parts: first author, title, journal, year, volume, pages.

Every pattern is bounded and is tried at one place at a time, so that no text takes long. What is not recognised stays
empty: resolving a reference reads its whole text beside these parts.
"""

from __future__ import annotations

import re
from typing import Final

from retrieval.records import Record

_LONGEST_READ: Final = 2_000

# van der Berg; O'Neill; Müller-Lüdenscheidt; García Márquez
_PARTICLE: Final = r"(?:(?:[a-zà-ÿ]{1,4}['’]?|Van|Von|De|Del|Di|El|Al|La|Le)\s){0,3}"
_CAPITAL: Final = r"[^\W\d_a-zà-ÿ]"
_LAST: Final = rf"{_PARTICLE}{_CAPITAL}[\w'’‐-]{{0,40}}(?:[\s-]{_CAPITAL}[\w'’‐-]{{1,40}}){{0,2}}?"
_RANK: Final = r"(?:,?\s(?:Jr|Sr|2nd|3rd|II|III|IV)\b\.?)?"
_JOINED: Final = rf"{_CAPITAL}(?:-?{_CAPITAL}){{0,3}}"
_DOTTED: Final = rf"{_CAPITAL}\.(?:[\s-]?{_CAPITAL}\.){{0,3}}"
_VANCOUVER: Final = re.compile(rf"({_LAST})\s{_JOINED}{_RANK}(?=[,.;:]|\s(?:and|&|et)\b|$)")
_APA: Final = re.compile(rf"({_LAST}),\s?(?:{_DOTTED}|{_JOINED}(?=[,.;:]|\s(?:and|&|\()|$)){_RANK}")
_IEEE: Final = re.compile(rf"{_DOTTED}\s?({_LAST})(?=[,.;:]|\s(?:and|&|et)\b|$)")
_FULL: Final = re.compile(
    rf"({_LAST}),\s{_CAPITAL}[\w'’-]{{1,30}}(?:\s{_CAPITAL}[\w.'’-]{{0,30}}){{0,2}}(?=[,.;]|\s(?:and|&)\b|$)"
)
_BETWEEN: Final = re.compile(r"\s*(?:[,;]\s*(?:(?:and|&|…|\.\.\.)\s*)?|\s(?:and|&)\s*)")
_ET_AL: Final = re.compile(r"[,;]?\s*(?:et\s*al\b\.?|and\s(?:others|colleagues)\b)", re.IGNORECASE)
_AUTHORS_END: Final = re.compile(r"\s*[.:,;]*\s*")

_YEAR: Final = re.compile(r"(?<![\d/.-])((?:1[89]|20)\d\d)[a-z]?(?![\d/-]|\.\d)")
_YEAR_AHEAD: Final = re.compile(r"\(?((?:1[89]|20)\d\d)[a-z]?(?:,\s?[^()]{1,40})?\)?\s*[.:,]?\s*")
_QUOTED: Final = re.compile(r"[“\"]([^“”\"]{12,600})[”\"]")
_ENDS: Final = re.compile(
    r"(?<!\bvs)(?<!\bspp)(?<!\bsp)(?<!\bNo)(?<!\bSt)(?<!\be\.g)(?<!\bi\.e)[.?!][\])]?\s+(?=[^\sa-z]|$)"
)
_PAGE: Final = r"[A-Za-z]{0,3}\d{1,8}"
_RANGE: Final = rf"{_PAGE}\s?[-–—]{{1,2}}\s?{_PAGE}"
_PLACE: Final = re.compile(
    r"(?<![\w.-])(?P<volume>[A-Z]?\d{1,4}[A-Za-z]?)\s*(?:\(\s*(?P<issue>[^()\s][^()]{0,30}?)\s*\))?\s*"
    # After a comma a number alone may be a word of the title (K7, CK20); a range, or an end, makes it a page.
    rf"(?::\s*(?:pp?\.?\s*)?|,?\s*(?:pp?|pages?)\b\.?\s*|,\s*(?={_RANGE}|{_PAGE}\s*(?:\.?\s*$|[.;]\s|\((?:1[89]|20)\d\d)))"
    rf"(?P<pages>{_RANGE}|{_PAGE})"
)
_VOLUME: Final = re.compile(r"\bvol(?:ume)?\.?\s*(\w{1,8})", re.IGNORECASE)
_ISSUE: Final = re.compile(r"\b(?:no|issue|iss)\.?\s*(\w{1,8})", re.IGNORECASE)
_PAGES: Final = re.compile(r"\bpp?\.?\s*([A-Za-z]?\d{1,8}(?:\s?[-–—]{1,2}\s?[A-Za-z]?\d{1,8})?)")
_SHORTEST_TITLE: Final = 12
_LONGEST_JOURNAL: Final = 60


class Parts(Record, frozen=True):
    first_author: str = ""
    title: str = ""
    journal: str = ""
    year: int | None = None
    volume: str = ""
    issue: str = ""
    pages: str = ""


def parts_of(text: str) -> Parts:
    """The parts of a reference without its identifiers."""
    text = text[:_LONGEST_READ].strip()
    first_author, start = _authors(text)
    if not start:
        first_author, start = _group(text)
    year = None
    if ahead := _YEAR_AHEAD.match(text, start):
        year, start = int(ahead[1]), ahead.end()
    title, end = _title(text, start)
    rest = text[end:]
    volume, issue, pages, place = _place(rest)
    years = list(_YEAR.finditer(rest)) or list(_YEAR.finditer(text))
    if year is None and years:
        year = int(years[0][1])
    return Parts(
        first_author=first_author,
        title=title,
        journal=_journal(rest, min([place, *(found.start() for found in _YEAR.finditer(rest))])),
        year=year,
        volume=volume,
        issue=issue,
        pages=pages,
    )


def _authors(text: str) -> tuple[str, int]:
    """The first author's last name and where the list of authors ends; ("", 0) where it begins with none."""
    for form in (_VANCOUVER, _APA, _IEEE, _FULL):
        first = form.match(text)
        if not first:
            continue
        end = first.end()
        # MLA and Chicago turn the first author's name around only.
        others = (form, _APA, _IEEE, _VANCOUVER)
        while between := _BETWEEN.match(text, end):
            more = next((found for other in others if (found := other.match(text, between.end()))), None)
            if more is None:
                break
            end = more.end()
        if more_of_them := _ET_AL.match(text, end):
            end = more_of_them.end()
        after = _AUTHORS_END.match(text, end)
        return first[1].strip(), after.end() if after else end
    return "", 0


def _group(text: str) -> tuple[str, int]:
    """A group in place of authors: the first of three sentences or more that stand before volume and pages."""
    *_, place = _place(text)
    ends = [found.end() for found in _ENDS.finditer(text, 0, place)]
    return (text[: ends[0]].strip(" .,"), ends[0]) if len(ends) >= 3 else ("", 0)


def _title(text: str, start: int) -> tuple[str, int]:
    """The title and where it ends."""
    quoted = _QUOTED.search(text)
    if quoted and quoted.start() <= start + 40:
        return quoted[1].strip(" ,."), quoted.end()
    if place := _PLACE.search(text, start):
        before = text[start : place.start()]
        if len(before) < _LONGEST_JOURNAL and not _ENDS.search(before.rstrip(" 0123456789;,(")):
            # Only a journal stands before volume and page: this style leaves titles out.
            return "", start
    while match := _ENDS.search(text, start):
        title = text[start : match.start() + 1].strip()
        if len(title) >= _SHORTEST_TITLE or start > 0:
            return _bare(title), match.end()
        # A group's name, or one word, before the title.
        start = match.end()
    rest = text[start:].strip()
    # All of it, unless a journal's place ends it: then nobody can tell where the title does.
    return (_bare(rest), len(text)) if len(rest) >= _SHORTEST_TITLE else ("", start)


def _bare(title: str) -> str:
    title = title.strip(" .,;\"'“”")
    return title[1:-1].strip(" .") if title.startswith("[") and title.endswith("]") else title


def _place(rest: str) -> tuple[str, str, str, int]:
    """Volume, issue and pages, and where in the text they begin."""
    if worded := _VOLUME.search(rest):
        issue, pages = _ISSUE.search(rest), _PAGES.search(rest)
        return worded[1], issue[1] if issue else "", pages[1] if pages else "", worded.start()
    for match in _PLACE.finditer(rest):
        if not _YEAR.fullmatch(match["volume"]) or match["issue"]:
            return match["volume"], match["issue"] or "", match["pages"], match.start()
    if pages := _PAGES.search(rest):
        return "", "", pages[1], pages.start()
    return "", "", "", len(rest)


def _journal(rest: str, end: int) -> str:
    name = rest[:end].strip(" .,;:(*_")
    name = re.sub(r"^In:?\s+", "", name)
    return name if len(name) <= 200 and any(map(str.isalpha, name)) else ""
