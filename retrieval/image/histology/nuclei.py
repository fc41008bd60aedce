"""Nuclei: found by threshold and watershed in the haematoxylin channel, then counted and measured."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import regionprops_table
from skimage.segmentation import watershed

_SPREAD: Final = ("p5", "p25", "p50", "p75", "p95", "mean", "sd")
_OF_EACH: Final = ("diameter", "eccentricity", "solidity", "intensity")
NUCLEI: Final = (
    "area",
    "density",
    *(f"{what}.{s}" for what in _OF_EACH for s in _SPREAD),
    "size-variation",
    *(f"{what}.{s}" for what in ("nearest", "third-nearest") for s in _SPREAD),
)
"""What `measure_nuclei` returns: shares of the image, count per 10,000 pixels, lengths in pixels."""

_SMALLEST_AREA: Final = 20
_FEWEST: Final = 4
_APART: Final = 7
_INNER_RADIUS: Final = 1.5


def measure_nuclei(nuclear: npt.NDArray[np.float32]) -> list[float]:
    """Measures of one haematoxylin channel, shape (h, w); zeros where fewer than four nuclei are found."""
    labels, share = _segmented(nuclear)
    nothing = [0.0] * (len(NUCLEI) - 1)
    if labels.max() == 0:
        return [share, *nothing]
    wanted = ("area", "eccentricity", "solidity", "mean_intensity", "centroid")
    table = regionprops_table(labels, intensity_image=nuclear, properties=wanted)
    real = table["area"] > _SMALLEST_AREA
    if real.sum() < _FEWEST:
        return [share, *nothing]
    areas = table["area"][real]
    places = np.c_[table["centroid-0"], table["centroid-1"]][real]
    distances, _ = cKDTree(places).query(places, k=_FEWEST)
    return [
        share,
        float(real.sum() / nuclear.size * 1e4),
        *_spread(np.sqrt(areas)),
        *_spread(table["eccentricity"][real]),
        *_spread(table["solidity"][real]),
        *_spread(table["mean_intensity"][real]),
        float(np.log(areas).std()),
        *_spread(distances[:, 1]),
        *_spread(distances[:, -1]),
    ]


def _segmented(nuclear: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int32], float]:
    """Labels of the nuclei, 0 elsewhere, and the share of the image that they cover (Otsu 1979; Meyer 1994)."""
    if nuclear.max() <= nuclear.min():
        return np.zeros(nuclear.shape, dtype=np.int32), 0.0
    mask = ndimage.binary_opening(nuclear > threshold_otsu(nuclear))
    depth = gaussian(ndimage.distance_transform_edt(mask), 1.5)
    peaks = (depth == ndimage.maximum_filter(depth, size=_APART)) & (depth > _INNER_RADIUS)
    seeds, _ = ndimage.label(peaks)
    return watershed(-depth, seeds, mask=mask).astype(np.int32), float(mask.mean())


def _spread(values: npt.NDArray[np.float64]) -> list[float]:
    return [*map(float, np.percentile(values, (5, 25, 50, 75, 95))), float(values.mean()), float(values.std())]
