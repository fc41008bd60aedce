"""At which scale a slide is read, where tissue lies on it, which tiles are looked at and which stand for all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.errors import InputError
from retrieval.image.picture import read_picture
from retrieval.image.regions import Box
from retrieval.image.slides import (
    Slide,
    SlideFacts,
    plan_tiles,
    read_slide_regions,
    read_tiles,
    representatives,
    slide,
    tissue_mask,
)
from retrieval.image.slides.scale import microns_per_pixel
from tests.retrieval.image.slide_files import GLASS, colours, texture, write_pixels, write_slide

SIDE = 1536


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,536 x 1,536 pixels of 0.25 um, three levels, three pieces of tissue."""
    return write_slide(tmp_path_factory.mktemp("slides") / "small.tiff", SIDE, tile=64)


@pytest.mark.parametrize(
    ("properties", "mpp", "said"),
    [
        ({"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.25", "openslide.objective-power": "20"}, 0.25, 0),
        ({"openslide.mpp-x": "0.2", "openslide.mpp-y": "0.8"}, 0.4, 0),
        ({"openslide.mpp-x": "0.5"}, 0.5, 0),
        ({"tiff.XResolution": "20000", "tiff.ResolutionUnit": "centimeter"}, 0.5, 0),
        ({"tiff.XResolution": "50800", "tiff.ResolutionUnit": "inch"}, 0.5, 0),
        ({"tiff.XResolution": "20000"}, None, 1),
        ({"openslide.objective-power": "40"}, 0.25, 1),
        ({"openslide.mpp-x": "352.8", "openslide.objective-power": "20"}, 0.5, 1),
        ({"openslide.mpp-x": "nan", "openslide.objective-power": "0"}, None, 1),
        ({"openslide.mpp-x": "-1", "openslide.objective-power": "twenty"}, None, 1),
        ({}, None, 1),
    ],
)
def test_microns_per_pixel_are_stated_or_follow_from_resolution_or_objective_or_are_unknown(
    properties: Mapping[str, str], mpp: float | None, said: int
) -> None:
    found, notices = microns_per_pixel(properties)
    assert found == (None if mpp is None else pytest.approx(mpp))
    assert [notice.kind for notice in notices] == ["scale"] * said


def test_without_a_scale_tiles_are_read_as_of_half_a_micron_and_say_so(tmp_path: Path) -> None:
    reading = read_slide_regions(write_slide(tmp_path / "slide.tiff", 4000, mpp=None), colours, k=1)
    assert reading.facts.mpp is None
    assert reading.notices[0].kind == "scale"
    assert reading.regions[0].box.width == 448
    assert reading.regions[0].picture.mpp is None


def test_tiles_are_never_enlarged() -> None:
    plan = plan_tiles(SlideFacts(((4000, 4000),), "", mpp=2.0), np.ones((40, 40), dtype=np.bool_), target_mpp=1.0)
    assert plan.boxes[0].width == 224
    assert plan.mpp == 2.0
    assert [notice.kind for notice in plan.notices] == ["scale"]


def test_a_box_is_read_from_the_smallest_level_that_suffices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_slide(tmp_path / "slide.tiff", 4100)
    with Slide.open(path) as opened:
        assert opened.facts.levels == ((4100, 4100), (1025, 1025), (257, 257))
        read, levels = opened._file.read_region, []

        def noted(corner: tuple[int, int], level: int, size: tuple[int, int]) -> Image.Image:
            levels.append(level)
            return read(corner, level, size)

        monkeypatch.setattr(opened._file, "read_region", noted)
        for downsample in (1, 3, 4, 15, 16, 30):
            opened.read(Box(0, 0, 120 * downsample, 120 * downsample), (120, 120))
    assert levels == [0, 0, 1, 1, 2, 2]


def test_pixels_of_level_0_come_out_as_they_are(tmp_path: Path) -> None:
    pixels = texture("violet", side=700)
    with Slide.open(write_pixels(tmp_path / "slide.tiff", pixels)) as opened:
        for box in (Box(0, 0, 700, 700), Box(13, 300, 50, 70), Box(600, 650, 100, 50)):
            found = opened.read(box, (box.width, box.height))
            assert (found == pixels[box.y : box.y + box.height, box.x : box.x + box.width]).all()


