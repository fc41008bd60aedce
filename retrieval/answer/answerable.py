"""What of a search result tells whether it answers the question, each from 0 to 1 and by a name that a model weighs.

    missing    the weightiest word of the question that the best article lacks: its idf, 1 for one that nobody has
    covered    the share of the question that the best article holds, rare words counting more
    sentence   the share that the best single sentence holds
    named      the share of the vocabulary's things in the question that the best article names
    weakest    how near the best article comes to that quarter of the question's tokens which it comes least near to
    cosine     how near the best sentence is to the question as a whole

`best` is each feature's own. The last two need a reranker that reads tokens; titles and abstracts count alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from retrieval.answer.asked_words import AskedWords
from retrieval.answer.sentence_reading import Nearness, nearness, sentences_of
from retrieval.integrity import EXCLUDED
from retrieval.records import Article, IntegrityPolicy, SearchResult
from retrieval.search import Searcher

BY_WORDS: Final = ("missing", "covered", "sentence", "named")
BY_MEANING: Final = ("weakest", "cosine")
_READ: Final = 8
"""Hits that are looked at."""
_WEAKEST: Final = 4
"""One token in so many."""


def read_features(question: str, result: SearchResult, searcher: Searcher) -> dict[str, float]:
    """Those by words, and those by meaning where they can be had; empty where nothing was found that may be used."""
    filters = result.query.filters
    allowed = filters.integrity is IntegrityPolicy.ALLOW
    articles = [hit.article for hit in result.hits if allowed or hit.integrity.status not in EXCLUDED][:_READ]
    if not articles:
        return {}
    asked = AskedWords(question, filters, searcher)
    features = _by_words(asked, articles)
    read = nearness(asked.text, articles, searcher)
    return features | _by_meaning(read) if read is not None else features


def _by_words(asked: AskedWords, articles: Sequence[Article]) -> dict[str, float]:
    sentences = [[asked.terms(sentence.text) for sentence in sentences_of(article)] for article in articles]
    together = [asked.together(terms) for terms in sentences]
    return {
        "missing": min(map(asked.missing, together)),
        "covered": max(map(asked.coverage, together)),
        "sentence": max((asked.coverage(terms) for article in sentences for terms in article), default=0.0),
        "named": max(map(asked.named, sentences)),
    }


def _by_meaning(read: Sequence[Sequence[Nearness]]) -> dict[str, float]:
    return {
        "weakest": max((_weakest(article) for article in read if article), default=0.0),
        "cosine": max((sentence.cosine for article in read for sentence in article), default=0.0),
    }


def _weakest(article: Sequence[Nearness]) -> float:
    tokens = np.sort(np.max([sentence.tokens for sentence in article], axis=0))
    return float(tokens[: max(1, len(tokens) // _WEAKEST)].mean()) if len(tokens) else 0.0
