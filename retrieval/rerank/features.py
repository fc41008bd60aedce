"""What a reranker may weigh: features of a candidate beside the question, each from 0 to 1 or nearly so.

`words` is late interaction: each token of the question meets the token of the article that is closest to it in meaning.
Khattab, Zaharia: ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction over BERT, SIGIR
2020. Theirs is trained for that; here the tokens are those of an encoder of sentences, as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import log
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.analysis import Analyzer
from retrieval.encoders.tokens import ReadText
from retrieval.rerank.base import Candidate
from retrieval.sentences import split_sentences

_LONG: Final = 500
"""Terms of an article whose `length` is 1."""
_RRF_K: Final = 60
_OLD: Final = 1950
_NEW: Final = 2030
_REVIEWS: Final = frozenset({"D016454", "D000078182", "D017418"})
"""Review, Systematic Review, Meta-Analysis: MeSH's numbers of publication types."""


class ReadQuestion(NamedTuple):
    read: ReadText
    terms: tuple[str, ...]
    """Without repeats and stop words."""


def texts_of(candidate: Candidate) -> list[str]:
    """What is read of an article: its title, which may be empty, and each sentence of its abstract."""
    article = candidate.indexed.article
    sentences = [s.text[start:end] for s in article.sections for start, end in split_sentences(s.text)]
    return [article.title.strip(), *sentences]


class View:
    """One candidate beside the question; what a feature does not ask for is not worked out."""

    def __init__(
        self,
        question: ReadQuestion,
        candidate: Candidate,
        texts: Sequence[ReadText],
        evidence: float,
        spans: Mapping[str, tuple[float, float]],
        analyzer: Analyzer,
    ) -> None:
        self.question = question
        self.candidate = candidate
        self.article = candidate.indexed.article
        self.texts = texts
        self.evidence = evidence
        """Score of the sentence that supports the hit best, by words."""
        self._spans = spans
        self._analyzer = analyzer

    def leg(self, name: str) -> float:
        """A leg's score between those of the worst and the best candidate; 0 where it did not find this one."""
        found = self.candidate.fused.legs.get(name)
        low, high = self._spans.get(name, (0.0, 0.0))
        return (found.score - low) / (high - low) if found and high > low else 0.0

    def leg_rank(self, name: str) -> float:
        found = self.candidate.fused.legs.get(name)
        return (_RRF_K + 1) / (_RRF_K + found.rank) if found else 0.0

    @cached_property
    def cosines(self) -> npt.NDArray[np.float32]:
        """Of the question and each text, the title first; a missing title has 0."""
        vector = self.question.read.vector.astype(np.float32)
        cosines = np.stack([text.vector for text in self.texts]).astype(np.float32) @ vector
        if not self.article.title.strip():
            cosines[0] = 0.0
        return cosines

    @cached_property
    def closest_words(self) -> float:
        rows = [text.tokens for text in self.texts if len(text.tokens)]
        asked = self.question.read.tokens.astype(np.float32)
        if not rows or not len(asked):
            return 0.0
        return float((asked @ np.concatenate(rows).astype(np.float32).T).max(axis=1).mean())

    @cached_property
    def title_terms(self) -> list[str]:
        return self._analyzer.terms(self.article.title)

    @cached_property
    def terms(self) -> list[str]:
        return [*self.title_terms, *self._analyzer.terms(self.article.abstract)]

    @cached_property
    def mesh_terms(self) -> list[str]:
        return [term for heading in self.article.mesh for term in self._analyzer.terms(heading.name)]

    def covered(self, by: Sequence[str]) -> float:
        """Share of the question's terms that are among these."""
        asked = self.question.terms
        return len(frozenset(asked) & frozenset(by)) / len(asked) if asked else 0.0

    @property
    def pairs_in_a_row(self) -> float:
        """Share of the question's neighbouring terms that are neighbours in the article."""
        asked = list(pairwise(self.question.terms))
        return len(set(asked) & set(pairwise(self.terms))) / len(asked) if asked else 0.0


FEATURES: Final[Mapping[str, Callable[[View], float]]] = {
    # What the legs said.
    "fused": lambda view: view.candidate.fused.score,
    "lexical": lambda view: view.leg("lexical"),
    "dense": lambda view: view.leg("dense"),
    "lexical_rank": lambda view: view.leg_rank("lexical"),
    "dense_rank": lambda view: view.leg_rank("dense"),
    # What the texts mean.
    "sentence": lambda view: float(view.cosines.max()),
    "three_sentences": lambda view: float(np.sort(view.cosines)[-3:].mean()),
    "title": lambda view: float(view.cosines[0]),
    "words": lambda view: view.closest_words,
    # Which words they have.
    "evidence": lambda view: view.evidence,
    "title_terms": lambda view: view.covered(view.title_terms),
    "phrases": lambda view: view.pairs_in_a_row,
    "mesh": lambda view: view.covered(view.mesh_terms),
    # What kind of article it is.
    "length": lambda view: log(1 + len(view.terms)) / log(1 + _LONG),
    "review": lambda view: float(any(term.ui in _REVIEWS for term in view.article.publication_types)),
    "year": lambda view: min(1.0, max(0.0, ((view.article.year or _OLD) - _OLD) / (_NEW - _OLD))),
}
"""By the names that a model file uses."""
