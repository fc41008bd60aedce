"""All measurements of one image, as one vector: stains and colours, nuclei, texture at several scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.color import rgb2hed, rgb2hsv, rgb2lab
from skimage.filters import gaussian

from retrieval.image.histology.nuclei import NUCLEI, measure_nuclei
from retrieval.image.histology.texture import COOCCURRENCE, band_energy, cooccurrence, local_patterns
from retrieval.image.picture import Pixels

REVISION: Final = "1"
"""Changes whenever a measurement does: features of two revisions must not be mixed."""

LONGEST_SIDE: Final = 512
_SHORTEST_SIDE: Final = 32
_GLASS_OD: Final = 0.35
_PERCENTILES: Final = (5, 25, 50, 75, 95)

Image2D = npt.NDArray[np.float32]


class _Channels(NamedTuple):
    rgb: Pixels
    hed: npt.NDArray[np.float32]
    """Concentrations of haematoxylin, eosin and DAB (Ruifrok and Johnston 2001)."""
    lab: npt.NDArray[np.float32]
    saturation: Image2D
    nuclear: Image2D
    """Haematoxylin, smoothed by one pixel."""
    smooth_lightness: Image2D


def histology_features(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Shape (len(names()),). Images with a side over 512 pixels are shrunk first; sizes are in pixels then."""
    channels = _channels(_bounded(pixels))
    values: list[float] = []
    for block in _BLOCKS:
        values += block(channels)
    return np.nan_to_num(np.array(values, dtype=np.float32), posinf=0.0, neginf=0.0)


def _bounded(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    shrink = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(_SHORTEST_SIDE, round(width * shrink)), max(_SHORTEST_SIDE, round(height * shrink))
    if size == (width, height):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS), dtype=np.uint8)


def _channels(rgb: Pixels) -> _Channels:
    hed = rgb2hed(rgb).astype(np.float32)
    lab = rgb2lab(rgb).astype(np.float32)
    return _Channels(
        rgb=rgb,
        hed=hed,
        lab=lab,
        saturation=rgb2hsv(rgb)[..., 1].astype(np.float32),
        nuclear=gaussian(hed[..., 0], 1).astype(np.float32),
        smooth_lightness=gaussian(lab[..., 0], 1.5).astype(np.float32),
    )


def _distribution(channel: Image2D) -> list[float]:
    return [*map(float, np.percentile(channel, _PERCENTILES)), float(channel.mean()), float(channel.std())]


def _stains(c: _Channels) -> list[float]:
    return [value for n in range(3) for value in _distribution(c.hed[..., n])]


def _colours(c: _Channels) -> list[float]:
    values = [value for n in range(3) for value in _distribution(c.lab[..., n])]
    flat = c.lab.reshape(-1, 3)
    together = np.asarray(np.corrcoef(flat.T)) if (np.ptp(flat, axis=0) > 0).all() else np.zeros((3, 3))
    lightness = np.histogram(c.lab[..., 0], bins=10, range=(0, 100))[0] / c.lab[..., 0].size
    return [
        *values,
        *_distribution(c.saturation),
        *map(float, together[np.triu_indices(3, 1)]),
        *map(float, np.sqrt(lightness)),
    ]


def _areas(c: _Channels) -> list[float]:
    density = -np.log(np.maximum(c.rgb.astype(np.float32), 1) / 255).sum(axis=-1)
    red_cells = (c.lab[..., 1] > 35) & (c.lab[..., 2] > -5)
    return [float((density < _GLASS_OD).mean()), float(red_cells.mean())]


def _nuclei(c: _Channels) -> list[float]:
    return measure_nuclei(c.nuclear)


def _texture(c: _Channels) -> list[float]:
    patterns = [
        value
        for channel in (*np.moveaxis(c.rgb, -1, 0), np.clip(c.smooth_lightness * 2.55, 0, 255).astype(np.uint8))
        for value in local_patterns(channel)
    ]
    pairs = [*cooccurrence(c.nuclear), *cooccurrence(c.lab[..., 0])]
    bands = [value for channel in (c.hed[..., 0], c.lab[..., 0], c.lab[..., 1]) for value in band_energy(channel)]
    return [*patterns, *pairs, *bands]


_BLOCKS: Final = (_stains, _colours, _areas, _nuclei, _texture)


def names() -> Sequence[str]:
    """What each number of the vector is."""
    spread = (*(f"p{p}" for p in _PERCENTILES), "mean", "sd")
    patterns = [f"{r}px-{n}" for r, points in ((1, 8), (3, 16), (5, 16)) for n in range(points + 2)]
    bands = [f"{s}px-{what}" for s in (1, 2, 4, 8, 16, 32) for what in ("sd", "mean")]
    return [
        *(f"{stain}.{s}" for stain in ("haematoxylin", "eosin", "dab") for s in spread),
        *(f"{channel}.{s}" for channel in ("lightness", "green-red", "blue-yellow") for s in spread),
        *(f"saturation.{s}" for s in spread),
        *("correlation.L-a", "correlation.L-b", "correlation.a-b"),
        *(f"lightness.bin{n}" for n in range(10)),
        *("area.glass", "area.red-cells"),
        *(f"nuclei.{name}" for name in NUCLEI),
        *(f"patterns.{channel}.{p}" for channel in ("red", "green", "blue", "smooth-lightness") for p in patterns),
        *(f"pairs.{channel}.{p}" for channel in ("haematoxylin", "lightness") for p in COOCCURRENCE),
        *(f"bands.{channel}.{b}" for channel in ("haematoxylin", "lightness", "green-red") for b in bands),
    ]
