"""From a whole slide to hits: representative tiles, each searched with, fused by how much tissue they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from retrieval.image.concepts import SeenConcept
from retrieval.image.records import ImageQuery, ImageResult
from retrieval.image.regions import Box
from retrieval.image.search import ImageSearch
from retrieval.image.slides import Progress, read_slide_regions, thumbnail_png
from retrieval.image.slides.slide import SlideFacts

REGIONS: Final = 8


class SearchedRegion(NamedTuple):
    box: Box
    """In pixels of level 0."""
    weight: float
    concepts: tuple[SeenConcept, ...]


class SlideResult(NamedTuple):
    result: ImageResult
    facts: SlideFacts
    regions: tuple[SearchedRegion, ...]
    thumbnail: bytes
    """PNG with the regions drawn."""
    notices: tuple[str, ...]


def search_slide(
    images: ImageSearch,
    query: ImageQuery,
    path: Path,
    *,
    regions: int = REGIONS,
    target_mpp: float = 1.0,
    progress: Progress | None = None,
) -> SlideResult:
    """ImageError where the file is damaged, no slide, or shows no tissue. Memory does not grow with the slide."""
    reading = read_slide_regions(path, images.encode, k=regions, target_mpp=target_mpp, progress=progress)
    vectors = np.array([region.embedding for region in reading.regions], dtype=np.float32)
    result = images.search_vectors(query, vectors, [region.weight for region in reading.regions])
    searched = tuple(
        SearchedRegion(region.box, region.weight, images.concepts(region.embedding)) for region in reading.regions
    )
    told = tuple(notice.message for notice in reading.notices)
    return SlideResult(result, reading.facts, searched, thumbnail_png(reading), told)
