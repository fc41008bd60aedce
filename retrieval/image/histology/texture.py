"""Texture: local binary patterns, co-occurrence of grey levels, energy by scale."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from skimage.filters import gaussian

_RINGS: Final = ((8, 1), (16, 3), (16, 5))
"""Points on a circle, and its radius in pixels."""
_LEVELS: Final = 32
_STEPS: Final = (1, 4, 10)
_PROPERTIES: Final = ("contrast", "homogeneity", "energy", "correlation")
_SCALES: Final = (1, 2, 4, 8, 16, 32)
COOCCURRENCE: Final = tuple(f"{p}.{step}px" for p in _PROPERTIES for step in _STEPS)


def local_patterns(channel: npt.NDArray[np.uint8]) -> list[float]:
    """Square roots of the shares of uniform rotation-invariant patterns (Ojala, Pietikainen and Maenpaa 2002)."""
    values: list[float] = []
    for points, radius in _RINGS:
        patterns = local_binary_pattern(channel, points, radius, "uniform")
        shares = np.bincount(patterns.astype(np.int64).ravel(), minlength=points + 2) / patterns.size
        values += map(float, np.sqrt(shares))
    return values


def cooccurrence(channel: npt.NDArray[np.float32]) -> list[float]:
    """Haralick's measures (1973) at three distances in pixels, averaged over four directions; scaled to its range."""
    low, high = float(channel.min()), float(channel.max())
    grey = ((channel - low) / max(high - low, 1e-9) * (_LEVELS - 1)).astype(np.uint8)
    directions = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    matrix = graycomatrix(grey, list(_STEPS), directions, levels=_LEVELS, symmetric=True, normed=True)
    return [float(v) for name in _PROPERTIES for v in graycoprops(matrix, name).mean(axis=1)]


def band_energy(channel: npt.NDArray[Any]) -> list[float]:
    """Standard deviation and mean size of what lies between neighbouring scales of a Gaussian pyramid."""
    values: list[float] = []
    previous = channel
    for scale in _SCALES:
        smoother = gaussian(channel, scale)
        band = previous - smoother
        values += [float(band.std()), float(np.abs(band).mean())]
        previous = smoother
    return values
