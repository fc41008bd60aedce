"""The references that a draft's markers point at: its own list, a file handed over, identifiers in the text."""

from __future__ import annotations

import re
from typing import NamedTuple

from retrieval.errors import InputError
from retrieval.lookup.draft import Draft
from retrieval.lookup.records import LookupRequest, Marker
from retrieval.references.parsing import parse_references
from retrieval.references.records import Reference, Resolution, UnreadableReference
from retrieval.references.resolving import resolve
from retrieval.search import Searcher

_LAST_WORD = re.compile(r"[^\W\d_]+$")


class Pointed(NamedTuple):
    """What one key of a marker leads to: a resolution, or a problem in words."""

    resolution: Resolution | None
    problem: str


class Shelf:
    """Parsed and resolved once for a whole draft.

    InputError where the references that were handed over cannot be read; a broken list of the draft is a notice.
    """

    def __init__(self, draft: Draft, request: LookupRequest, searcher: Searcher) -> None:
        self.notices: list[str] = []
        self.items: list[Reference | UnreadableReference] = []
        if request.references.strip():
            self.items = list(parse_references(request.references, request.references_format))
        elif draft.references:
            try:
                self.items = list(parse_references(draft.references, "text"))
            except InputError as exc:
                self.notices.append(f"The list of references at the end of the text cannot be read: {exc}")
        readable = [item for item in self.items if isinstance(item, Reference)]
        self._searcher = searcher
        self.resolved = {r.reference.place: r for r in resolve(readable, searcher)} if readable else {}
        self._by_label: dict[str, Reference | UnreadableReference] = {}
        for item in self.items:
            label = item.label if isinstance(item, Reference) else ""
            # Numbers count the entries of a file, which have keys, and of a list without numbers.
            for key in (label,) if label.isdigit() else (label, str(item.place)):
                if key:
                    self._by_label.setdefault(key.casefold(), item)
        self._inline: dict[str, Pointed] = {}

    @property
    def numbers(self) -> frozenset[str]:
        """Numbers that a marker in parentheses may point at."""
        return frozenset(label for label in self._by_label if label.isdigit())

    def point(self, marker: Marker, key: str) -> Pointed:
        """What a marker's key leads to."""
        if marker.kind == "identifier":
            return self._identifier(key)
        if marker.kind == "author_year":
            return self._author_year(key)
        item = self._by_label.get(key.casefold())
        if item is None:
            return Pointed(None, self._unknown(f"no reference {key}" if marker.kind == "number" else f"no {key!r}"))
        return self._of(item)

    def _of(self, item: Reference | UnreadableReference) -> Pointed:
        if isinstance(item, UnreadableReference):
            return Pointed(None, f"The reference cannot be read: {item.reason}.")
        return Pointed(self.resolved[item.place], "")

    def _identifier(self, key: str) -> Pointed:
        if key not in self._inline:
            try:
                (item, *_) = parse_references(key, "text")
            except InputError as exc:
                self._inline[key] = Pointed(None, str(exc))
            else:
                self._inline[key] = (
                    Pointed(resolve([item], self._searcher)[0], "")
                    if isinstance(item, Reference)
                    else Pointed(None, f"It cannot be read: {item.reason}.")
                )
        return self._inline[key]

    def _author_year(self, key: str) -> Pointed:
        name, year = key.rsplit(" ", 1)
        fitting = [
            item
            for item in self.items
            if isinstance(item, Reference) and str(item.year) == year[:4] and _same_name(item.first_author, name)
        ]
        if not fitting:
            return Pointed(None, self._unknown(f"nothing of {name.capitalize()} {year}"))
        # "2014a" and "2014b" are the first and the second of them.
        place = ord(year[4]) - ord("a") if len(year) > 4 else 0
        if len(fitting) > 1 and len(year) == 4:
            return Pointed(
                None, f"{len(fitting)} references of {name.capitalize()} {year} are listed; it may be either."
            )
        return self._of(fitting[place if place < len(fitting) else 0])

    def _unknown(self, what: str) -> str:
        if not self.items:
            return "The text brings no list of references, and none was handed over."
        return f"There is {what} among the {len(self.items):,} references."


def _same_name(author: str, name: str) -> bool:
    folded = author.casefold()
    last = _LAST_WORD.search(folded)
    return name in (folded, last[0] if last else folded)
