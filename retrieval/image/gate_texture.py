"""What the texture of a picture says: structure of tissue or of drawings, focus, noise, compression, enlargement."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from retrieval.image.gate_colour import GLASS_CHROMA, GLASS_LEVEL, Ground, Mask
from retrieval.image.picture import Pixels

# Spread of 3 x 3 grey levels: below it is flat fill or a gradient, above it the edge of ink; tissue lies between.
_FLAT: Final = 4.0
_HARD: Final = 90.0
_INK: Final = 60.0
_BLOCK: Final = 8
_NATIVE: Final = 320
_LEAST_PIXELS: Final = 200
_LIVE_STD: Final = 2.0


def structure(seen: Ground) -> dict[str, float]:
    """Shares of the tissue: structured (neither flat nor hard-edged), flat, and hard-edged as ink is."""
    spread, count = seen.spread[seen.tissue], seen.tissue_pixels
    return {
        "structure": float(((spread >= _FLAT) & (spread <= _HARD)).sum()) / count,
        "flat": float((spread < _FLAT).sum()) / count,
        "ink": float((spread > _INK).sum()) / count,
    }


def sharpness(seen: Ground) -> dict[str, float]:
    """Variance of detail finer than 1 px over that of all up to 4 px, on tissue: contrast and size cancel out.

    `grain` compares detail of 1 to 2 px with what is coarser: tissue has coarser structure, noise has none.
    """
    if seen.tissue.sum() < _LEAST_PIXELS:
        return {"sharpness": 1.0, "grain": 0.0}
    at = {sigma: ndimage.gaussian_filter(seen.grey, sigma) for sigma in (1.0, 2.0, 4.0, 8.0)}

    def energy(fine: npt.NDArray[np.float32], coarse: npt.NDArray[np.float32]) -> float:
        return float(np.square((fine - coarse)[seen.tissue], dtype=np.float64).sum())

    return {
        "sharpness": energy(seen.grey, at[1.0]) / max(energy(seen.grey, at[4.0]), 1e-6),
        "grain": energy(at[1.0], at[2.0]) / max(energy(at[2.0], at[8.0]), 1e-6),
    }


def grid(pixels: Pixels) -> dict[str, float]:
    """Traces of compression and enlargement at the size that was sent, in its middle 320 x 320 px.

    `blocking`: how far steps at every 8th column and row exceed those beside them, in mean steps; `block_step` in
    grey levels. Any offset of the grid counts, so crops are found too. `repeated`: columns equal to the one before.
    """
    height, width = pixels.shape[:2]
    top, left = max(0, height - _NATIVE) // 2, max(0, width - _NATIVE) // 2
    crop = pixels[top : top + _NATIVE, left : left + _NATIVE]
    lowest = crop.min(axis=2)
    tissue = (lowest < GLASS_LEVEL) | (crop.max(axis=2) - lowest > GLASS_CHROMA)
    # Green stands for luma here: most of it, and what stains darken most.
    grey = crop[..., 1].astype(np.float32)
    across, down = _blocking(grey, tissue), _blocking(np.ascontiguousarray(grey.T), tissue.T)
    return {
        "blocking": min(across[0], down[0]),
        "block_step": min(across[1], down[1]),
        "repeated": min(_repeated(grey), _repeated(grey.T)),
    }


def _blocking(grey: npt.NDArray[np.float32], tissue: Mask) -> tuple[float, float]:
    if grey.shape[1] < 4 * _BLOCK or tissue.sum() < _LEAST_PIXELS:
        return 0.0, 0.0
    step = np.abs(np.diff(grey, axis=1))
    # Against the neighbours, so that texture cancels out and only a seam remains.
    excess = step[:, 1:-1] - 0.5 * (step[:, :-2] + step[:, 2:])
    # All four pixels of both neighbouring steps are tissue.
    used = tissue[:, :-3] & tissue[:, 1:-2] & tissue[:, 2:-1] & tissue[:, 3:]
    sums, counts = np.where(used, excess, 0).sum(axis=0), used.sum(axis=0)
    phases = np.array([sums[p::_BLOCK].sum() / max(1, counts[p::_BLOCK].sum()) for p in range(_BLOCK)])
    # Less the second, for an image enlarged twofold has steps at every other column.
    second, highest = np.sort(phases)[-2:]
    seam = float(highest - second)
    mean_step = float(np.where(used, step[:, 1:-1], 0).sum()) / max(1, int(counts.sum()))
    return seam / max(mean_step, 1e-6), seam


def _repeated(grey: npt.NDArray[np.float32]) -> float:
    """Share of the columns with anything in them that are the same as the column before."""
    live = grey.std(axis=0)[1:] > _LIVE_STD
    if live.sum() < _BLOCK:
        return 0.0
    same = (grey[:, 1:] == grey[:, :-1]).all(axis=0)
    return float((same & live).sum()) / float(live.sum())
