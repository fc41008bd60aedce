"""Stain normalisation of haematoxylin and eosin: laboratories and scanners colour the same tissue differently.

Light falls off exponentially with the stain it passes (Beer and Lambert), so in optical density OD = -ln(I / 255)
stains add up, white is 0 and stays 0. Images of other stains are told by their colours where that is possible
(brown chromogen, blue-green, photographs) and come back as they are; red chromogens and PAS look like eosin and do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.errors import InputError
from retrieval.image.picture import Pixels

Floats = npt.NDArray[np.float32]
Row = tuple[float, float, float]

_SAMPLE: Final = 60_000
"""Pixels that an estimate looks at; percentiles do not get better by more."""
_FEWEST: Final = 200
_LEAST_SHARE: Final = 0.01
_TISSUE: Final = 0.15
"""Macenko's beta, in natural logarithms: less optical density is glass."""
_OUTER: Final = 1.0
"""Macenko's alpha: percentile of the angles that counts as pure stain."""
_ONE_STAIN: Final = 7.0
_FARTHEST: Final = (35.0, 42.0)
"""Degrees that haematoxylin and eosin may lie from the reference, which is redder than most: 24 and 35 were met."""
_GREY: Final = 4.0
"""Degrees from equal absorption of all colours, within which a pixel has none: black ink, viewers' buttons, void."""
_COLOURED_SHARE: Final = 0.05
_MOST_SCALE: Final = 2.5
_ABSENT: Final = 0.2
"""Share of the target's concentration below which a stain is not there, and noise must not be scaled up to it."""
_MOST_PERTURBED: Final = 0.2

_DENSITY: Final = (-np.log(np.maximum(np.arange(256), 1) / 255.0)).astype(np.float32)


class Stains(NamedTuple):
    """Directions of length 1 in optical density (red, green, blue), and how much of each there is."""

    haematoxylin: Row
    eosin: Row
    concentrations: tuple[float, float]
    """99th percentile over tissue."""
    found: Literal["both", "one stain", "other stains", "no colour", "no tissue"] = "both"
    """"both": all is measured. "one stain": the directions are the reference's. "other stains": measured, but neither
    can be haematoxylin and eosin. "no colour" and "no tissue": all is the reference's."""

    @property
    def matrix(self) -> Floats:
        """Shape (2, 3)."""
        return np.array([self.haematoxylin, self.eosin], dtype=np.float32)


# The values published with the widely used implementations of Macenko's method.
REFERENCE: Final = Stains((0.5626, 0.7201, 0.4062), (0.2159, 0.8012, 0.5581), (1.9705, 1.0308))


class Colours(NamedTuple):
    """Mean and standard deviation over tissue of the decorrelated colours l, alpha, beta, in natural logarithms."""

    mean: Row
    std: Row


# Of one TCGA breast slide, as published with HistomicsTK.
REFERENCE_COLOURS: Final = Colours((8.63234435, -0.11501964, 0.03868433), (0.57506023, 0.10403329, 0.01364062))


def estimate_stains(pixels: Pixels) -> Stains:
    """The two extreme colours of the tissue (Macenko et al. 2009, ISBI); `found` says what they are worth."""
    density = _DENSITY[_sample(pixels)]
    dense = density[(density > _TISSUE).all(axis=1)]
    if len(dense) < max(_FEWEST, _LEAST_SHARE * len(density)):
        return REFERENCE._replace(found="no tissue")
    tissue = dense[_coloured(dense)]
    if len(tissue) < max(_FEWEST, _COLOURED_SHARE * len(dense)):
        return REFERENCE._replace(found="no colour")
    _, directions = np.linalg.eigh(np.cov(tissue, rowvar=False))
    plane = directions[:, [2, 1]].astype(np.float32)
    # An eigenvector's sign is arbitrary: the plane's first axis points to where the tissue is.
    plane[:, 0] *= np.sign((tissue @ plane[:, 0]).sum()) or 1.0
    flat = tissue @ plane
    angles = np.percentile(np.arctan2(flat[:, 1], flat[:, 0]), [_OUTER, 100 - _OUTER])
    ends = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ plane.T
    ends = np.clip(ends, 0, None)
    lengths = np.linalg.norm(ends, axis=1, keepdims=True)
    if not lengths.all() or _degrees(ends[0], ends[1]) < _ONE_STAIN:
        return _one_stain(tissue)
    first, second = sorted(ends / lengths, key=lambda row: -float(row[0]))
    measured = _measured(tissue, np.stack([first, second]))
    return measured if _may_be_he(first, second) else measured._replace(found="other stains")


def normalised(pixels: Pixels, target: Stains = REFERENCE) -> Pixels:
    """The tissue as if stained like `target`; what neither stain explains (pigment, ink) keeps its colour.

    Unchanged where there is too little tissue, no colour, or other stains than haematoxylin and eosin.
    """
    source = estimate_stains(pixels)
    if source.found not in ("both", "one stain"):
        return pixels
    wanted, has = np.array(target.concentrations), np.array(source.concentrations)
    ratio = np.clip(wanted / np.maximum(has, 1e-6), 1 / _MOST_SCALE, _MOST_SCALE)
    return _restained(pixels, source.matrix, target.matrix, np.where(has > _ABSENT * wanted, ratio, 1.0))


def estimate_colours(pixels: Pixels) -> Colours:
    """InputError where there is no tissue to measure."""
    sample = _sample(pixels)
    tissue = sample[(_DENSITY[sample] > _TISSUE).any(axis=1)]
    if len(tissue) < _FEWEST:
        raise InputError(f"only {len(tissue)} pixels of the image are tissue, fewer than {_FEWEST}; choose another one")
    opponent = _opponent(tissue)
    return Colours(_row(opponent.mean(axis=0)), _row(opponent.std(axis=0)))


