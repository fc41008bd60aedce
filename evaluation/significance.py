"""Is it more than chance? Intervals by bootstrap, comparisons by paired randomisation, corrected by Holm.

Smucker, Allan, Carterette: A Comparison of Statistical Significance Tests for Information Retrieval Evaluation,
CIKM 2007. Holm: A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Stat. 6(2), 1979.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.errors import InputError
from retrieval.records import Record

_SAMPLES: Final = 10_000
_AT_ONCE: Final = 2_000_000
"""Numbers drawn at a time, which bounds memory."""
_ROUNDING: Final = 1e-12


class Interval(Record, frozen=True):
    """An average over questions, and the 95 % interval in which it lies for other questions of the same kind."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], *, seed: int = 0) -> Interval:
    """Percentile bootstrap over questions; the same values and seed give the same interval."""
    if not values:
        raise InputError("an average over no question was asked for")
    array = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    means = np.concatenate(
        [array[generator.integers(len(array), size=(rows, len(array)))].mean(axis=1) for rows in _rows(len(array))]
    )
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(mean=float(array.mean()), low=float(low), high=float(high))


def paired_p(first: Sequence[float], second: Sequence[float], *, seed: int = 0) -> float:
    """Two-sided p value of "both systems are equally good": how often random signs give so large a difference.

    The observed signs count as one of the samples, so that no p value is 0.
    """
    if len(first) != len(second):
        raise InputError(f"{len(first)} values cannot be paired with {len(second)}; measure both on the same questions")
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    differences = differences[differences != 0]
    observed = abs(float(differences.sum()))
    if not observed:
        return 1.0
    generator = np.random.default_rng(seed)
    extreme = 0
    for rows in _rows(len(differences)):
        signs: npt.NDArray[np.int8] = generator.integers(2, size=(rows, len(differences)), dtype=np.int8) * 2 - 1
        extreme += int((np.abs(signs @ differences) >= observed - _ROUNDING).sum())
    return (extreme + 1) / (_SAMPLES + 1)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Each p value corrected for how many comparisons were made; the order of the names is kept."""
    corrected: dict[str, float] = {}
    highest = 0.0
    for i, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, p * (len(p_values) - i)))
        corrected[name] = highest
    return {name: corrected[name] for name in p_values}


def _rows(width: int) -> list[int]:
    at_once = max(1, _AT_ONCE // max(1, width))
    return [min(at_once, _SAMPLES - done) for done in range(0, _SAMPLES, at_once)]
