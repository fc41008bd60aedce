"""The page on which a web server lists a folder: what lies there, since when, how large.

Apache, nginx and others differ in layout, but all print a link and, behind it, at most a date and a size.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote

from retrieval.records import Record

_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2}|\d{2}-[A-Z][a-z]{2}-\d{4})\b(?:\s+\d{2}:\d{2}(?::\d{2})?)?")
_SIZE = re.compile(r"\b(\d+(?:\.\d+)?)\s*([KMGT]?)\b")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class PageEntry(Record, frozen=True):
    name: str
    date: str = ""
    """ISO day, empty where the page shows none."""
    size: int | None = None
    """Bytes, as exactly as the page has them: "19M" is read as 19 * 2**20."""


def is_whole(html: str) -> bool:
    """Whether the page goes to its end."""
    return "</html>" in html.lower()


def read_page(html: str) -> tuple[PageEntry, ...]:
    """The files of the folder itself in the order of the page; links to elsewhere are left out."""
    page = _Page()
    page.feed(html)
    page.close()
    return tuple(_entry(name, "".join(behind)) for name, behind in page.links if name and "/" not in name)


def _entry(name: str, behind: str) -> PageEntry:
    date = _DATE.search(behind)
    size = _SIZE.search(behind, date.end() if date else 0)
    return PageEntry(name, _iso(date[1]) if date else "", int(float(size[1]) * _UNITS[size[2]]) if size else None)


def _iso(date: str) -> str:
    if date[:4].isdecimal():
        return date
    day, month, year = date.split("-")
    return f"{year}-{_MONTHS.index(month) + 1:02}-{day}" if month in _MONTHS else ""


class _Page(HTMLParser):
    """Keeps each link with the text that follows it up to the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, list[str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (target := dict(attrs).get("href")):
            self.links.append((unquote(target.removeprefix("./")), []))
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self.links and not self._inside:
            self.links[-1][1].append(data)
