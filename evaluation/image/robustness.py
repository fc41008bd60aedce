"""How much worse image search gets as images get worse, how often the gate warns, and what stain handling saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from evaluation.image.corruptions import CORRUPTIONS, SEVERITIES, Corruption, warning_rate
from evaluation.image.results import Line, Measured, averaged
from evaluation.image.samples import unit_rows
from evaluation.significance import Interval
from retrieval.encoders.base import Vectors
from retrieval.image.adaptation import FEWEST_IMAGES, SiteAdaptation
from retrieval.image.picture import Picture, Pixels
from retrieval.image.stain import normalised, stain_variants

Encode = Callable[[Sequence[Pixels]], Vectors]
Score = Callable[[Vectors], list[float]]
"""One value for each image of the sample, from their vectors."""
Handling = Callable[[Sequence[Pixels], Vectors], Vectors]
"""Vectors of damaged images, from these and from their vectors as they are."""

STAIN: Final = "stain_shift"
_VARIANTS: Final = 5
_SEED: Final = 0


class _Stained(NamedTuple):
    severity: int
    images: Sequence[Pixels]
    vectors: Vectors
    found: Sequence[float]


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
    vectors = encode(images)
    clean = score(vectors)
    lines = [averaged(f"{what}, clean", clean)]
    values = {f"{what}, clean": dict(zip(names, clean, strict=True))}
    stained = [_Stained(0, images, vectors, clean)]
    for name, damage in corruptions.items():
        for severity in severities:
            hear(f"{name} {severity}")
            damaged = [damage(pixels, severity) for pixels in images]
            vectors = encode(damaged)
            found = score(vectors)
            if name == STAIN:
                stained.append(_Stained(severity, damaged, vectors, found))
            values[f"{what}, {name} {severity}"] = dict(zip(names, found, strict=True))
            values[f"drop, {name} {severity}"] = {
                image: before - after for image, before, after in zip(names, clean, found, strict=True)
            }
            lines += (
                averaged(f"{kind}, {name} {severity}", values[f"{kind}, {name} {severity}"]) for kind in (what, "drop")
            )
            lines.append(
                Line(
                    f"gate speaks, {name} {severity}",
                    _same(warning_rate(pictures.values(), name, severity)),
                    len(images),
                )
            )
    notes: list[str] = []
    if STAIN in corruptions:
        for handling, vectors_of in _handlings(encode, reference, len(images), notes):
            hear(handling)
            own = [score(vectors_of(step.images, step.vectors)) for step in stained]
            for measure, found in _handled(handling, what, stained, own):
                values[measure] = dict(zip(names, found, strict=True))
                lines.append(averaged(measure, values[measure]))
    return Measured("corruptions", tuple(lines), values, notes=tuple(notes))


def accuracy_of(probabilities: Callable[[Vectors], npt.NDArray[np.float64]], right: Sequence[int]) -> Score:
    """A score where nothing is searched: whether the likeliest concept is the right one."""

    def score(vectors: Vectors) -> list[float]:
        told = probabilities(vectors).argmax(axis=1)
        return [float(number == own) for number, own in zip(told, right, strict=True)]

    return score


def _handled(
    handling: str, what: str, stained: Sequence[_Stained], own: Sequence[Sequence[float]]
) -> Iterator[tuple[str, list[float]]]:
    """What each severity comes to; what the handling costs on clean images; and of all severities, what it wins."""
    for step, found in zip(stained, own, strict=True):
        yield f"{what}, {STAIN} {step.severity}, {handling}", list(found)
    won = np.array(own) - np.array([step.found for step in stained])
    yield f"cost on clean images, {handling}", (-won[0]).tolist()
    if len(stained) > 1:
        yield f"won under {STAIN}, {handling}", won[1:].mean(axis=0).tolist()


def _same(value: float) -> Interval:
    return Interval(value, value, value)


def _handlings(
    encode: Encode, reference: Vectors | None, images: int, notes: list[str]
) -> Iterator[tuple[str, Handling]]:
    yield "normalised", lambda batch, vectors: encode([normalised(pixels) for pixels in batch])
    yield f"mean of {_VARIANTS} stainings", partial(_averaged, encode)
    if reference is None or len(reference) < FEWEST_IMAGES or images < FEWEST_IMAGES:
        notes.append(f"site adaptation was not measured: it takes {FEWEST_IMAGES} images, and as many of another half")
        return
    mean, spread = reference.mean(axis=0), reference.std(axis=0)
    yield "site adaptation, mean", partial(_adapted, mean, None)
    yield "site adaptation, mean and spread", partial(_adapted, mean, spread)


def _averaged(encode: Encode, batch: Sequence[Pixels], vectors: Vectors) -> Vectors:
    others = [encode(stain_variants(pixels, _VARIANTS, _SEED)[1:]) for pixels in batch]
    means = (vectors + np.stack([rows.sum(axis=0) for rows in others])) / _VARIANTS
    return np.asarray(unit_rows(means), dtype=np.float32)


def _adapted(mean: Vectors, spread: Vectors | None, batch: Sequence[Pixels], vectors: Vectors) -> Vectors:
    return SiteAdaptation.fit(vectors, mean, spread).apply(vectors)
