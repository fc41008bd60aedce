"""What queries are made of, whichever engine answers them: conditions, words and names are put together from these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

Q = TypeVar("Q")


class Clauses(Protocol[Q]):
    """One engine's queries."""

    def everything(self) -> Q: ...

    def nothing(self) -> Q: ...

    def both(self, required: Sequence[Q], excluded: Sequence[Q]) -> Q:
        """All of the first, which are some, and none of the second; what it scores is of no concern."""
        ...

    def either(self, queries: Sequence[Q]) -> Q:
        """At least one; scores add up."""
        ...

    def best(self, queries: Sequence[Q]) -> Q:
        """At least one; the best score counts."""
        ...

    def boosted(self, query: Q, boost: float) -> Q:
        """Scores times `boost`."""
        ...

    def row(self, field: str, terms: Sequence[str]) -> Q:
        """Terms in a row, or a single one; scored by BM25 where the field is the text."""
        ...

    def one_of(self, field: str, values: Sequence[str] | Sequence[int]) -> Q:
        """A whole value among these, of which there is one at least."""
        ...

    def years(self, first: int, last: int) -> Q:
        """Both included."""
        ...
