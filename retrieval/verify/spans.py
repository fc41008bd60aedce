"""The sentences of a text with their places, as evidence names them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from retrieval.records import Article
from retrieval.sentences import split_sentences


class Span(NamedTuple):
    """`text` is `getattr(article, field)[start:end]`."""

    field: Literal["title", "abstract"]
    start: int
    end: int
    text: str


def spans_of_article(article: Article) -> list[Span]:
    """The title, where there is one, then each sentence of the abstract; section labels are not part of a sentence."""
    return [*_title(article), *_abstract(article)]


def spans_of_text(text: str) -> list[Span]:
    return [Span("abstract", start, end, text[start:end]) for start, end in split_sentences(text)]


def _title(article: Article) -> Iterator[Span]:
    if title := article.title.strip():
        start = article.title.index(title)
        yield Span("title", start, start + len(title), title)


def _abstract(article: Article) -> Iterator[Span]:
    abstract, offset = article.abstract, 0
    for section in article.sections:
        if section.label:
            offset += len(section.label) + len(": ")
        for start, end in split_sentences(section.text):
            yield Span("abstract", offset + start, offset + end, abstract[offset + start : offset + end])
        offset += len(section.text) + len("\n")
