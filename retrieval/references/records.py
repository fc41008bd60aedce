"""A reference as somebody wrote it, and what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from retrieval.index.interface import IndexedArticle
from retrieval.records import Integrity, Record


class Reference(Record, frozen=True):
    """One reference, as far as it could be understood; what it does not say is empty."""

    place: int
    """Its place in the input, from 1; unreadable ones count."""
    raw: str
    """As it was written, blanks put together; of a file's entry, the whole entry."""
    label: str = ""
    """What the input calls it: its number in a list, its BibTeX key, its RIS ID."""
    pmid: int | None = None
    doi: str = ""
    """Lower case, without a resolver's address."""
    pmcid: str = ""
    """Without a version: "PMC6022342"."""
    source_id: str = ""
    """The id of an article from elsewhere, such as "scifact:4983"; only where nothing else is said."""
    title: str = ""
    first_author: str = ""
    """Last name, or the group's name."""
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""


class UnreadableReference(Record, frozen=True):
    """An item of the input that names nothing that could be looked for, and why."""

    place: int
    raw: str
    """Its beginning."""
    reason: str


class ResolutionStatus(StrEnum):
    RESOLVED = "resolved"
    AMBIGUOUS = "ambiguous"
    """Several articles fit alike, or the best one fits too loosely to be taken: see the candidates."""
    NOT_FOUND = "not_found"
    """The index has no such article. It may exist all the same: the index holds only what it was given."""
    CONFLICT = "conflict"
    """What the reference says belongs to different articles, as in an invented one: a real PMID, another title."""


class Candidate(Record, frozen=True):
    """An article that a reference may mean."""

    found: IndexedArticle
    score: float
    """How well it fits what the reference says, in [0, 1]."""


class Resolution(Record, frozen=True):
    """What one reference turned out to be."""

    reference: Reference
    status: ResolutionStatus
    how: Literal["", "pmid", "doi", "pmcid", "id", "title", "citation"] = ""
    """What found it; "citation" is author, year, volume and page. Empty where nothing did."""
    score: float = 0.0
    """How well the article fits what the reference says, in [0, 1]; 1 for a bare identifier."""
    found: IndexedArticle | None = None
    """The article; only where the status is `resolved`."""
    candidates: tuple[Candidate, ...] = ()
    """What it may mean instead, best first; of a conflict, the articles that it mixes."""
    reason: str = ""
    """Why it was not resolved, in words."""
    differences: tuple[str, ...] = ()
    """Where a resolved reference says something else than the record: "year 2015, the record has 2014"."""

    @property
    def integrity(self) -> Integrity | None:
        """The standing of the article that it resolved to."""
        return self.found.integrity if self.found else None
