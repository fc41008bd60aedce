"""What image search is asked, and what it answers."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import msgspec

from retrieval.image.concepts import SeenConcept
from retrieval.image.gate_rules import GateFinding
from retrieval.image.picture import Pixels
from retrieval.records import Article, Evidence, Figure, Filters, Integrity, LegScore, Record

IMAGE_LEGS: Final = ("texts", "figures", "concepts", "words", "genes", "together")


class View(NamedTuple):
    """One part of what was handed over: a patch, a region, a tile of a slide."""

    pixels: Pixels
    weight: float = 1.0


class ImageQuery(Record, frozen=True):
    """What goes with the views of an image."""

    words: str = ""
    """A question or a report, in the query language; may be empty."""
    genes: str = ""
    """A gene-expression list, as `retrieval.expression` reads it; may be empty."""
    image_weight: float = 0.5
    """Share of the image beside words and genes: 0 asks with these alone, 1 with the image alone."""
    limit: int = 10
    filters: Filters = Filters()
    legs: tuple[str, ...] = IMAGE_LEGS
    expand: bool = True


ReasonKind = Literal["title", "sentence", "caption", "figure", "concept", "words", "genes", "together"]


class Reason(Record, frozen=True):
    """What brought a hit."""

    kind: ReasonKind
    text: str
    """The sentence, the caption, or what was found in the article."""
    share: float
    """Of the hit's score."""
    start: int | None = None
    """Of a sentence: `article.abstract[start:end]`; of a title likewise."""
    end: int | None = None
    figure: Figure | None = None


class ImageHit(Record, frozen=True):
    article: Article
    rank: int
    score: float
    legs: dict[str, LegScore]
    reasons: tuple[Reason, ...]
    """Greatest share first."""
    evidence: tuple[Evidence, ...] = ()
    integrity: Integrity = Integrity()


class ImageResult(Record, frozen=True):
    hits: tuple[ImageHit, ...]
    generation: str
    encoder: str
    concepts: tuple[SeenConcept, ...]
    """Likeliest first, three of each kind, whether or not they were used."""
    confident: bool
    """False where the image is like nothing known: no hits then, unless words or genes brought some."""
    query: str
    """The words that the image became."""
    gate: tuple[GateFinding, ...] = ()
    notices: tuple[str, ...] = ()
    timings_ms: dict[str, float] = msgspec.field(default_factory=dict)