def test_a_large_box_is_read_in_blocks_that_meet_without_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = texture("violet", side=1500)
    with Slide.open(write_pixels(tmp_path / "slide.tiff", pixels)) as opened:
        whole = opened.read(Box(10, 20, 1400, 1450), (333, 290))
        monkeypatch.setattr(slide, "_BLOCK_PX", 100)
        in_blocks = opened.read(Box(10, 20, 1400, 1450), (333, 290))
    assert np.abs(whole.astype(int) - in_blocks.astype(int)).max() <= 2
    expected = Image.fromarray(pixels[20:1470, 10:1410]).resize((333, 290), Image.Resampling.HAMMING)
    assert np.abs(whole.astype(int) - np.asarray(expected).astype(int))[2:-2, 2:-2].max() <= 2


@pytest.mark.parametrize(
    ("box", "size"), [(Box(-1, 0, 10, 10), (5, 5)), (Box(1530, 0, 10, 10), (5, 5)), (Box(0, 0, 10, 10), (11, 10))]
)
def test_a_box_outside_the_slide_or_to_be_enlarged_is_refused(small: Path, box: Box, size: tuple[int, int]) -> None:
    with Slide.open(small) as opened, pytest.raises(InputError, match=r"small\.tiff"):
        opened.read(box, size)


@pytest.mark.parametrize("stain", ["violet", "pink", "brown", "pale"])
def test_tissue_of_every_stain_is_told_from_glass(stain: str) -> None:
    pixels = np.full((400, 400, 3), GLASS, dtype=np.uint8)
    pixels[100:300, 100:300] = texture(stain, side=200)
    mask = tissue_mask(pixels)
    assert mask[105:295, 105:295].mean() > 0.97
    assert mask.sum() < 1.1 * 200 * 200


def test_a_picture_full_of_tissue_is_all_tissue() -> None:
    assert tissue_mask(texture("violet", side=400)).mean() > 0.99


def test_glass_beside_what_was_not_scanned_is_no_tissue() -> None:
    pixels = np.full((400, 400, 3), 255, dtype=np.uint8)
    pixels[100:300, 50:350] = np.random.default_rng(0).normal((236, 234, 238), 1.5, (200, 300, 3)).astype(np.uint8)
    assert tissue_mask(pixels).sum() == 0
    pixels[150:250, 100:200] = texture("pale", side=100)
    assert tissue_mask(pixels)[150:250, 100:200].mean() > 0.75


def test_specks_and_small_holes_are_removed_and_large_holes_stay() -> None:
    pixels = np.full((1000, 1000, 3), GLASS, dtype=np.uint8)
    pixels[200:800, 200:800] = (180, 100, 170)
    pixels[300:303, 300:303] = GLASS
    pixels[500:600, 500:600] = GLASS
    pixels[50:52, 50:52] = (180, 100, 170)
    mask = tissue_mask(pixels)
    assert mask[301, 301]
    assert not mask[550, 550]
    assert not mask[:100, :100].any()


def test_pen_around_tissue_is_left_out() -> None:
    pixels = np.full((600, 600, 3), GLASS, dtype=np.uint8)
    pixels[200:400, 200:400] = texture("pink", side=200)
    for place, colour in ((100, (40, 160, 130)), (450, (40, 70, 190)), (520, (220, 30, 40))):
        pixels[place : place + 20, 50:550] = colour
    pixels[:15] = 10
    mask = tissue_mask(pixels)
    assert mask[210:390, 210:390].mean() > 0.97
    assert mask.sum() == pytest.approx(200 * 200, rel=0.05)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("almost-white-1", 0.0, 0.01),
        ("no-tissue", 0.0, 0.02),
        ("no-tissue2", 0.0, 0.02),
        ("no-tissue-green-pen", 0.0, 0.15),
        ("diagnostic-slide-thumb-rgb", 0.45, 0.6),
        ("high-nuclei-score-level0", 0.95, 1.0),
        ("very-low-nuclei-score-level0", 0.95, 1.0),
        ("low-nuclei-score-level0", 0.25, 0.5),
        ("tissue-level2-4640-4649-8736-8746", 0.65, 0.85),
    ],
)
def test_the_share_of_tissue_in_real_pictures_is_about_what_is_seen(
    data: Path, name: str, least: float, most: float
) -> None:
    pixels = read_picture((data / "wsi" / "tiles" / f"{name}.png").read_bytes()).pixels
    assert least <= tissue_mask(pixels).mean() <= most


