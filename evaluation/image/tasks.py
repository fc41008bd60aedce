"""The tasks by name: what is measured on one source of images with captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Final, NamedTuple

from evaluation.image.articles import IndexedArticles, labelled, measure_articles, precision
from evaluation.image.captions import measure_captions
from evaluation.image.composed import make_cases
from evaluation.image.composed_runs import measure_composed
from evaluation.image.labels import Label
from evaluation.image.results import Measured
from evaluation.image.robustness import Score, accuracy_of, measure_corruptions
from evaluation.image.samples import Encoded, Sample, encode_samples, pictures, stratified
from evaluation.image.similar import measure_similar
from evaluation.image.zero_shot import measure_concepts
from retrieval.encoders.base import Vectors
from retrieval.encoders.image.adapted import AdaptedEncoder
from retrieval.encoders.image.base import ImageEncoder
from retrieval.errors import InputError
from retrieval.image.concepts import ConceptFinder
from retrieval.image.search import ImageSearch
from retrieval.index.interface import IndexReader
from retrieval.vocabulary.concepts import Concept
from retrieval.vocabulary.file import Vocabulary

Hear = Callable[[str, int], None]
"""Is told what is being done, and how many are done."""


class Known(NamedTuple):
    """What images are judged by."""

    labels: Sequence[Label]
    concepts: Sequence[Concept]
    vocabulary: Vocabulary


class Index(NamedTuple):
    search: ImageSearch
    reader: IndexReader


class Bench:
    """One source of images; they are encoded when a task first asks for that."""

    def __init__(
        self,
        encoder: ImageEncoder,
        index: Index | None,
        known: Known,
        samples: Sequence[Sample],
        other: Sequence[Sample] = (),
        *,
        seed: int = 0,
        most: int = 60,
        cases: int = 60,
        with_features: bool = False,
        hear: Hear = lambda what, done: None,
    ) -> None:
        """`samples` are measured on; `other` is the half that training had, or nothing. `most` images are damaged."""
        self.encoder = encoder
        self.index = index
        self.known = known
        self.samples = samples
        self.other = other
        self.seed = seed
        self.most = most
        self.cases = cases
        self.with_features = with_features
        self.hear = hear

    @cached_property
    def encoded(self) -> Encoded:
        return encode_samples(
            self.samples,
            self.encoder,
            with_features=self.with_features,
            hear=lambda done: self.hear("Encoding images", done),
        )

    @cached_property
    def reference(self) -> Vectors | None:
        """Of the other half."""
        if not self.other:
            return None
        hear = self.hear
        return encode_samples(self.other, self.encoder, hear=lambda done: hear("Encoding the other half", done)).vectors

    @property
    def captions(self) -> list[str]:
        """The distinct ones of both halves."""
        return list(dict.fromkeys(sample.caption for sample in (*self.samples, *self.other)))

    def measure(self, task: str) -> Measured:
        return TASKS[task](self)


def _articles(bench: Bench) -> Measured:
    index = _required(bench)
    return measure_articles(index.search, bench.encoded, bench.known.labels, index.reader)


def _captions(bench: Bench) -> Measured:
    seen = bench.encoder.record.captions if isinstance(bench.encoder, AdaptedEncoder) else ()
    return measure_captions(bench.encoded, bench.encoder, bench.captions, seen)


def _concepts(bench: Bench) -> Measured:
    known = bench.known
    return measure_concepts(bench.encoded, bench.encoder, bench.captions, known.concepts, known.labels)


def _similar(bench: Bench) -> Measured:
    return measure_similar(bench.encoded)


def _corruptions(bench: Bench) -> Measured:
    kept = stratified(bench.encoded.samples, bench.most, bench.seed)
    score: Score
    if bench.index is not None:
        what = "precision@10"
        rows = [bench.encoded.samples.index(sample) for sample in kept]
        judged, own = labelled(bench.encoded.only(rows), bench.known.labels)
        kept, score = judged.samples, partial(_precision, bench.index.search, own)
    else:
        captions, what = bench.captions, "accuracy"
        finder = ConceptFinder(bench.encoder, [Concept(name=c, kind="entity", query=c, prompts=(c,)) for c in captions])
        score = accuracy_of(finder.probabilities, [captions.index(sample.caption) for sample in kept])
    shown = {sample.name: picture for sample, picture in pictures(kept)}

    def told(step: str) -> None:
        bench.hear(f"Damaging images: {step}", 0)

    return measure_corruptions(shown, bench.encoder.encode_images, score, what, bench.reference, hear=told)


def _precision(search: ImageSearch, labels: Sequence[Label], vectors: Vectors) -> list[float]:
    return precision(search, vectors, labels)[0]


def _composed(bench: Bench) -> Measured:
    index = _required(bench)
    judged, own = labelled(bench.encoded, bench.known.labels)
    shown: dict[str, list[str]] = {}
    for sample, label in zip(judged.samples, own, strict=True):
        shown.setdefault(label.name, []).append(sample.name)
    bench.hear("Making cases", 0)
    cases = make_cases(
        IndexedArticles(index.reader),
        shown,
        bench.seed,
        bench.cases,
        labels=bench.known.labels,
        vocabulary=bench.known.vocabulary,
    )
    vectors = {sample.name: vector for sample, vector in zip(judged.samples, judged.vectors, strict=True)}
    return measure_composed(index.search, cases, vectors)


def _required(bench: Bench) -> Index:
    if bench.index is None:
        raise InputError("there is no index to search; make one with `pathlit index`, or give --home")
    return bench.index


TASKS: Final[dict[str, Callable[[Bench], Measured]]] = {
    "articles": _articles,
    "captions": _captions,
    "concepts": _concepts,
    "similar": _similar,
    "corruptions": _corruptions,
    "composed": _composed,
}
