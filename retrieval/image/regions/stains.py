"""How strongly each pixel is stained, against the glass of its own image, at the scale at which a method looks."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from retrieval.image.picture import Pixels

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_GLASS_PERCENTILE: Final = 99
_DIMMEST_GLASS: Final = 110
_GLASS_CHROMA: Final = 0.3
"""Lamps and cameras tint glass up to here; what is more colourful is tissue that fills the image."""
_GLASS_PINK: Final = 0.12
"""How much less green than red and blue; lamps tint glass yellow or blue, eosin pink."""
_DARKEST: Final = 4.0
_EMPTY_DENSITY: Final = 0.12
_FLAT: Final = 6
"""Grey levels between the 1st and the 99th percentile in an image that shows nothing."""


def is_flat(pixels: Pixels) -> bool:
    """Whether no channel varies by more than noise, so that there is nothing to tell apart."""
    low, high = np.percentile(_sample(pixels), (1, 99), axis=0)
    return bool((high - low).max() < _FLAT)


def glass(pixels: Pixels) -> Plane:
    """The colour of empty glass, shape (3,): the brightest of the image if that is plausible, else white."""
    brightest = np.percentile(_sample(pixels), _GLASS_PERCENTILE, axis=0).astype(np.float32)
    red, green, blue = (float(value) / max(float(brightest.max()), 1) for value in brightest)
    coloured = 1 - min(red, green, blue) > _GLASS_CHROMA or min(red, blue) - green > _GLASS_PINK
    if coloured or brightest.min() < _DIMMEST_GLASS:
        return np.full(3, 255, dtype=np.float32)
    return brightest


def _sample(pixels: Pixels) -> Pixels:
    """At most about a million pixels, evenly spread: shape (pixels, 3)."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / 1e6)))
    return pixels[::step, ::step].reshape(-1, 3)


def density(pixels: Pixels, white: Plane | None = None) -> Plane:
    """Optical density per channel (natural logarithm, Beer-Lambert), shape (height, width, 3); glass is about 0.

    Haematoxylin absorbs red and green, eosin green, DAB blue most of all: Ruifrok & Johnston, Quantification of
    histochemical staining by color deconvolution, Anal. Quant. Cytol. Histol. 23, 2001.
    """
    reference = glass(pixels) if white is None else white
    light = np.maximum(pixels.astype(np.float32), _DARKEST)
    return np.maximum(np.log(reference / light), 0).astype(np.float32)


def empty(densities: Plane) -> Mask:
    """Where next to nothing is stained: glass, lumens, vacuoles."""
    return np.asarray(densities.mean(axis=2) < _EMPTY_DENSITY, dtype=np.bool_)


def at_scale(pixels: Pixels, factor: float) -> Pixels:
    """A copy `factor` times as wide and high, never enlarged."""
    if factor >= 1:
        return pixels
    height, width = (min(side, max(8, round(side * factor))) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR), dtype=np.uint8)


def to_size(mask: Mask, shape: tuple[int, int]) -> Mask:
    """The mask at another size (height, width), with smooth outlines."""
    if mask.shape == shape:
        return mask
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(image.resize(shape[::-1], Image.Resampling.BILINEAR)) > 127


def disc(radius: int) -> Mask:
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * radius, dtype=np.bool_)
