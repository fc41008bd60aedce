"""The learned reranker: a weighted sum of features, each of which can be shown; needs no network and no big model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from retrieval.analysis import Analyzer
from retrieval.encoders.tokens import TokenEncoder
from retrieval.evidence import find_evidence
from retrieval.rerank.base import Candidate, Judged, Question
from retrieval.rerank.features import FEATURES, ReadQuestion, View, texts_of
from retrieval.rerank.model import RerankModel
from retrieval.rerank.reading import SentenceReader


class FeatureReader:
    """Works features out for the candidates of a question; `encoder` is the one that the model names."""

    def __init__(self, analyzer: Analyzer, encoder: TokenEncoder) -> None:
        self._analyzer = analyzer
        self._sentences = SentenceReader(encoder)

    @property
    def sentences(self) -> SentenceReader:
        return self._sentences

    def warm_up(self) -> None:
        self._sentences.question("pathology")

    def read(
        self, question: Question, candidates: Sequence[Candidate], names: Sequence[str], deadline: float
    ) -> npt.NDArray[np.float32]:
        """Shape (candidates, names). OutOfTimeError where `deadline` (time.perf_counter) is too near."""
        analyzer = self._analyzer
        terms = tuple(dict.fromkeys(analyzer.query_terms(question.text)))
        asked = ReadQuestion(self._sentences.question(question.wording.canonical), terms)
        texts = self._sentences.read([tuple(texts_of(candidate)) for candidate in candidates], deadline)
        articles = [candidate.indexed.article for candidate in candidates]
        evidence = find_evidence(question.text, articles, analyzer, limit=1, names=question.wording.names)
        spans = _spans(candidates)
        views = [
            View(asked, candidate, read, found[0].score if found else 0.0, spans, analyzer)
            for candidate, read, found in zip(candidates, texts, evidence, strict=True)
        ]
        rows = [[FEATURES[name](view) for name in names] for view in views]
        return np.asarray(rows, dtype=np.float32).reshape(len(candidates), len(names))


class LearnedReranker:
    """Orders candidates by a model of `pathlit train reranker`."""

    def __init__(self, model: RerankModel, analyzer: Analyzer, encoder: TokenEncoder, *, name: str) -> None:
        self._model = model
        self._features = FeatureReader(analyzer, encoder)
        self.name = name

    @property
    def sentences(self) -> SentenceReader:
        """What it read the candidates with, and has kept of them."""
        return self._features.sentences

    @property
    def learned_from(self) -> tuple[str, ...]:
        return tuple(task.task for task in self._model.trained)

    @property
    def depth(self) -> int:
        return self._model.depth

    def load(self) -> None:
        """Its encoder is loaded with the first sentence."""
        self._features.warm_up()

    def rerank(self, question: Question, candidates: Sequence[Candidate], deadline: float) -> list[Judged]:
        names = list(self._model.weights)
        weights = np.asarray([self._model.weights[name] for name in names], dtype=np.float32)
        parts = self._features.read(question, candidates, names, deadline) * weights
        return [
            Judged(float(row.sum()), {name: float(part) for name, part in zip(names, row, strict=True)})
            for row in parts
        ]


def _spans(candidates: Sequence[Candidate]) -> Mapping[str, tuple[float, float]]:
    scores: dict[str, list[float]] = {}
    for candidate in candidates:
        for leg, found in candidate.fused.legs.items():
            scores.setdefault(leg, []).append(found.score)
    return {leg: (min(found), max(found)) for leg, found in scores.items()}
