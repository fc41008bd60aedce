"""From a file to weighted regions, with what it takes in memory."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.image.picture import Pixels, read_picture
from retrieval.image.slides import (
    Slide,
    SlideFacts,
    SlideReading,
    read_slide_regions,
    slide,
    thumbnail_png,
    tissue_mask,
)
from tests.retrieval.image.slide_files import BLOBS, Blob, colours, run_apart, write_slide

GIGABYTE = 10**9
SIDE = 1536


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,536 x 1,536 pixels of 0.25 um, three levels, three pieces of tissue."""
    return write_slide(tmp_path_factory.mktemp("slides") / "small.tiff", SIDE, tile=64)


@pytest.fixture(scope="module")
def reading(small: Path) -> SlideReading:
    return read_slide_regions(small, colours, k=3, target_mpp=0.25, tile_px=64)


def test_each_kind_of_tissue_is_represented_by_its_share(reading: SlideReading) -> None:
    assert len(reading.regions) == 3
    assert sum(region.weight for region in reading.regions) == pytest.approx(1)
    areas = sorted((blob.across * blob.down for blob in BLOBS), reverse=True)
    for region, area in zip(reading.regions, areas, strict=True):
        assert region.weight == pytest.approx(area / sum(areas), abs=0.12)


def test_a_region_is_the_tile_in_its_box_with_its_scale_and_embedding(small: Path, reading: SlideReading) -> None:
    with Slide.open(small) as opened:
        for region in reading.regions:
            assert (region.box.width, region.box.height) == (64, 64)
            assert (opened.read(region.box, (64, 64)) == region.picture.pixels).all()
            assert region.picture.mpp == 0.25
            assert (colours([region.picture.pixels])[0] == region.embedding).all()


def test_the_same_file_gives_the_same_reading(small: Path, reading: SlideReading) -> None:
    again = read_slide_regions(small, colours, k=3, target_mpp=0.25, tile_px=64)
    assert [(region.box, region.weight) for region in again.regions] == [
        (region.box, region.weight) for region in reading.regions
    ]


def test_pixels_are_embedded_in_batches_and_progress_is_told(small: Path) -> None:
    sizes: list[int] = []
    told: list[tuple[int, int]] = []

    def embed(tiles: list[Pixels]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        sizes.append(len(tiles))
        return colours(tiles)

    read_slide_regions(
        small, embed, target_mpp=0.25, tile_px=64, most_tiles=70, progress=lambda *done: told.append(done)
    )
    assert sizes == [32, 32, 6]
    assert told == [(32, 70), (64, 70), (70, 70)]


def test_a_slide_without_small_levels_that_is_too_large_to_be_seen_in_full_is_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_slide(tmp_path / "flat.tiff", SIDE, levels=1, tile=64)
    in_full = read_slide_regions(path, colours, target_mpp=0.25)
    assert not in_full.notices
    monkeypatch.setattr(slide, "_MOST_READ_PIXELS", 400_000)
    monkeypatch.setattr(slide, "_BLOCK_PX", 128)
    sampled = read_slide_regions(path, colours, target_mpp=0.25)
    assert [notice.kind for notice in sampled.notices] == ["thumbnail"]
    assert sampled.tissue_share == pytest.approx(in_full.tissue_share, abs=0.02)


def test_a_thumbnail_shows_numbered_boxes_where_the_regions_are(reading: SlideReading) -> None:
    assert reading.thumbnail.shape == (SIDE, SIDE, 3)
    plain = read_picture(thumbnail_png(reading._replace(regions=()), 512)).pixels
    png = thumbnail_png(reading, 512)
    drawn = read_picture(png).pixels
    assert drawn.shape == plain.shape == (512, 512, 3)
    changed = (drawn != plain).any(axis=2)
    for region in reading.regions:
        x, y, side = round(region.box.x / 3), round(region.box.y / 3), 21
        assert changed[y : y + side, x].all()
        assert not changed[y + 3 : y + side - 3, x + 3 : x + side - 3].any()
    assert changed.mean() < 0.02
    assert set(Image.open(io.BytesIO(png)).info) == set()


def test_a_small_slide_without_small_levels_takes_little_memory(tmp_path: Path) -> None:
    run = run_apart(write_slide(tmp_path / "slide.tiff", 4000, levels=1, blobs=(Blob(0.5, 0.5, 2, 2),)))
    assert run.regions == 8
    assert run.peak_bytes < GIGABYTE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("side", "levels", "blobs"),
    [
        (60_000, 4, BLOBS),
        (60_000, 4, (Blob(0.5, 0.5, 1.3, 1.3),)),
        (20_000, 1, BLOBS),
    ],
)
def test_a_slide_of_any_size_is_read_in_under_2_gb(
    tmp_path: Path, side: int, levels: int, blobs: tuple[Blob, ...]
) -> None:
    run = run_apart(write_slide(tmp_path / "slide.tiff", side, levels=levels, blobs=blobs))
    assert run.regions == 8
    assert run.tiles_read <= 1000
    assert run.peak_bytes < 2 * GIGABYTE


@pytest.mark.data
def test_a_real_slide_is_read(data: Path) -> None:
    reading = read_slide_regions(data / "wsi" / "cmu-1-small-region.svs", colours)
    assert reading.facts == SlideFacts(levels=((2220, 2967),), vendor="aperio", mpp=0.499, objective=20.0)
    assert len(reading.regions) == 8
    assert reading.regions[0].picture.mpp == pytest.approx(1.0, abs=0.01)
    assert 0.25 < reading.tissue_share < 0.5
    assert all(tissue_mask(region.picture.pixels).mean() > 0.4 for region in reading.regions)
    assert reading.notices == ()
