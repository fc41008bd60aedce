"""Damage that images of slides meet on their way here, in five steps each, and how often the gate warns of it.

Names and ranges follow ImageNet-C (Hendrycks and Dietterich, ICLR 2019), which states them for images of 224 px; blur
therefore grows with the image. Stain shift is the HED perturbation of Tellez et al. (Medical Image Analysis, 2019).
Every corruption is deterministic, severity 0 is the image itself, and neither limits nor seeds look at the gate.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from retrieval.image.gate import inspect
from retrieval.image.picture import Picture, Pixels

Corruption = Callable[[Pixels, int], Pixels]

SEVERITIES: Final = (1, 2, 3, 4, 5)
_SIDE: Final = 224
_SEED: Final = 20190101
_BLUR_SIGMAS: Final = (1.0, 2.0, 3.0, 4.0, 6.0)
_JPEG_QUALITIES: Final = (25, 18, 15, 10, 7)
_SCALES: Final = (0.6, 0.5, 0.4, 0.3, 0.25)
# Factors, where ImageNet-C adds to HSV value: on a bright field that would saturate at the second step.
_LIGHTER: Final = (1.15, 1.3, 1.5, 1.8, 2.2)
_DARKER: Final = (0.85, 0.7, 0.55, 0.4, 0.3)
_NOISE: Final = (0.08, 0.12, 0.18, 0.26, 0.38)
# Tellez et al. call 0.05 light and 0.2 strong; the last steps go beyond what one laboratory's stain drifts to.
_STAIN: Final = (0.05, 0.1, 0.2, 0.3, 0.4)
_STAIN_TURN: Final = 0.5
"""How far the colours of the stains turn, in parts of how far their strengths change."""
# Optical densities of haematoxylin, eosin and DAB in red, green and blue (Ruifrok and Johnston, 2001).
_HED: Final = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])


def blur(pixels: Pixels, severity: int) -> Pixels:
    """Gaussian, sigma 1 to 6 px in an image of 224 px, as from a slide out of focus."""
    if severity == 0:
        return pixels
    sigma = _step(_BLUR_SIGMAS, severity) * min(pixels.shape[:2]) / _SIDE
    return _bytes(ndimage.gaussian_filter(pixels.astype(np.float32), (sigma, sigma, 0)))


def jpeg(pixels: Pixels, severity: int) -> Pixels:
    """Saved as JPEG of quality 25 down to 7, and read again."""
    if severity == 0:
        return pixels
    saved = io.BytesIO()
    Image.fromarray(pixels).save(saved, "JPEG", quality=int(_step(_JPEG_QUALITIES, severity)))
    return np.array(Image.open(saved).convert("RGB"))


def resolution(pixels: Pixels, severity: int) -> Pixels:
    """Scaled down to 0.6 to 0.25 of its sides and up again, as a picture copied out of a small figure."""
    if severity == 0:
        return pixels
    height, width = pixels.shape[:2]
    scale = _step(_SCALES, severity)
    small = Image.fromarray(pixels).resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BOX
    )
    return np.array(small.resize((width, height), Image.Resampling.BICUBIC))


def lighter(pixels: Pixels, severity: int) -> Pixels:
    """Every channel times 1.15 to 2.2, cut off at 255: an overexposed camera."""
    return pixels if severity == 0 else _bytes(pixels * _step(_LIGHTER, severity))


def darker(pixels: Pixels, severity: int) -> Pixels:
    """Every channel times 0.85 to 0.3: a lamp turned down."""
    return pixels if severity == 0 else _bytes(pixels * _step(_DARKER, severity))


def stain_shift(pixels: Pixels, severity: int) -> Pixels:
    """Haematoxylin and eosin stronger or weaker and of another hue; one direction, further with each severity."""
    if severity == 0:
        return pixels
    amount = _step(_STAIN, severity)
    direction = np.random.default_rng(_SEED).choice([-1.0, 1.0], size=(3, 4))
    stains = _HED / np.linalg.norm(_HED, axis=1, keepdims=True)
    density = -np.log((pixels.astype(np.float64) + 1) / 256)
    concentrations = density @ np.linalg.inv(stains)
    turned = stains + _STAIN_TURN * amount * direction[:, 1:] * stains
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    strengths = 1 + amount * direction[:, 0] * np.array([1.0, 1.0, 0.0])
    return _bytes(256 * np.exp(-(concentrations * strengths) @ turned) - 1)


def noise(pixels: Pixels, severity: int) -> Pixels:
    """Gaussian, standard deviation 0.08 to 0.38 of the full range: the same field, scaled by severity."""
    if severity == 0:
        return pixels
    field = np.random.default_rng(_SEED).standard_normal(pixels.shape)
    return _bytes(pixels + 255 * _step(_NOISE, severity) * field)


CORRUPTIONS: Final[dict[str, Corruption]] = {
    "blur": blur,
    "jpeg": jpeg,
    "resolution": resolution,
    "lighter": lighter,
    "darker": darker,
    "stain_shift": stain_shift,
    "noise": noise,
}


def warning_rate(pictures: Iterable[Picture], corruption: str, severity: int) -> float:
    """Share of the pictures, so damaged, that the gate warns of or refuses; every picture counts, 0.0 for none."""
    damage = CORRUPTIONS[corruption]
    found = [bool(inspect(picture._replace(pixels=damage(picture.pixels, severity))).findings) for picture in pictures]
    return sum(found) / len(found) if found else 0.0


def _step(steps: tuple[float, ...], severity: int) -> float:
    if severity not in SEVERITIES:
        raise ValueError(f"a severity is 0 (untouched) or one of {SEVERITIES}, not {severity!r}")
    return steps[severity - 1]


def _bytes(values: npt.NDArray[np.floating]) -> Pixels:
    rounded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
