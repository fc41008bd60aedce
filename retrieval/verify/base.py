"""What every verifier gives: a verdict on a claim beside an article, and the span that decided it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import field

from retrieval.records import Article, Evidence, Record


class Verdict(StrEnum):
    """What an article says of a claim."""

    SUPPORTED = "supported"
    PARTLY = "partly_supported"
    """It speaks for the claim, but not surely enough, or not for all of it."""
    CONTRADICTED = "contradicted"
    NOT_FOUND = "not_found"
    """It does not say; also where it speaks of something near by."""


class Judgement(Record, frozen=True):
    """One claim beside one text. The three probabilities are calibrated and add up to one."""

    verdict: Verdict
    support: float
    contradict: float
    neutral: float
    evidence: Evidence | None = None
    """The span that decided, with its place in the article; None only where the article has no text."""
    features: dict[str, float] = field(default_factory=dict)
    """What each feature added to the log-odds of support, where the verifier can tell."""


class Claim(NamedTuple):
    text: str
    article: Article


class Verifier(Protocol):
    """Safe to use from several threads once loaded."""

    @property
    def id(self) -> str:
        """Names the model and everything that its verdicts depend on."""

    def load(self) -> None:
        """Load weights now rather than at the first claim; ConfigurationError where they are missing."""

    def judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        """A judgement for each claim, in order; claims beside title and abstract of their article."""

    def judge_texts(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """The same for (claim, evidence text); spans are of a field "abstract" that is the whole evidence text."""
