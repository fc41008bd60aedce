"""Learns to read the features of any image backbone in the words of a text encoder, from images and their captions.

Each distinct caption is a class. Log-odds come from linear discriminant analysis with a shrunk covariance, which does
well with fewer images than features; temperature and logit scale are chosen by cross-validation, so that shares of
captions are probabilities and cosines of texts are log-odds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from retrieval.encoders.base import Vectors
from retrieval.encoders.image.adapter_files import CLIP_AT, AdapterWeights
from retrieval.encoders.matryoshka import unit
from retrieval.errors import InputError

SHRINKAGE: Final = 0.3
"""Share of the covariance that is taken to be the same for all features."""
_FOLDS: Final = 5
_FEWEST_IMAGES: Final = 10
_FAMILIAR: Final = 99
"""Percentile of held-out distances."""
_TEMPERATURES: Final = (0.2, 2_000.0)
_SCALES: Final = (1.0, 30.0)
"""Texts that are no captions must not become certain because the captions are easily told apart."""
_DEFAULT_TEMPERATURE: Final = 5.0
_DEFAULT_SCALE: Final = 20.0

Features = npt.NDArray[np.float32]


class Adapted(NamedTuple):
    weights: AdapterWeights
    temperature: float
    logit_scale: float
    familiar: float
    """99 % of images that an adapter had not seen lie within this squared distance of the nearest caption."""
    captions: tuple[str, ...]
    measured: dict[str, float]
    """In cross-validation: accuracy among the captions and by naming the commonest, mean log loss, numbers of both."""


def fit_adapter(
    features: Features, captions: Sequence[str], encode: Callable[[Sequence[str]], Vectors], *, seed: int = 0
) -> Adapted:
    """`features`, shape (n, d), of n images with their captions; `encode` is the text encoder.

    InputError for fewer than 10 images or for one caption alone.
    """
    distinct = tuple(dict.fromkeys(captions))
    if len(captions) < _FEWEST_IMAGES or len(distinct) < 2:
        raise InputError(
            f"{len(captions)} images with {len(distinct)} different captions are too few to learn from; give at least "
            f"{_FEWEST_IMAGES} with two captions"
        )
    classes = np.array([distinct.index(caption) for caption in captions])
    vectors = unit(encode(distinct))
    odds, known, distances = _cross_validated(features, classes, len(distinct), seed)
    temperature, scale, measured = _calibrated(odds, known, classes, vectors)
    # Features that are all the same lie at no distance at all, by which nothing could be divided.
    familiar = max(float(np.percentile(distances, _FAMILIAR)), 1e-6)
    return Adapted(_fitted(features, classes, vectors), temperature, scale, familiar, distinct, measured)


def _fitted(features: Features, classes: npt.NDArray[np.int64], vectors: Vectors) -> AdapterWeights:
    """Classes without an image keep a projection of zeros, and so are never likely."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation = np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32)
    z = np.clip((features - mean) / deviation, -CLIP_AT, CLIP_AT).astype(np.float64)
    count, width = len(vectors), z.shape[1]
    there = np.unique(classes)
    centres = np.zeros((count, width))
    for number in there:
        centres[number] = z[classes == number].mean(axis=0)
    within = z - centres[classes]
    # Where nearly every caption has one image, what differs within captions cannot be seen; all that differs must do.
    alone = len(there) / len(z)
    covariance = (1 - alone) * (within.T @ within) / len(z) + alone * np.cov(z.T)
    level = max(float(np.trace(covariance)) / width, 1e-6)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * level * np.eye(width)
    precision = np.linalg.inv(covariance)
    projection = precision @ centres.T
    bias = -0.5 * (centres * projection.T).sum(axis=1)
    bias[np.setdiff1d(np.arange(count), there)] = -1e6
    return AdapterWeights(
        mean.astype(np.float32),
        deviation,
        projection.astype(np.float32),
        bias.astype(np.float32),
        precision.astype(np.float32),
        vectors,
    )


def _cross_validated(
    features: Features, classes: npt.NDArray[np.int64], count: int, seed: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Log-odds of each image by adapters that did not see it, whether they had seen its caption, its distance."""
    generator = np.random.default_rng(seed)
    folds = np.zeros(len(classes), dtype=np.int64)
    for number in range(count):
        members = generator.permutation(np.flatnonzero(classes == number))
        folds[members] = (np.arange(len(members)) + generator.integers(_FOLDS)) % _FOLDS
    odds = np.zeros((len(classes), count))
    known = np.zeros(len(classes), dtype=bool)
    distances = np.zeros(len(classes))
    nothing = np.zeros((count, 1), dtype=np.float32)
    for fold in range(_FOLDS):
        held, rest = folds == fold, folds != fold
        if not held.any() or len(np.unique(classes[rest])) < 2:
            continue
        fitted = _fitted(features[rest], classes[rest], nothing)
        odds[held] = fitted.standardised(features[held]) @ fitted.projection + fitted.bias
        distances[held] = fitted.distances(features[held])
        known[held] = np.isin(classes[held], classes[rest])
    return odds, known, distances


def _calibrated(
    odds: npt.NDArray[np.float64], known: npt.NDArray[np.bool_], classes: npt.NDArray[np.int64], vectors: Vectors
) -> tuple[float, float, dict[str, float]]:
    """The temperature and the scale of least log loss (Guo et al. 2017), over images whose caption others have."""
    if known.sum() < _FEWEST_IMAGES:
        return _DEFAULT_TEMPERATURE, _DEFAULT_SCALE, {"images": len(classes), "captions": len(vectors)}
    odds, right = odds[known], classes[known]
    temperature = _least(lambda t: _log_loss(odds / t, right), *_TEMPERATURES)
    shares = np.exp(odds / temperature - (odds / temperature).max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    cosines = unit((shares @ vectors).astype(np.float32)) @ vectors.T
    scale = _least(lambda s: _log_loss(cosines * s, right), *_SCALES)
    return (
        temperature,
        scale,
        {
            "images": len(classes),
            "captions": len(vectors),
            "images with a caption seen in training": int(known.sum()),
            "accuracy": round(float((cosines.argmax(axis=1) == right).mean()), 4),
            "chance": round(float(np.bincount(right).max() / len(right)), 4),
            "log loss": round(_log_loss(cosines * scale, right), 4),
        },
    )


def _least(loss: Callable[[float], float], low: float, high: float) -> float:
    found = minimize_scalar(lambda x: loss(float(np.exp(x))), bounds=(np.log(low), np.log(high)), method="bounded")
    return float(np.exp(found.x))


def _log_loss(odds: npt.NDArray[np.floating], right: npt.NDArray[np.int64]) -> float:
    odds = odds - odds.max(axis=1, keepdims=True)
    logs = odds - np.log(np.exp(odds).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(right)), right].mean())
