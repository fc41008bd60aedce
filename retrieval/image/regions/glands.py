"""Glands: round pale cores within dark rims, then whatever is coloured and textured like them.

First, shape. At each of many thresholds of the smoothed red density the pale areas fall apart into components, as for
maximally stable extremal regions (Matas et al., BMVC 2002), but chosen by form: cores of glands are about as compact as
an ellipse, while stroma is a net. Second, appearance: linear discriminant analysis, fitted to this image alone, parts
pixels near such cores from all others. Nothing is learned from other images. The constants lie on plateaus: changing
one by a tenth costs about a point of Dice at most, images 1.6 times smaller or larger than expected up to ten.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import ndimage
from skimage.morphology import opening, reconstruction

from retrieval.image.picture import Pixels
from retrieval.image.regions.stains import Mask, Plane, density, disc, empty

SCALE_MPP: Final = 1.3
"""Microns per pixel at which all lengths below are meant."""

_LEVELS: Final = np.arange(0.1, 0.96, 0.05)
_CORE: Final = (300, 20_000)
"""Pixels of a core: a disc of 25 to 210 microns."""
_LEAST_ELLIPTIC: Final = 0.7
_MOST_GLASS: Final = 0.7
_VOTE: Final = 0.45
_RIM: Final = 9
"""Pixels from the core to the outer edge of the epithelium."""
_SHRINKAGE: Final = 0.1
_SHAPE_WEIGHT: Final = 0.3
_SMOOTHING: Final = 2.0
_SMALLEST: Final = 250
_LARGEST_HOLE: Final = 3_000
_NECK: Final = 3


def gland_mask(pixels: Pixels) -> tuple[Mask, float]:
    """Whole glands with their lumens in an image at SCALE_MPP, and how round their cores are: 0 (not at all) to 1."""
    densities = density(pixels)
    votes = _core_votes(ndimage.gaussian_filter(densities[..., 0], 1.5), empty(densities))
    cores = votes > _VOTE
    if not cores.any():
        return cores, 0.0
    roundness = float(votes[cores].mean())
    near = np.asarray(ndimage.distance_transform_edt(~cores) < _RIM, dtype=np.bool_)
    if near.all():
        return near, roundness
    likely = ndimage.gaussian_filter(_resemblance(_appearance(densities), near), _SMOOTHING)
    shape = ndimage.gaussian_filter(near.astype(np.float32), 1.5 * _SMOOTHING)
    return _tidy((1 - _SHAPE_WEIGHT) * likely + _SHAPE_WEIGHT * shape > 0.5), roundness


def _core_votes(red: Plane, glass: Mask) -> Plane:
    """For each pixel the most elliptic of the pale components around it, from 0 (a net) to 1 (an ellipse)."""
    bare = glass.ravel()
    y, x = (axis.ravel().astype(np.float64) for axis in np.indices(red.shape))
    best = np.zeros(red.shape, dtype=np.float32)
    for threshold in np.quantile(red, _LEVELS):
        labels, count = ndimage.label(opening(red < threshold, disc(1)))
        flat = labels.ravel()
        inside = np.flatnonzero(flat)
        flat, xs, ys = flat[inside], x[inside], y[inside]
        area = np.maximum(np.bincount(flat, minlength=count + 1), 1).astype(np.float64)
        means = [np.bincount(flat, part, count + 1) / area for part in (xs, ys, xs * xs, ys * ys, xs * ys)]
        # One twelfth is the variance of a pixel itself; without it a line of pixels would be infinitely compact.
        across, down = means[2] - means[0] ** 2 + 1 / 12, means[3] - means[1] ** 2 + 1 / 12
        spread = np.sqrt(np.maximum(across * down - (means[4] - means[0] * means[1]) ** 2, 1e-9))
        score = np.clip((area / (4 * np.pi * spread) - _LEAST_ELLIPTIC) / (1 - _LEAST_ELLIPTIC), 0, 1)
        score[(area < _CORE[0]) | (area > _CORE[1])] = 0
        score[np.bincount(flat, bare[inside], count + 1) > _MOST_GLASS * area] = 0
        score[0] = 0
        best = np.maximum(best, score[labels].astype(np.float32))
    return best


def _appearance(densities: Plane) -> Plane:
    """Colour and texture around each pixel at several scales, standardised: shape (pixels, features)."""
    red = densities[..., 0]
    planes = [
        ndimage.gaussian_filter(densities[..., channel], sigma) for channel in range(3) for sigma in (1, 2.5, 5, 8)
    ]
    without_nuclei = opening(ndimage.gaussian_filter(red, 0.7), disc(3))
    planes += [without_nuclei, _filled(ndimage.gaussian_filter(without_nuclei, 2))]
    for sigma in (3, 6):
        mean = ndimage.gaussian_filter(red, sigma)
        planes.append(np.sqrt(np.maximum(ndimage.gaussian_filter(red * red, sigma) - mean * mean, 0)))
    planes.append(ndimage.gaussian_filter(ndimage.gaussian_gradient_magnitude(red, 1.5), 4))
    features = np.stack(planes, axis=-1).reshape(-1, len(planes))
    return np.asarray((features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6), dtype=np.float32)


def _filled(plane: Plane) -> Plane:
    """Pale basins raised to the lowest point of the rim around them."""
    seed = np.full_like(plane, plane.max())
    seed[[0, -1]], seed[:, [0, -1]] = plane[[0, -1]], plane[:, [0, -1]]
    return np.asarray(reconstruction(seed, plane, method="erosion"), dtype=np.float32)


def _resemblance(features: Plane, chosen: Mask) -> Plane:
    """Probability to belong with `chosen` rather than the rest, by linear discriminant analysis with shrinkage."""
    inside, outside = features[chosen.ravel()], features[~chosen.ravel()]
    scatter = (np.cov(inside.T) + np.cov(outside.T)) / 2 + _SHRINKAGE * np.eye(features.shape[1])
    centre = inside.mean(axis=0), outside.mean(axis=0)
    direction = np.linalg.solve(scatter, centre[0] - centre[1])
    margin = (features - (centre[0] + centre[1]) / 2) @ direction
    return np.asarray(1 / (1 + np.exp(-np.clip(margin, -30, 30))), dtype=np.float32).reshape(chosen.shape)


def _tidy(mask: Mask) -> Mask:
    """Holes filled, thin bridges and crumbs removed."""
    holes, _ = ndimage.label(~mask)
    small = np.bincount(holes.ravel()) <= _LARGEST_HOLE
    small[0] = False
    # Beyond the edge a gland goes on, so that opening must not round its corners there.
    padded = np.pad(mask | small[holes], 2 * _NECK, mode="edge")
    eroded = ndimage.distance_transform_edt(padded) > _NECK
    opened = (ndimage.distance_transform_edt(~eroded) <= _NECK)[2 * _NECK : -2 * _NECK, 2 * _NECK : -2 * _NECK]
    labels, _ = ndimage.label(opened)
    large = np.bincount(labels.ravel()) >= _SMALLEST
    large[0] = False
    return np.asarray(large[labels], dtype=np.bool_)
