"""What the colours of a picture say: glass, void and tissue, felt pen, stains or none, light.

All masks have the shape of the view that they were made from; shares of tissue divide by `Ground.tissue_pixels`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from retrieval.image.picture import Pixels

Mask = npt.NDArray[np.bool_]
Grey = npt.NDArray[np.float32]

_VIEW_SIDE: Final = 256
_VIEW_PIXELS: Final = 1 << 20
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# Scanners leave glass at 205 to 255 with a slight cast; pale tissue at that brightness has more chroma.
GLASS_LEVEL: Final = 205
GLASS_CHROMA: Final = 24
# Letterboxes, viewers with a dark surface, the outside of an eyepiece: dark, neutral and without any structure.
_VOID_LEVEL: Final = 80
_VOID_CHROMA: Final = 12
_VOID_RANGE: Final = 4
_FRAME: Final = 9
_BLACK_LEVEL: Final = 50
_BLACK_CHROMA: Final = 15


class Ground(NamedTuple):
    """A picture of 256 to 511 px on its shorter side, and which of its pixels may be tissue."""

    rgb: npt.NDArray[np.int16]
    grey: Grey
    chroma: npt.NDArray[np.int16]
    spread: Grey
    """Largest less smallest grey level of the 3 x 3 pixels around."""
    glass: Mask
    void: Mask
    tissue: Mask

    @property
    def tissue_pixels(self) -> int:
        return max(1, int(self.tissue.sum()))


def view(pixels: Pixels) -> Pixels:
    """The picture scaled down by a whole factor to what encoders look at: the gate's limits hold at that size."""
    height, width = pixels.shape[:2]
    factor = max(1, min(height, width) // _VIEW_SIDE, int(np.ceil(np.sqrt(height * width / _VIEW_PIXELS))))
    return pixels if factor == 1 else np.asarray(Image.fromarray(pixels).reduce(factor), dtype=np.uint8)


def ground(pixels: Pixels) -> Ground:
    """Tell glass and void from what may be tissue."""
    rgb = pixels.astype(np.int16)
    highest, lowest = rgb.max(axis=2), rgb.min(axis=2)
    chroma = highest - lowest
    grey = pixels @ _LUMA
    spread = ndimage.maximum_filter(grey, 3) - ndimage.minimum_filter(grey, 3)
    glass = (lowest >= GLASS_LEVEL) & (chroma <= GLASS_CHROMA)
    void = (highest <= _VOID_LEVEL) & (chroma <= _VOID_CHROMA) & (spread <= _VOID_RANGE)
    return Ground(rgb, grey, chroma, spread, glass, void, ~(glass | void))


def pen(seen: Ground) -> dict[str, float]:
    """Felt pen, `pen` in all and by colour, as shares of the tissue; what is narrow, as red cells are, is left out."""
    red, green, blue = (seen.rgb[..., channel] for channel in range(3))
    other = np.maximum(green, blue)
    # In a dark picture tissue is as dark as ink in a light one.
    ink = min(80.0, float(np.percentile(seen.grey, 99)) / 3)
    # What surrounds a void is the frame of a viewer, not ink.
    framed = ndimage.maximum_filter(seen.void, _FRAME)
    strokes = {
        # Blood is darker, or pinker where it is as light.
        "red": _opened((red >= 150) & (red - other >= 80) & (blue <= 110) & (blue - green <= 35), 5),
        # Glass under a bluish lamp is as green but far lighter.
        "green": _opened((green >= red + 20) & (green >= blue - 20) & (red <= 150), 5),
        # Haematoxylin is nearer to purple: its green is about its red.
        "blue": _opened((blue >= red + 90) & (green >= red + 20) & (blue >= green + 40) & (red <= 110), 3),
        "black": _opened((seen.rgb.max(axis=2) <= ink) & (seen.chroma <= 30) & ~framed, 9),
    }
    count = seen.tissue_pixels
    shares = {f"pen_{name}": float((stroke & seen.tissue).sum()) / count for name, stroke in strokes.items()}
    return {"pen": sum(shares.values()), **shares}


def colours(seen: Ground) -> dict[str, float]:
    """Shares of the tissue by kind of colour, and levels 0 to 255: chroma, light, median and black."""
    red, green, blue = (seen.rgb[..., channel][seen.tissue] for channel in range(3))
    chroma, grey = seen.chroma[seen.tissue], seen.grey[seen.tissue]
    highest = np.maximum(np.maximum(red, green), blue)
    count = seen.tissue_pixels
    black = (highest < _BLACK_LEVEL) & (chroma <= _BLACK_CHROMA)
    return {
        # Haematoxylin, eosin and PAS leave green the weakest or blue above it; DAB and silver are warm.
        "stained": float(((chroma >= 12) & (green <= np.maximum(red, blue) - 8) & (blue >= green - 10)).sum()) / count,
        "warm": float((green > blue + 10).sum()) / count,
        "cool": float((blue > red + 5).sum()) / count,
        "green": float(((green > red + 20) & (green >= blue - 20)).sum()) / count,
        "black": float(black.sum() + seen.void.sum()) / seen.void.size,
        "chroma": float(np.percentile(chroma, 95)) if chroma.size else 0.0,
        "median": float(np.median(grey)) if grey.size else 255.0,
        "light": float(np.percentile(seen.grey, 99)),
        "clipped": float(((highest >= 254) & (chroma >= 25)).sum()) / count,
    }


def _opened(mask: Mask, width: int) -> Mask:
    """The parts of a mask that a square of this width in px fits into."""
    if not mask.any():
        return mask
    opened: Mask = ndimage.maximum_filter(ndimage.minimum_filter(mask, width), width)
    return opened
