"""From an image to images of its class, each asked with against all others of the set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evaluation.image.results import Line, Measured, averaged
from evaluation.image.samples import Encoded, unit_rows
from retrieval.errors import InputError

CUTS: Final = (1, 5, 10)


def measure_similar(encoded: Encoded) -> Measured:
    """Precision at k by cosine of the vectors, and of the backbone's features where these were kept.

    Images whose class has no other are in the way of the others, and are not judged.
    """
    counts = Counter(encoded.captions)
    judged = [row for row, caption in enumerate(encoded.captions) if counts[caption] > 1]
    if not judged:
        raise InputError(f"none of {len(encoded.samples)} images shares its class with another one")
    total = len(encoded.samples)
    chance = float(np.mean([(counts[encoded.captions[row]] - 1) / (total - 1) for row in judged]))
    spaces: dict[str, npt.NDArray[Any]] = {"vectors": encoded.vectors}
    if encoded.features is not None:
        spaces["features of the backbone"] = _standardised(encoded.features)
    lines: list[Line] = []
    values: dict[str, dict[str, float]] = {}
    for name, rows in spaces.items():
        for cut in CUTS:
            if cut >= total:
                continue
            found = precision_within(rows, encoded.captions, judged, cut)
            measure = f"precision@{cut}, {name}"
            values[measure] = {encoded.samples[row].name: value for row, value in zip(judged, found, strict=True)}
            lines.append(averaged(measure, found, chance))
    left = total - len(judged)
    notes = (f"{left} images are the only ones of their class and not judged",) if left else ()
    return Measured("similar", tuple(lines), values, notes=notes)


def precision_within(vectors: npt.NDArray[Any], classes: Sequence[str], judged: Sequence[int], cut: int) -> list[float]:
    """Of each judged row: the share of its class among the `cut` nearest other rows; equal ones in their order."""
    rows = unit_rows(vectors)
    kinds = np.array([list(dict.fromkeys(classes)).index(name) for name in classes])
    values = []
    for row in judged:
        likeness = rows @ rows[row]
        likeness[row] = -np.inf
        nearest = np.argsort(-likeness, kind="stable")[:cut]
        values.append(float((kinds[nearest] == kinds[row]).mean()))
    return values


def _standardised(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    # Features have units of their own; without labels, the set's own spread is what there is to divide by.
    deviation = features.std(axis=0)
    return np.asarray(np.clip((features - features.mean(axis=0)) / np.where(deviation > 1e-6, deviation, 1), -2, 2))
