"""What a reranker is: something that reads the question beside each of the best candidates, within a time budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from retrieval.expansion import Wording
from retrieval.fusion import Fused
from retrieval.index.interface import IndexedArticle


class Question(NamedTuple):
    """The ranking words of a query, and what the vocabulary made of them."""

    text: str
    """As typed, without conditions."""
    wording: Wording


class Candidate(NamedTuple):
    """One of the best of the fused list."""

    fused: Fused
    indexed: IndexedArticle


class Judged(NamedTuple):
    """What a reranker says of a candidate; higher scores come first, equal ones stay in fused order."""

    score: float
    contributions: Mapping[str, float] = {}
    """What each feature added to the score, where the reranker can tell."""


class Reranker(Protocol):
    """Safe to use from several threads."""

    @property
    def name(self) -> str: ...

    @property
    def learned_from(self) -> tuple[str, ...]:
        """Names of the tasks whose judged questions it was learned from, as far as its file says."""
        ...

    @property
    def depth(self) -> int:
        """How many of the fused order it is given."""
        ...

    def load(self) -> None:
        """Load and warm up, so that no user's query pays for it; ConfigurationError where that fails."""
        ...

    def rerank(self, question: Question, candidates: Sequence[Candidate], deadline: float) -> list[Judged]:
        """One `Judged` for each candidate, in their order; candidates come in fused order.

        OutOfTimeError where not all of them could be judged before `deadline` (time.perf_counter, in seconds): the
        fused order then stands, since a list that is half reranked is worse than one that is not.
        """
        ...
