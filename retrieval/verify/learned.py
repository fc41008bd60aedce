"""The learned verifier: a weighted sum of features, each of which can be shown; needs no network and no big model."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import Final, NamedTuple

import numpy as np

from retrieval.records import Evidence
from retrieval.verify.base import Claim, Judgement, Verdict
from retrieval.verify.copies import Copy, compare
from retrieval.verify.features import FEATURES, View, closest
from retrieval.verify.model import VerifierModel
from retrieval.verify.reading import ReadClaim, Sentence, SentenceReader
from retrieval.verify.spans import Span, spans_of_article, spans_of_text
from retrieval.verify.vetoes import Veto, is_far, veto

VERBATIM: Final = "verbatim"
_SURE: Final = 0.99
"""Probability of support of a claim that stands in the text word for word."""
_COVERAGE_SHARE: Final = 0.5
_TURNED: Final = 0.9
"""Probability of contradiction of a sentence of the text with a negation or a direction turned round."""

Probabilities = tuple[float, float, float]
"""Support, contradict, neutral."""


class LearnedVerifier:
    """`reader` reads with the encoder that the model names; `name` tells models with the same encoder apart."""

    def __init__(self, model: VerifierModel, reader: SentenceReader, *, name: str, digest: str) -> None:
        self._model = model
        self._reader = reader
        self._name = name
        self._digest = digest

    @property
    def id(self) -> str:
        return f"{self._name}-{self._digest} ({self._model.encoder})"

    def load(self) -> None:
        self._reader.sentences(["pathology"])

    def judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        # By identity: articles are big, and hashing one takes longer than splitting it.
        spans = {id(claim.article): spans_of_article(claim.article) for claim in claims}
        return self._judge([(claim.text, spans[id(claim.article)]) for claim in claims])

    def judge_texts(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        spans = {text: spans_of_text(text) for _, text in pairs}
        return self._judge([(claim, spans[text]) for claim, text in pairs])

    def _judge(self, pairs: Sequence[tuple[str, Sequence[Span]]]) -> list[Judgement]:
        texts = list(dict.fromkeys(claim for claim, _ in pairs))
        claims = dict(zip(texts, self._reader.claims(texts), strict=True))
        distinct = list(dict.fromkeys(span.text for _, spans in pairs for span in spans))
        read = dict(zip(distinct, self._reader.sentences(distinct), strict=True))
        return [self._one(claims[claim], spans, [read[span.text] for span in spans]) for claim, spans in pairs]

    def _one(self, claim: ReadClaim, spans: Sequence[Span], sentences: Sequence[Sentence]) -> Judgement:
        if not spans:
            return Judgement(Verdict.NOT_FOUND, 0.0, 0.0, 1.0)
        view = closest_view(claim, sentences)
        evidence = _evidence(spans[view.place], view)
        if compare(view.asked, view.said) is Copy.SAME:
            rest = round((1 - _SURE) / 2, 6)
            return Judgement(Verdict.SUPPORTED, _SURE, rest, rest, evidence, {VERBATIM: log(_SURE / rest)})
        read = weigh(self._model, view)
        vetoed = veto(view)
        found = held_back(read, vetoed, self._model)
        if vetoed is not Veto.TURNED and is_far(view):
            found = without_contradiction(found, self._model)
        return Judgement(verdict_of(found, self._model), *found, evidence, read.parts)


def verdict_of(probabilities: Probabilities, model: VerifierModel) -> Verdict:
    support, contradict, neutral = probabilities
    if support >= model.supported_from:
        return Verdict.SUPPORTED
    if contradict >= model.contradicted_from:
        return Verdict.CONTRADICTED
    return Verdict.PARTLY if support > max(contradict, neutral) else Verdict.NOT_FOUND


def held_back(read: Weighing, found: Veto | None, model: VerifierModel) -> Probabilities:
    """Under a veto, support keeps at most half of what SUPPORTED needs; the rest is neutral's, or contradiction's."""
    support, contradict, neutral = read.probabilities
    if found is None:
        return read.probabilities
    if found is Veto.TURNED:
        contradict = max(contradict, _TURNED)
        return (1 - contradict) / 2, contradict, (1 - contradict) / 2
    kept = min(support, model.supported_from / 2, (support + neutral) / 2)
    return kept, contradict, neutral + support - kept


def without_contradiction(probabilities: Probabilities, model: VerifierModel) -> Probabilities:
    """Contradiction keeps at most half of what CONTRADICTED needs; the rest is neutral's."""
    support, contradict, neutral = probabilities
    kept = min(contradict, model.contradicted_from / 2)
    return support, kept, neutral + contradict - kept


class Weighing(NamedTuple):
    probabilities: Probabilities
    parts: dict[str, float]
    """What each feature added to the log-odds of support against neutral."""


def closest_view(claim: ReadClaim, sentences: Sequence[Sentence]) -> View:
    """Beside the sentence that is closest to the claim: by meaning, token by token, and by words; a copy goes first."""
    asked_words = claim.sentence.wording
    same = (i for i, sentence in enumerate(sentences) if compare(asked_words, sentence.wording) is Copy.SAME)
    if (copy := next(same, None)) is not None:
        return View(claim, sentences, copy)
    vector = claim.sentence.read.vector.astype(np.float32)
    scores = np.stack([sentence.read.vector for sentence in sentences]).astype(np.float32) @ vector
    asked = claim.sentence.wording.content
    for i, sentence in enumerate(sentences):
        shared = len(asked & sentence.wording.content) / max(1, len(asked))
        scores[i] += closest(claim.sentence.read, sentence.read).mean() + _COVERAGE_SHARE * shared
    return View(claim, sentences, int(scores.argmax()))


def weigh(model: VerifierModel, view: View) -> Weighing:
    support, contradict, parts = model.support, model.contradict, {}
    for name, weighed in model.weights.items():
        steps = (FEATURES[name](view) - weighed.middle) / weighed.spread
        parts[name] = weighed.support * steps
        support += parts[name]
        contradict += weighed.contradict * steps
    high = max(support, contradict, 0.0)
    odds = exp(support - high), exp(contradict - high), exp(-high)
    total = sum(odds)
    return Weighing((odds[0] / total, odds[1] / total, odds[2] / total), parts)


def _evidence(span: Span, view: View) -> Evidence:
    return Evidence(span.field, span.start, span.end, span.text, max(0.0, min(1.0, view.cosine)))
