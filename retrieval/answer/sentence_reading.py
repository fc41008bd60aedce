"""The sentences of an article as an answer may quote them, and how near each is to the question in meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.encoders.tokens import ReadText
from retrieval.errors import OutOfTimeError
from retrieval.records import Article
from retrieval.rerank.learned import LearnedReranker
from retrieval.search import Searcher
from retrieval.sentences import split_sentences

_READING_S: Final = 1.0
"""Most of the articles were read by the reranker already, and are kept there."""
# A heading that a source without sections printed into the text: "RESULTS: ", "Patients and methods: ", "CONCLUSION ".
_HEADING: Final = re.compile(
    r"(?P<label>[A-Z][A-Z/&, -]{3,60}(?=[:.])|(?:[A-Z]+ (?:AND|OF) )?(?:BACKGROUND|OBJECTIVES?|AIMS?|PURPOSE"
    r"|INTRODUCTION|METHODS|RESULTS|FINDINGS|CONCLUSIONS?|INTERPRETATION|DISCUSSION)(?=[:.]? )"
    r"|(?:Background|Objectives?|Aims?|Purpose|(?:[A-Z]\w+ and )?[Mm]ethods?|Results|Findings|Conclusions?"
    r"|Interpretation|Discussion)(?=[:.]))[:.]? ++(?=\S)"
)
_FOUND: Final = re.compile(r"result|finding|conclu|interpret|discuss|implication|summary", re.IGNORECASE)
_ASKED: Final = re.compile(
    r"background|object|aim|purpose|introduc|context|method|design|setting|patient|participant|material|interven"
    r"|measure|hypothes|goal|rationale|importance|data source|subject|question|procedure",
    re.IGNORECASE,
)

Part = Literal["found", "asked", "unknown"]


class Sentence(NamedTuple):
    """`text == getattr(article, field)[start:end]`, always; a section's label is no part of it."""

    field: Literal["title", "abstract"]
    start: int
    end: int
    text: str
    part: Part
    """By its section: results and conclusions, or aims and methods."""
    place: float
    """0 for the first of the abstract, 1 for the last."""


class Nearness(NamedTuple):
    """One sentence beside the question, and its vector to compare it with others."""

    cosine: float
    words: float
    """Mean over the question's tokens, each with the nearest one of the sentence (retrieval/rerank/features.py)."""
    tokens: npt.NDArray[np.float32]
    """Of shape (tokens of the question,): how near the sentence comes to each."""
    vector: npt.NDArray[np.float16]


def sentences_of(article: Article) -> list[Sentence]:
    """The title, where there is one, then each sentence of the abstract."""
    found = list(_abstract(article))
    last = max(len(found) - 1, 1)
    sentences = []
    if title := article.title.strip():
        start = article.title.index(title)
        sentences.append(Sentence("title", start, start + len(title), title, "unknown", 0.0))
    for i, (start, end, text, part) in enumerate(found):
        sentences.append(Sentence("abstract", start, end, text, part, i / last))
    return sentences


def nearness(question: str, articles: Sequence[Article], searcher: Searcher) -> list[list[Nearness]] | None:
    """For each article that of each of `sentences_of` it.

    None where the searcher's reranker reads no tokens, or where there is no time.
    """
    if not isinstance(searcher.reranker, LearnedReranker):
        return None
    reader = searcher.reranker.sentences
    try:
        texts = reader.read([_texts(article) for article in articles], perf_counter() + _READING_S)
    except OutOfTimeError:
        return None
    asked = reader.question(question)
    return [
        [_beside(asked, text) for text in (read if article.title.strip() else read[1:])]
        for article, read in zip(articles, texts, strict=True)
    ]


def _texts(article: Article) -> tuple[str, ...]:
    """As the reranker reads them, so that what it read is found again."""
    sentences = (s.text[start:end] for s in article.sections for start, end in split_sentences(s.text))
    return article.title.strip(), *sentences


def _beside(asked: ReadText, text: ReadText) -> Nearness:
    question = asked.tokens.astype(np.float32)
    if len(question) and len(text.tokens):
        tokens = (question @ text.tokens.astype(np.float32).T).max(axis=1)
    else:
        tokens = np.zeros(len(question), dtype=np.float32)
    cosine = float(asked.vector.astype(np.float32) @ text.vector.astype(np.float32))
    return Nearness(cosine, float(tokens.mean()) if len(tokens) else 0.0, tokens, text.vector)


def _abstract(article: Article) -> Iterator[tuple[int, int, str, Part]]:
    """(start, end, text, part) of each sentence of `article.abstract`."""
    offset = 0
    for section in article.sections:
        if section.label:
            offset += len(section.label) + len(": ")
        part = _part(f"{section.category} {section.label}")
        for start, end in split_sentences(section.text):
            text = section.text[start:end]
            heading = _HEADING.match(text)
            if heading and (named := _part(heading["label"])) != "unknown":
                part = named
                start += heading.end()
            yield offset + start, offset + end, section.text[start:end], part
        offset += len(section.text) + len("\n")


def _part(label: str) -> Part:
    return "found" if _FOUND.search(label) else "asked" if _ASKED.search(label) else "unknown"
