"""Which squares of a slide to look at, and their pixels one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.errors import ImageError, InputError
from retrieval.image.picture import Picture
from retrieval.image.regions import Box, Mask
from retrieval.image.slides.notice import Notice
from retrieval.image.slides.slide import Slide, SlideFacts

Ints = npt.NDArray[np.int64]

MOST_TILES: Final = 1000
MIN_SHARE: Final = 0.5
_ASSUMED_MPP: Final = 0.5
"""Read as 20x, a slide of 40x or 10x is off by a factor of 2 only."""
_MOST_CELLS: Final = 4_000_000
_RELAXED: Final = (1.0, 0.5, 0.1)
_FEW_TILES: Final = 4
_TILE_SIDES: Final = (32, 2048)


class TilePlan(NamedTuple):
    """Tiles in reading order, without any pixels yet."""

    boxes: tuple[Box, ...]
    """In pixels of level 0."""
    tile_px: int
    """Side of the tiles once read."""
    mpp: float | None
    """Of the tiles once read; coarser than asked for where the slide is."""
    found: int
    """Tiles with tissue before sampling."""
    notices: tuple[Notice, ...] = ()


def plan_tiles(
    facts: SlideFacts,
    mask: Mask,
    *,
    target_mpp: float = 1.0,
    tile_px: int = 224,
    min_share: float = MIN_SHARE,
    most: int = MOST_TILES,
    seed: int = 0,
    name: str = "the slide",
) -> TilePlan:
    """A grid of tiles without overlap of which `min_share` is tissue, at most `most` of them, spread over the tissue.

    mask is that of the whole slide at any scale, name what errors call it. Where nowhere so much tissue is together,
    as in smears, less suffices, with a notice. ImageError `blank`, and `too_small` for a slide smaller than a tile.
    """
    require_sensible(target_mpp, tile_px, min_share, most)
    side, notices = _side(facts, target_mpp, tile_px, name)
    corners, shares = _grid(facts.size, mask, side)
    for factor in _RELAXED:
        threshold = min_share * factor
        chosen = corners[shares >= threshold]
        if len(chosen):
            break
    else:
        share = float(mask.mean())
        raise ImageError(
            "blank",
            f"{name} shows no tissue: {share:.2%} of it is no glass; check that it is the right file, or send a "
            "part of it as an image",
            measure=share,
        )
    found = len(chosen)
    if factor < 1 or found < _FEW_TILES:
        notices.append(
            Notice("little_tissue", f"the slide shows little tissue: {found:,} tiles with {threshold:.0%} or more")
        )
    if found > most:
        chosen = chosen[_spread(chosen // side, most, seed)]
        notices.append(Notice("sampled", f"{most:,} of {found:,} tiles with tissue were looked at, evenly spread"))
    mpp = None if facts.mpp is None else facts.mpp * side / tile_px
    boxes = tuple(Box(x, y, side, side) for x, y in chosen.tolist())
    return TilePlan(boxes, tile_px, mpp, found, tuple(notices))


def read_tiles(slide: Slide, plan: TilePlan) -> Iterator[Picture]:
    """The tiles of a plan in its order, each read when asked for. ImageError `unreadable_region`."""
    for box in plan.boxes:
        yield Picture(slide.read(box, (plan.tile_px, plan.tile_px)), plan.mpp)


def require_sensible(target_mpp: float, tile_px: int, min_share: float, most: int) -> None:
    """InputError for settings that no plan can be made with, before anything is read."""
    if not 0 < target_mpp < math.inf:
        raise InputError(f"{target_mpp} microns per pixel is no scale; give one above 0, such as 1.0")
    if not _TILE_SIDES[0] <= tile_px <= _TILE_SIDES[1]:
        raise InputError(f"tiles of {tile_px} pixels: give a side from {_TILE_SIDES[0]} to {_TILE_SIDES[1]}")
    if not 0 < min_share <= 1 or most < 1:
        raise InputError(f"at least {min_share} of a tile and at most {most} tiles: give 0 to 1, and 1 or more")


def _side(facts: SlideFacts, target_mpp: float, tile_px: int, name: str) -> tuple[int, list[Notice]]:
    """Side of a tile in pixels of level 0: never less than its pixels once read, never more than the slide."""
    least = min(facts.size)
    if least < tile_px:
        raise ImageError(
            "too_small",
            f"{name} has {facts.size[0]:,} x {facts.size[1]:,} pixels, less than a tile of {tile_px}; send it as an "
            "image",
            measure=least,
        )
    wanted = round(tile_px * target_mpp / (facts.mpp or _ASSUMED_MPP))
    side = min(max(wanted, tile_px), least)
    if side != wanted and facts.mpp is not None:
        mpp = facts.mpp * side / tile_px
        why = "is no finer" if wanted < side else "is too small for more"
        return side, [Notice("scale", f"tiles have {mpp:.3g} um/px instead of {target_mpp:.3g}: the slide {why}")]
    return side, []


def _grid(size: tuple[int, int], mask: Mask, side: int) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Corners (n, 2) as x, y of all cells of a centred grid, row by row, and the share of tissue in each (n,)."""
    counts = np.array(size) // side
    # A slide of absurd extent gets a grid with gaps rather than one that fills the memory.
    stride = side * max(1, math.ceil(math.sqrt(float(counts.prod()) / _MOST_CELLS)))
    columns, rows = (
        np.arange((extent - count * side) // 2, extent - side + 1, stride, dtype=np.int64)
        for extent, count in zip(size, counts.tolist(), strict=True)
    )
    sums = np.pad(mask.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    (left, right), (top, bottom) = (
        _edges(starts, side, pixels / extent, pixels)
        for starts, pixels, extent in ((columns, mask.shape[1], size[0]), (rows, mask.shape[0], size[1]))
    )
    tissue = (
        sums[np.ix_(bottom, right)] - sums[np.ix_(top, right)] - sums[np.ix_(bottom, left)] + sums[np.ix_(top, left)]
    )
    shares = tissue / np.outer(bottom - top, right - left)
    corners = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    return corners, shares.ravel()


def _edges(starts: Ints, side: int, scale: float, pixels: int) -> tuple[Ints, Ints]:
    """First and last + 1 pixel of the mask under each cell, at least one pixel of it."""
    low = np.minimum(np.rint(starts * scale).astype(np.int64), pixels - 1)
    high = np.clip(np.rint((starts + side) * scale).astype(np.int64), low + 1, pixels)
    return low, high


def _spread(cells: Ints, most: int, seed: int) -> Ints:
    """Row numbers of `most` cells (n, 2), in order: one by chance out of each of as many neighbourhoods.

    Neighbourhoods are stretches of equal length of the Z-order curve (Morton, 1966) through the cells.
    """
    codes = np.zeros(len(cells), dtype=np.int64)
    for bit in range(31):
        for axis in range(2):
            codes |= ((cells[:, axis] >> bit) & 1) << (2 * bit + axis)
    order = np.argsort(codes, kind="stable")
    bounds = np.linspace(0, len(cells), most + 1).astype(np.int64)
    picks = np.random.default_rng(seed).integers(bounds[:-1], bounds[1:])
    return np.sort(order[picks])