def reinhard(pixels: Pixels, target: Colours = REFERENCE_COLOURS) -> Pixels:
    """Mean and spread of the tissue's colours moved to the target's (Reinhard et al. 2001, IEEE CG&A).

    It knows no stains, so it is simpler, but not faster: hand it haematoxylin and eosin only, and expect stroma to turn
    blue where nuclei are few. Images without tissue or colour come back unchanged.
    """
    density = _DENSITY[_sample(pixels)]
    tissue = density[(density > _TISSUE).any(axis=1)]
    if len(tissue) < max(_FEWEST, _LEAST_SHARE * len(density)) or _coloured(tissue).mean() < _COLOURED_SHARE:
        return pixels
    has = estimate_colours(pixels)
    ratio = np.clip(np.array(target.std) / np.maximum(has.std, 1e-6), 1 / _MOST_SCALE, _MOST_SCALE)
    # One linear map of ln(RGB mixed to LMS): subtract, scale and add in the decorrelated space.
    flat = pixels.reshape(-1, 3)
    chosen = (_DENSITY[flat] > _TISSUE).any(axis=1)
    own, wanted = (np.array(mean, dtype=np.float32) for mean in (has.mean, target.mean))
    moved = (_opponent(flat[chosen]) - own) * ratio.astype(np.float32) + wanted
    made = flat.copy()
    made[chosen] = _bytes(np.exp(moved @ _FROM_OPPONENT) @ _FROM_CONES)
    return made.reshape(pixels.shape)


def stain_variants(pixels: Pixels, n: int, seed: int) -> list[Pixels]:
    """`n` images for an averaged embedding: the first is the image itself, the others are stained up to a fifth
    weaker or stronger in each of its two stains (after Tellez et al. 2018, IEEE TMI). InputError for n < 1.

    Where there is nothing to vary (no tissue, no colour), all are the image itself.
    """
    if n < 1:
        raise InputError(f"{n} variants of an image were asked for; ask for 1 or more")
    source = estimate_stains(pixels) if n > 1 else REFERENCE._replace(found="no tissue")
    if source.found in ("no colour", "no tissue"):
        return [pixels] * n
    strengths = np.random.default_rng(seed).uniform(1 - _MOST_PERTURBED, 1 + _MOST_PERTURBED, (n - 1, 2))
    return [pixels, *(_restained(pixels, source.matrix, source.matrix, strength) for strength in strengths)]


def _sample(pixels: Pixels) -> Pixels:
    """Shape (m, 3), evenly spread."""
    step = max(1, int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / _SAMPLE))))
    return pixels[::step, ::step].reshape(-1, 3)


def _measured(tissue: Floats, matrix: npt.NDArray[np.floating]) -> Stains:
    amounts = np.percentile(tissue @ np.linalg.pinv(matrix), 99, axis=0)
    return Stains(_row(matrix[0]), _row(matrix[1]), (max(0.0, float(amounts[0])), max(0.0, float(amounts[1]))))


def _one_stain(tissue: Floats) -> Stains:
    measured = _measured(tissue, REFERENCE.matrix)
    middle = tissue.mean(axis=0)
    near = min(_degrees(middle, row) for row in REFERENCE.matrix) < _FARTHEST[0] and middle[1] > middle[2]
    return measured._replace(found="one stain" if near else "other stains")


def _coloured(density: Floats) -> npt.NDArray[np.bool_]:
    """Which rows do not absorb red, green and blue alike."""
    total = density.sum(axis=1)
    return np.asarray(total * total < 3 * np.cos(np.radians(_GREY)) ** 2 * np.einsum("ij,ij->i", density, density))


def _may_be_he(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> bool:
    """Both are near enough, and both absorb green most or red: brown chromogen (DAB) absorbs blue above all."""
    near = all(_degrees(a, b) < far for a, b, far in zip((first, second), REFERENCE.matrix, _FARTHEST, strict=True))
    return near and bool(first[1] > first[2] and second[1] > second[2])


def _restained(pixels: Pixels, source: Floats, target: Floats, strength: npt.NDArray[np.floating]) -> Pixels:
    # Separating, scaling and adding up again is one matrix; with the residual left in, equal stains are the identity.
    mix = np.eye(3) + np.linalg.pinv(source) @ (strength[:, None] * target - source)
    density = _DENSITY[pixels.reshape(-1, 3)] @ mix.astype(np.float32)
    return _bytes(255 * np.exp(-density)).reshape(pixels.shape)


def _bytes(values: Floats) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _opponent(pixels: Pixels) -> Floats:
    cones = np.maximum(pixels, 1).astype(np.float32) @ _TO_CONES
    return np.asarray(np.log(cones) @ _TO_OPPONENT, dtype=np.float32)


def _degrees(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
    cosine = first @ second / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _row(values: Sequence[float] | npt.NDArray[np.floating]) -> Row:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


# Ruderman's cone space and its decorrelated axes (l, alpha, beta), as Reinhard et al. print them, for row vectors.
_TO_CONES: Final = np.array(
    [[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]], dtype=np.float32
).T
_FROM_CONES: Final = np.linalg.inv(_TO_CONES)
_TO_OPPONENT: Final = (np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]]) / np.sqrt([[3], [6], [2]])).astype(np.float32).T
_FROM_OPPONENT: Final = _TO_OPPONENT.T
