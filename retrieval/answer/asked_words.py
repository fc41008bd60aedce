"""The telling words of a question: how rare each is where the question looks, and how much of them a text covers."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from typing import Final, NamedTuple

from retrieval.query import parse_query
from retrieval.records import Filters
from retrieval.search import Searcher

_PART_SHARE: Final = 0.5
"""What the parts of a compound are worth: for PD-L1, a text that speaks of PD-1 and of L1."""
_COUNTED: Final = "integrity"
"""A facet with few values: counting needs one, and this is the cheapest."""


class AskedWord(NamedTuple):
    text: str
    terms: tuple[str, ...]
    """As the analyzer has them; a compound's whole form first."""
    articles: int
    """That hold it, among those which the question may be answered from."""
    weight: float
    """Its BM25 idf."""


class _Name(NamedTuple):
    """A thing of the vocabulary that the question names: its words there, and its other names."""

    typed: frozenset[str]
    others: tuple[frozenset[str], ...]


class AskedWords:
    """Of one question."""

    def __init__(self, question: str, filters: Filters, searcher: Searcher) -> None:
        parsed = parse_query(question, filters)
        reader, self._analyzer = searcher.reader, searcher.analyzer
        self.text = parsed.ranking_text

        def count(text: str) -> int:
            return reader.facets(text, parsed.constraint, (_COUNTED,), 1).articles

        total = count("")
        scored = frozenset(self._analyzer.query_terms(self.text))
        self._most = _idf(total, 0)
        words: dict[tuple[str, ...], AskedWord] = {}
        for start, end, found in self._analyzer.spans(self.text):
            terms = tuple(term for term in found if term in scored)
            if terms and terms not in words:
                text = self.text[start:end]
                articles = count("".join(filter(str.isalnum, text)) if len(terms) > 1 else text)
                words[terms] = AskedWord(text, terms, articles, _idf(total, articles))
        self.words = tuple(words.values())
        self._names = [
            _Name(
                frozenset(self._analyzer.terms(expansion.matched)),
                tuple(frozenset(self._analyzer.terms(name)) for name in expansion.added),
            )
            for expansion in searcher.expansions(self.text)
        ]

    def terms(self, text: str) -> frozenset[str]:
        """What a text holds, a thing's every name standing for the one that the question has."""
        terms = frozenset(self._analyzer.terms(text))
        for typed, others in self._names:
            if any(other and other <= terms for other in others):
                terms |= typed
        return terms

    def together(self, sentences: Sequence[frozenset[str]]) -> frozenset[str]:
        """What an article holds, given the terms of its sentences.

        A name of several words counts only where one sentence has all of it: "diffuse large B-cell lymphoma" is not in
        a text that speaks of large cells here and of a lymphoma there.
        """
        terms = frozenset[str]().union(*sentences)
        for typed, _ in self._names:
            if not any(typed <= sentence for sentence in sentences):
                terms -= typed
        return terms

    def coverage(self, terms: frozenset[str], weights: Sequence[float] | None = None) -> float:
        """The share of the question's words that are among `terms`, 0 to 1; by their weights, or by others."""
        weights = [word.weight for word in self.words] if weights is None else weights
        total = sum(weights)
        covered = sum(weight * held(word, terms) for word, weight in zip(self.words, weights, strict=True))
        return covered / total if total else 0.0

    def missing(self, terms: frozenset[str]) -> float:
        """The weight of the weightiest word that is not among `terms`, 1 for one that no article holds."""
        return max((word.weight * (1 - held(word, terms)) for word in self.words), default=0.0) / self._most

    def named(self, sentences: Sequence[frozenset[str]]) -> float:
        """The share of the things that the question names which one of these sentences names; 1 where it names none."""
        found = sum(any(typed <= sentence for sentence in sentences) for typed, _ in self._names)
        return found / len(self._names) if self._names else 1.0

    def weights_among(self, texts: Sequence[frozenset[str]]) -> list[float]:
        """What each word says of these texts, given as their terms: the square root of its idf there.

        As `retrieval.evidence` weighs them; the library's own idf finds the sentences that people marked less often.
        """
        counts = [sum(word.terms[0] in terms for terms in texts) for word in self.words]
        return [sqrt(_idf(len(texts), count)) for count in counts]


def held(word: AskedWord, terms: frozenset[str]) -> float:
    """1 where the word is among `terms`; less for the parts of a compound."""
    if word.terms[0] in terms:
        return 1.0
    parts = word.terms[1:]
    return _PART_SHARE * sum(part in terms for part in parts) / len(parts) if parts else 0.0


def _idf(total: int, holding: int) -> float:
    return log(1 + (total - holding + 0.5) / (holding + 0.5))
