"""How far probabilities are true: expected calibration error and its table; and other figures that are no averages.

Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evaluation.image.results import Bin
from evaluation.significance import Interval

BINS: Final = 15
_SAMPLES: Final = 1_000

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def reliability(confidence: Numbers, correct: npt.NDArray[Any], bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width that hold an image, lowest first."""
    place = _places(confidence, bins)
    return tuple(
        Bin(n / bins, (n + 1) / bins, int(own.sum()), float(confidence[own].mean()), float(correct[own].mean()))
        for n in range(bins)
        if (own := place == n).any()
    )


def calibration_error(confidence: Numbers, correct: npt.NDArray[Any], bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over the bins, weighed by their images."""
    if not len(confidence):
        return 0.0
    place = _places(confidence, bins)
    gaps = np.bincount(place, confidence, bins) - np.bincount(place, correct.astype(np.float64), bins)
    return float(np.abs(gaps).sum() / len(confidence))


def macro_f1(truth: Rows, predicted: Rows) -> float:
    """The mean over the classes that occur in the truth."""
    scores = []
    for own in np.unique(truth):
        right = int(((truth == own) & (predicted == own)).sum())
        scores.append(2 * right / (int((truth == own).sum()) + int((predicted == own).sum())))
    return float(np.mean(scores)) if scores else 0.0


def resampled(statistic: Callable[[Rows], float], n: int, *, seed: int = 0) -> Interval:
    """Percentile bootstrap of a figure over n images, given as the rows to take."""
    whole = np.arange(n)
    generator = np.random.default_rng(seed)
    found = [statistic(generator.integers(n, size=n)) for _ in range(_SAMPLES)] if n else [0.0]
    low, high = np.percentile(found, (2.5, 97.5))
    return Interval(statistic(whole), float(low), float(high))


def _places(confidence: Numbers, bins: int) -> Rows:
    return np.asarray(np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1), dtype=np.int64)
