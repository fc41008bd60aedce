"""From a question, with or without an image, to the articles that may answer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from retrieval.answer.abstention import AbstentionModel, answerability
from retrieval.answer.asked_image import AskedImage
from retrieval.answer.packing import Found
from retrieval.errors import ConfigurationError
from retrieval.image.records import ImageQuery
from retrieval.image.search import ImageSearch
from retrieval.records import LEGS, Filters, Query
from retrieval.search import Searcher

SEARCHED: Final = 20
"""Hits that sources are taken from."""


class Literature(NamedTuple):
    found: tuple[Found, ...]
    query: str
    """What was searched for: words, and the words that an image became."""
    confidence: float
    """The calibrated probability that this answers the question."""
    notices: tuple[str, ...]
    reranker: str


def find_by_words(
    searcher: Searcher,
    question: str,
    query: str,
    filters: Filters,
    legs: Sequence[str],
    *,
    expand: bool,
    abstention: AbstentionModel | None,
) -> Literature:
    """`query` is the question with what tools added; whether it is answered is asked of the question alone."""
    chosen = tuple(leg for leg in LEGS if leg in legs) or LEGS
    result = searcher.search(Query(text=query, limit=SEARCHED, filters=filters, legs=chosen, expand=expand))
    return Literature(
        tuple(Found(hit.article, hit.integrity) for hit in result.hits),
        result.interpretation or query,
        answerability(question, result, searcher, abstention) if result.hits else 0.0,
        result.notices,
        result.reranker,
    )


def find_by_image(
    images: ImageSearch | None, image: AskedImage, query: str, filters: Filters, *, expand: bool
) -> Literature:
    """ConfigurationError where images cannot be asked with. An image that is like nothing known finds nothing."""
    if images is None:
        raise ConfigurationError(
            "images cannot be asked with: no image encoder is configured, or the generation was built without one; "
            "name one (PATHLIT_IMAGE_ENCODER) and build again with `pathlit index`"
        )
    result = image.search(images, ImageQuery(words=query, limit=SEARCHED, filters=filters, expand=expand))
    words = "; ".join(part for part in (query, result.query) if part)
    recognised = max((seen.probability for seen in result.concepts), default=0.0) if result.confident else 0.0
    return Literature(
        tuple(Found(hit.article, hit.integrity) for hit in result.hits),
        words,
        recognised,
        (*image.notices, *result.notices),
        "",
    )
