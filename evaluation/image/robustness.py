"""How much worse image search gets as images get worse, how often the gate warns, and what stain handling saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.image.corruptions import CORRUPTIONS, SEVERITIES, Corruption, warning_rate
from evaluation.image.results import Line, Measured, averaged
from retrieval.encoders.base import Vectors
from retrieval.image.adaptation import FEWEST_IMAGES, SiteAdaptation
from retrieval.image.picture import Picture, Pixels
from retrieval.image.stain import normalised, stain_variants

Encode = Callable[[Sequence[Pixels]], Vectors]
Score = Callable[[Vectors], list[float]]
"""One value for each image of the sample, from their vectors."""
Handling = Callable[[Sequence[Pixels]], Vectors]

STAIN: Final = "stain_shift"
_VARIANTS: Final = 5
_SEED: Final = 0


def measure_corruptions(
    pictures: Mapping[str, Picture],
    encode: Encode,
    score: Score,
    what: str,
    reference: Vectors | None = None,
    *,
    corruptions: Mapping[str, Corruption] = CORRUPTIONS,
    severities: Sequence[int] = SEVERITIES,
    hear: Callable[[str], None] = lambda step: None,
) -> Measured:
    """`score` gives `what`; `reference` are vectors of clean images of the reference site, for the site's adaptation.

    Images are searched with even where the gate would refuse them; what it says stands beside.
    """
    names, images = list(pictures), [picture.pixels for picture in pictures.values()]
    hear("clean")
    clean = score(encode(images))
    lines = [averaged(f"{what}, clean", clean)]
    values = {f"{what}, clean": dict(zip(names, clean, strict=True))}
    damaged_by_stain: dict[int, list[float]] = {0: clean}
    for name, damage in corruptions.items():
        for severity in severities:
            hear(f"{name} {severity}")
            found = score(encode([damage(pixels, severity) for pixels in images]))
            if name == STAIN:
                damaged_by_stain[severity] = found
            lines += _fallen(f"{name} {severity}", what, clean, found)
            values[f"{what}, {name} {severity}"] = dict(zip(names, found, strict=True))
            warned = warning_rate(pictures.values(), name, severity)
            lines.append(averaged(f"gate speaks, {name} {severity}", [warned]))
    notes: list[str] = []
    if STAIN in corruptions:
        means = {0: clean, **damaged_by_stain}
        for handling, vectors_of in _handlings(encode, reference, len(images), notes):
            lines += _handled(handling, what, images, vectors_of, score, means, corruptions[STAIN], hear)
    return Measured("corruptions", tuple(lines), values, notes=tuple(notes))


def accuracy_of(probabilities: Callable[[Vectors], npt.NDArray[np.float64]], right: Sequence[int]) -> Score:
    """A score where nothing is searched: whether the likeliest concept is the right one."""

    def score(vectors: Vectors) -> list[float]:
        told = probabilities(vectors).argmax(axis=1)
        return [float(number == own) for number, own in zip(told, right, strict=True)]

    return score


def _fallen(name: str, what: str, clean: Sequence[float], found: Sequence[float]) -> Iterator[Line]:
    yield averaged(f"{what}, {name}", found)
    yield averaged(f"drop, {name}", [before - after for before, after in zip(clean, found, strict=True)])


def _handled(
    handling: str,
    what: str,
    images: Sequence[Pixels],
    vectors_of: Handling,
    score: Score,
    unhandled: Mapping[int, Sequence[float]],
    damage: Corruption,
    hear: Callable[[str], None],
) -> Iterator[Line]:
    """What is left of the drop; and of all images and severities, what the handling wins."""
    won: list[list[float]] = []
    for severity, without in unhandled.items():
        hear(f"{handling} {severity}")
        found = score(vectors_of([damage(pixels, severity) for pixels in images]))
        yield averaged(f"{what}, {STAIN} {severity}, {handling}", found)
        if severity:
            won.append([after - before for before, after in zip(without, found, strict=True)])
        else:
            cost = [before - after for before, after in zip(without, found, strict=True)]
            yield averaged(f"cost on clean images, {handling}", cost)
    if won:
        yield averaged(f"won under {STAIN}, {handling}", np.mean(won, axis=0).tolist())


def _handlings(
    encode: Encode, reference: Vectors | None, images: int, notes: list[str]
) -> Iterator[tuple[str, Handling]]:
    yield "normalised", lambda batch: encode([normalised(pixels) for pixels in batch])
    yield f"mean of {_VARIANTS} stainings", partial(_averaged, encode)
    if reference is None or len(reference) < FEWEST_IMAGES or images < FEWEST_IMAGES:
        notes.append(
            f"site adaptation was not measured: it takes {FEWEST_IMAGES} images here and as many of another half"
        )
        return
    mean, spread = reference.mean(axis=0), reference.std(axis=0)
    yield "site adaptation, mean", partial(_adapted, encode, mean, None)
    yield "site adaptation, mean and spread", partial(_adapted, encode, mean, spread)


def _averaged(encode: Encode, batch: Sequence[Pixels]) -> Vectors:
    means = np.stack([encode(stain_variants(pixels, _VARIANTS, _SEED)).mean(axis=0) for pixels in batch])
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _adapted(encode: Encode, mean: Vectors, spread: Vectors | None, batch: Sequence[Pixels]) -> Vectors:
    vectors = encode(batch)
    return SiteAdaptation.fit(vectors, mean, spread).apply(vectors)
