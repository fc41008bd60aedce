"""A slide told by a few of its tiles: where they are, what they weigh, their pixels and their embeddings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.errors import InputError
from retrieval.image.picture import Picture, Pixels
from retrieval.image.regions import Box
from retrieval.image.slides.notice import Notice
from retrieval.image.slides.representatives import representatives
from retrieval.image.slides.slide import Slide, SlideFacts
from retrieval.image.slides.tiles import MIN_SHARE, MOST_TILES, TilePlan, plan_tiles, read_tiles, require_sensible
from retrieval.image.slides.tissue import tissue_mask

Embed = Callable[[list[Pixels]], npt.NDArray[np.float32]]
"""Tiles in, features of shape (n, d) out, in the same order."""
Progress = Callable[[int, int], None]
"""Tiles embedded so far, and of how many."""

THUMBNAIL_PX: Final = 2000
_BATCH: Final = 32


class SlideRegion(NamedTuple):
    box: Box
    """In pixels of level 0."""
    weight: float
    """Share of the tiles looked at that this one stands for; the weights of a reading sum to 1."""
    picture: Picture
    embedding: npt.NDArray[np.float32]
    """Shape (d,), as `embed` gave it."""


class SlideReading(NamedTuple):
    """Regions by weight, heaviest first."""

    facts: SlideFacts
    regions: tuple[SlideRegion, ...]
    thumbnail: Pixels
    """All of the slide, at most 2,000 pixels on its longer side."""
    tissue_share: float
    tiles_found: int
    tiles_read: int
    notices: tuple[Notice, ...]


def read_slide_regions(
    path: str | Path,
    embed: Embed,
    *,
    k: int = 8,
    target_mpp: float = 1.0,
    tile_px: int = 224,
    min_share: float = MIN_SHARE,
    most_tiles: int = MOST_TILES,
    seed: int = 0,
    progress: Progress | None = None,
) -> SlideReading:
    """Look at a slide of any size through at most `most_tiles` tiles, and keep the k that stand for all of them.

    The same file gives the same regions. Pixels of a few tiles at a time are in memory; those of the k are read again.
    ImageError where the file is damaged or no slide, and `blank` for one without tissue: nothing half-read comes back.
    """
    if k < 1:
        raise InputError(f"{k} regions of a slide: ask for 1 or more")
    require_sensible(target_mpp, tile_px, min_share, most_tiles)
    with Slide.open(path) as slide:
        width, height = slide.facts.size
        everything = Box(0, 0, width, height)
        scale = min(1.0, THUMBNAIL_PX / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        thumbnail = slide.read(everything, size)
        mask = tissue_mask(thumbnail)
        plan = plan_tiles(
            slide.facts,
            mask,
            target_mpp=target_mpp,
            tile_px=tile_px,
            min_share=min_share,
            most=most_tiles,
            seed=seed,
            name=Path(path).name,
        )
        features = _features(slide, plan, embed, progress)
        chosen, weights = representatives(features, k, seed=seed)
        picked = plan._replace(boxes=tuple(plan.boxes[row] for row in chosen.tolist()))
        regions = tuple(
            SlideRegion(box, float(weight), picture, features[row].copy())
            for box, weight, picture, row in zip(picked.boxes, weights, read_tiles(slide, picked), chosen, strict=True)
        )
        notices = [*slide.notices, *plan.notices]
        if slide.sparsity(everything, size) > 1:
            text = "the slide has no small level: its thumbnail is put together of samples, and tissue may be missed"
            notices.insert(0, Notice("thumbnail", text))
        return SlideReading(
            slide.facts, regions, thumbnail, float(mask.mean()), plan.found, len(plan.boxes), tuple(notices)
        )


def _features(slide: Slide, plan: TilePlan, embed: Embed, progress: Progress | None) -> npt.NDArray[np.float32]:
    """Shape (tiles, d). The pixels of a batch are gone before those of the next are read."""
    rows: list[npt.NDArray[np.float32]] = []
    tiles = read_tiles(slide, plan)
    total = len(plan.boxes)
    while done := list(islice(tiles, _BATCH)):
        vectors = np.asarray(embed([picture.pixels for picture in done]), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(done):
            raise InputError(f"{len(done)} tiles were embedded into shape {vectors.shape}; give one row for each")
        rows.append(vectors)
        if progress is not None:
            progress(min(len(rows) * _BATCH, total), total)
    return np.concatenate(rows)