FACTS = SlideFacts(((10_000, 8_000),), "", mpp=1.0)


def half_tissue() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    mask = np.zeros((80, 100), dtype=np.bool_)
    mask[:, :50] = True
    return mask


def test_tiles_lie_on_tissue_without_overlap_and_in_reading_order() -> None:
    plan = plan_tiles(FACTS, half_tissue(), tile_px=100, most=4000)
    assert plan.boxes == tuple(Box(x, y, 100, 100) for y in range(0, 8000, 100) for x in range(0, 5000, 100))
    assert (plan.found, plan.mpp, plan.notices) == (4000, 1.0, ())


def test_of_too_many_tiles_as_many_as_asked_for_are_spread_evenly_and_always_the_same() -> None:
    plan, again = (plan_tiles(FACTS, half_tissue(), tile_px=100, most=400) for _ in range(2))
    assert plan == again
    assert (len(plan.boxes), plan.found) == (400, 4000)
    assert [notice.message for notice in plan.notices] == [
        "400 of 4,000 tiles with tissue were looked at, evenly spread"
    ]
    quarters = np.zeros((4, 4), dtype=int)
    for box in plan.boxes:
        quarters[box.y // 2000, box.x // 1250] += 1
    assert quarters.min() >= 20
    assert quarters.max() <= 30
    assert plan_tiles(FACTS, half_tissue(), tile_px=100, most=400, seed=1).boxes != plan.boxes


def test_where_tissue_is_thin_tiles_with_less_of_it_do_and_that_is_said() -> None:
    mask = np.zeros((800, 1000), dtype=np.bool_)
    mask[::5] = True
    plan = plan_tiles(FACTS, mask, tile_px=500)
    assert len(plan.boxes) == 320
    assert [notice.kind for notice in plan.notices] == ["little_tissue"]


def test_a_grid_of_absurd_extent_is_thinned_out() -> None:
    plan = plan_tiles(SlideFacts(((2**31, 2**31),), "", mpp=1.0), np.ones((9, 9), dtype=np.bool_), most=10)
    assert len(plan.boxes) == 10
    assert plan.found <= 4_100_000


def test_tiles_are_read_one_by_one(small: Path) -> None:
    with Slide.open(small) as opened:
        plan = plan_tiles(opened.facts, np.ones((10, 10), dtype=np.bool_), target_mpp=0.5, tile_px=64)
        first = next(read_tiles(opened, plan))
    assert first.pixels.shape == (64, 64, 3)
    assert first.mpp == 0.5


def test_representatives_are_nearest_to_the_centres_of_their_clusters_largest_first() -> None:
    features = np.array([[0, 0], [0, 3], [0, 1], [9, 9], [9, 8], [50, 0]], dtype=np.float32)
    picks, weights = representatives(features, 3)
    assert picks.tolist() == [2, 3, 5]
    assert weights.tolist() == [3 / 6, 2 / 6, 1 / 6]


def test_there_are_never_more_representatives_than_different_tiles() -> None:
    picks, weights = representatives(np.array([[1, 1], [1, 1], [2, 2]], dtype=np.float32), 8)
    assert picks.tolist() == [0, 2]
    assert weights.tolist() == [2 / 3, 1 / 3]


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4,)])
def test_features_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="shape"):
        representatives(np.zeros(shape, dtype=np.float32))
