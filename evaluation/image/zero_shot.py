"""What an image shows, without having learned it: accuracy, calibration and abstention of the concepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.image.calibration import BINS, calibration_error, macro_f1, reliability, resampled
from evaluation.image.labels import Label, find_label, key
from evaluation.image.results import Bin, Line, Measured, averaged
from evaluation.image.samples import Encoded
from retrieval.encoders.image.base import ImageEncoder
from retrieval.errors import InputError
from retrieval.image.concepts import CONFIDENT, ConceptFinder
from retrieval.vocabulary.concepts import Concept

OVER_CAPTIONS: Final = "over the captions"
OVER_VOCABULARY: Final = "over the vocabulary"


def measure_concepts(
    encoded: Encoded,
    encoder: ImageEncoder,
    captions: Sequence[str],
    vocabulary: Sequence[Concept],
    labels: Sequence[Label] = (),
) -> Measured:
    """Among the distinct captions of the source, and among all entities of the vocabulary.

    The entity of an image is the one that its label says, or that has its caption's name; the others are not judged.
    """
    lines: list[Line] = []
    tables: dict[str, tuple[Bin, ...]] = {}
    values: dict[str, dict[str, float]] = {}
    entities = [concept for concept in vocabulary if concept.kind == "entity"]
    classes = [Concept(name=caption, kind="entity", query=caption, prompts=(caption,)) for caption in captions]
    if len(classes) < 2 or not encoded.samples:
        raise InputError(f"{len(encoded.samples)} images with {len(classes)} captions have nothing to tell apart")
    notes = []
    for where, concepts in ((OVER_CAPTIONS, classes), (OVER_VOCABULARY, entities)):
        truth = list(_truth(encoded.captions, concepts, labels))
        rows = [row for row, number in enumerate(truth) if number >= 0]
        if len(rows) < len(truth):
            notes.append(f"{where}, {len(truth) - len(rows)} images have no concept and are not judged")
        if not rows:
            continue
        shares = ConceptFinder(encoder, concepts).probabilities(encoded.vectors[rows])
        right = np.array([truth[row] for row in rows])
        told, confidence = shares.argmax(axis=1), shares.max(axis=1)
        correct = told == right
        lines += _lines(where, right, told, confidence, len(concepts))
        tables[where] = reliability(confidence, correct)
        values[f"accuracy {where}"] = {
            encoded.samples[row].name: float(hit) for row, hit in zip(rows, correct, strict=True)
        }
    return Measured("concepts", tuple(lines), values, tables, tuple(notes))


def _lines(
    where: str,
    right: npt.NDArray[np.int64],
    told: npt.NDArray[np.int64],
    confidence: npt.NDArray[np.float64],
    concepts: int,
) -> Iterator[Line]:
    correct = (told == right).astype(np.float64)
    n, sure = len(right), confidence >= CONFIDENT
    yield averaged(f"accuracy {where}", correct.tolist(), 1 / concepts)
    yield Line(f"macro-F1 {where}", resampled(lambda rows: macro_f1(right[rows], told[rows]), n), n)
    error = resampled(lambda rows: calibration_error(confidence[rows], correct[rows]), n)
    yield Line(f"calibration error, {BINS} bins, {where}", error, n)
    yield averaged(f"mean confidence {where}", confidence.tolist())
    yield averaged(f"abstains {where}", (~sure).astype(np.float64).tolist())
    yield averaged(f"accuracy {where} where it does not abstain", correct[sure].tolist())


def _truth(captions: Sequence[str], concepts: Sequence[Concept], labels: Sequence[Label]) -> Iterator[int]:
    """The number of each image's concept, -1 where there is none."""
    places = {key(concept.name): number for number, concept in enumerate(concepts)}
    for caption in captions:
        label = find_label(labels, caption)
        names = [caption, *([label.concept] if label else [])]
        yield next((places[key(name)] for name in names if key(name) in places), -1)
