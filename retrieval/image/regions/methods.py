"""One method per kind of region other than glands: thresholds on optical densities, none learned from other images."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import opening

from retrieval.image.picture import Pixels
from retrieval.image.regions.stains import Mask, density, disc, empty

SCALE_MPP: Final = 0.65
"""Microns per pixel at which all lengths below are meant."""

_LEAST_STAIN: Final = 0.15
_HALO: Final = 25
_CROWD_SIGMA: Final = 12
_CROWDED: Final = 0.3
_FAT_CELL: Final = (40, 200)
"""Pixels across."""
_ROUND: Final = 0.85
_FEWEST_FAT_CELLS: Final = 6
_FAT_WALL: Final = 10
_BROWN: Final = 0.08


def tissue_mask(pixels: Pixels, small_gap: int = 400) -> Mask:
    """Everything stained, with the gaps between fibres and cells of up to `small_gap` pixels."""
    stained = ~empty(ndimage.gaussian_filter(density(pixels), (2, 2, 0)))
    return np.asarray(~_without_small(~_without_small(stained, small_gap), small_gap), dtype=np.bool_)


def nuclei_mask(pixels: Pixels) -> Mask:
    """Darker in red light, which eosin lets pass, than both the image's own Otsu threshold and the surroundings."""
    densities = density(pixels)
    red = ndimage.gaussian_filter(densities[..., 0], 1)
    stained = red[~empty(densities)]
    if stained.size == 0 or np.ptp(stained) < _LEAST_STAIN:
        return np.zeros(red.shape, dtype=np.bool_)
    around = ndimage.uniform_filter(red, 2 * _HALO + 1)
    # Otsu alone takes all of a dark gland; the surroundings alone take half of a stroma without nuclei.
    threshold = max(0.9 * float(threshold_otsu(stained)), _LEAST_STAIN)
    dark = (red > threshold) & (red > around)
    return _without_small(opening(dark, disc(2)), 25)


def dense_nuclei_mask(pixels: Pixels) -> Mask:
    """Where nuclei of whatever kind cover a good part of the area."""
    share = ndimage.gaussian_filter(nuclei_mask(pixels).astype(np.float32), _CROWD_SIGMA)
    return _without_small(share > _CROWDED, 600)


def fat_mask(pixels: Pixels) -> Mask:
    """Large round empty cells, with the thin walls between them; single ones are more likely lumens."""
    bare = empty(ndimage.gaussian_filter(density(pixels), (1, 1, 0)))
    labels, count = ndimage.label(opening(bare, disc(_FAT_CELL[0] // 4)))
    area = np.bincount(labels.ravel(), minlength=count + 1)
    low, high = (np.pi / 4 * width**2 for width in _FAT_CELL)
    cells = [
        label
        for label, place in enumerate(ndimage.find_objects(labels), start=1)
        if low <= area[label] <= high and _roundness(labels[place] == label) > _ROUND
    ]
    if len(cells) < _FEWEST_FAT_CELLS:
        return np.zeros(bare.shape, dtype=np.bool_)
    chosen = np.isin(labels, cells)
    grown = ndimage.distance_transform_edt(~chosen) <= _FAT_WALL
    return np.asarray(ndimage.distance_transform_edt(grown) > _FAT_WALL / 2, dtype=np.bool_)


def brown_mask(pixels: Pixels) -> Mask:
    """DAB: absorbs blue more than green, and red clearly as well."""
    densities = ndimage.gaussian_filter(density(pixels), (1, 1, 0))
    red, green, blue = (densities[..., channel] for channel in range(3))
    return _without_small((blue - red > _BROWN) & (blue > 0.95 * green) & (red > 0.1), 25)


def _roundness(shape: Mask) -> float:
    """Area over that of the ellipse with the same second moments: 1 for an ellipse, less for anything else."""
    y, x = np.nonzero(shape)
    spread = (x.var() + 1 / 12) * (y.var() + 1 / 12) - np.mean((x - x.mean()) * (y - y.mean())) ** 2
    return float(len(x) / (4 * np.pi * np.sqrt(max(float(spread), 1e-9))))


def _without_small(mask: Mask, smallest: int) -> Mask:
    labels, _ = ndimage.label(mask)
    large = np.bincount(labels.ravel()) >= smallest
    large[0] = False
    return np.asarray(large[labels], dtype=np.bool_)
