"""Where on a slide tissue lies, seen on a thumbnail: not glass, pen, the dark around a scan, dust or air bubbles."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import threshold_otsu

from retrieval.image.picture import Pixels
from retrieval.image.regions import Mask

Levels = npt.NDArray[np.int16]

# Between them Otsu's threshold is trusted: below, it would part the noise of an empty slide; above, pale tissue of
# immunohistochemistry from dark, or the light half of a picture full of tissue from its dark half.
_LEAST_DEPTH: Final = 12.0
_MOST_DEPTH: Final = 20.0
_GLASS_LEVEL: Final = 200
_GLASS_CHROMA: Final = 30
_GLASS_WITHOUT_ANY: Final = (245.0, 245.0, 245.0)
_GLASS_SHARE: Final = 0.002
_SPECK: Final = 1e-5
"""Share of the thumbnail: 40 of 2,000 x 2,000 pixels, 0.2 mm across on a slide 60 mm long."""
_LEAST_SPECK_PX: Final = 25
_HOLE: Final = 4
"""In specks."""
_INK_PX: Final = 5


def tissue_mask(thumbnail: Pixels) -> Mask:
    """True on tissue, in the shape of the thumbnail; all False on an empty slide.

    A pixel is tissue where its most absorbed channel lies below the glass of this slide by Otsu's threshold, within
    bounds: eosin, haematoxylin and DAB each absorb in one channel at least, however pale.
    """
    rgb = thumbnail.astype(np.int16)
    highest, lowest = rgb.max(axis=2), rgb.min(axis=2)
    depth = ndimage.gaussian_filter(_depth(rgb, highest, lowest), 1.0)
    parted = float(threshold_otsu(np.minimum(depth, 128).astype(np.uint8))) if depth.max() - depth.min() >= 2 else 0.0
    mask = depth > min(max(parted, _LEAST_DEPTH), _MOST_DEPTH)
    mask &= ~(_pen(rgb) | _dark(highest, lowest))
    speck = max(_LEAST_SPECK_PX, round(mask.size * _SPECK))
    mask = ~_without_small(~mask, _HOLE * speck)
    return _without_small(mask, speck)


def _depth(rgb: Levels, highest: Levels, lowest: Levels) -> npt.NDArray[np.float32]:
    """How far the most absorbed channel lies below that of glass, in grey levels from 0."""
    glass = (lowest >= _GLASS_LEVEL) & (highest - lowest <= _GLASS_CHROMA)
    # Pure white is often what was not scanned, and brighter than glass.
    scanned = glass & (lowest < 255)
    seen = next((mask for mask in (scanned, glass) if mask.mean() >= _GLASS_SHARE), None)
    # Above the median, since pale tissue is among these pixels too; below the highest, which are glare.
    level = np.array(_GLASS_WITHOUT_ANY) if seen is None else np.percentile(rgb[seen], 75, axis=0)
    return np.asarray((level.astype(np.float32) - rgb).max(axis=2).clip(0), dtype=np.float32)


def _pen(rgb: Levels) -> Mask:
    """Strokes of felt pen with their faded edges. Stains reach these colours only in spots narrower than a stroke."""
    red, green, blue = (rgb[..., channel] for channel in range(3))
    strokes = (
        (red >= 150) & (red - np.maximum(green, blue) >= 80) & (blue <= 110) & (blue - green <= 35),
        (green >= red + 20) & (green >= blue - 20) & (red <= 150),
        (blue >= red + 90) & (green >= red + 20) & (blue >= green + 40) & (red <= 110),
    )
    return _broadened(np.logical_or.reduce(strokes))


def _dark(highest: Levels, lowest: Levels) -> Mask:
    """Black pen, the edge of a label, what surrounds a scan in some files: dark without any colour."""
    return _broadened((highest <= 70) & (highest - lowest <= 20))


def _broadened(mask: Mask) -> Mask:
    """What a stroke's width fits into, and the margin around it."""
    if not mask.any():
        return mask
    core = ndimage.minimum_filter(mask, _INK_PX, mode="nearest")
    return np.asarray(ndimage.maximum_filter(core, 2 * _INK_PX + 1), dtype=np.bool_)


def _without_small(mask: Mask, area: int) -> Mask:
    """Without connected parts of fewer pixels than area."""
    labels, _ = ndimage.label(mask)
    keep = np.bincount(labels.ravel()) >= area
    keep[0] = False
    return np.asarray(keep[labels], dtype=np.bool_)
