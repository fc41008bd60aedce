"""Regions by box and by name, on tissue drawn here and on real images."""

from __future__ import annotations

import statistics
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from retrieval.errors import ConfigurationError, InputError
from retrieval.image.picture import Pixels, read_picture
from retrieval.image.regions import (
    Box,
    Mask,
    categories,
    crop,
    dice,
    find_category,
    iou,
    masked,
    parse_box,
    read_categories,
    segment,
)

PINK, VIOLET, PALE, GLASS = (230, 160, 200), (90, 50, 140), (190, 170, 220), (245, 245, 245)
DAB = (120, 75, 40)
CENTRES = ((110, 120), (120, 360), (360, 130), (370, 380))


def drawn(side: int = 512, ground: tuple[int, int, int] = PINK) -> Pixels:
    """Noise as of a camera on one colour."""
    noise = np.random.default_rng(7).normal(0, 3, (side, side, 3))
    return np.clip(noise + ground, 0, 255).astype(np.uint8)


def discs(side: int, centres: tuple[tuple[int, int], ...], radius: float) -> Mask:
    y, x = np.mgrid[:side, :side]
    return np.asarray(np.any([(y - cy) ** 2 + (x - cx) ** 2 <= radius**2 for cy, cx in centres], axis=0))


def glandular() -> tuple[Pixels, Mask]:
    """Four glands, 140 pixels across: white lumen, pale cells, a dark rim; scattered nuclei between them."""
    pixels = drawn()
    rng = np.random.default_rng(11)
    nuclei = discs(512, tuple(map(tuple, rng.integers(0, 512, (150, 2)))), 5)
    for shape, colour in (
        (nuclei, VIOLET),
        (discs(512, CENTRES, 70), VIOLET),
        (discs(512, CENTRES, 54), PALE),
        (discs(512, CENTRES, 12), GLASS),
    ):
        pixels[shape] = (drawn(ground=colour))[shape]
    return pixels, discs(512, CENTRES, 70)


def test_a_box_is_written_as_x_y_width_height() -> None:
    assert parse_box(" 10, 20,30 ,40") == Box(x=10, y=20, width=30, height=40)


@given(st.builds(Box, *[st.integers(0, 10**6)] * 2, *[st.integers(1, 10**6)] * 2))
def test_a_box_reads_what_it_writes(box: Box) -> None:
    assert parse_box(str(box)) == box


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "1 parts"),
        ("1,2,3", "3 parts"),
        ("1,2,3,4,5", "5 parts"),
        ("1,2,x,4", "'x'"),
        ("1,2,3.5,4", "'3.5'"),
        ("1,2,,4", "''"),
        ("1,2,²,4", "'²'"),
        ("1,2,9999999999,4", "'9999999999'"),
        ("1,2,+-3,4", "'+-3'"),
        ("-1,2,3,4", "-1,2"),
        ("1,2,0,4", "0 x 4"),
        ("1,2,3,-4", "3 x -4"),
    ],
)
def test_an_unusable_box_is_refused_with_what_is_wrong_in_it(text: str, named: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_box(text)
    assert named in str(refusal.value)
    assert repr(text) in str(refusal.value)


@given(st.text(alphabet="0123456789,-+. x", max_size=20))
def test_any_text_is_a_box_or_an_input_error(text: str) -> None:
    try:
        box = parse_box(text)
    except InputError:
        return
    assert min(box.x, box.y) >= 0
    assert min(box.width, box.height) >= 1


def test_a_crop_is_that_part_of_the_image_and_a_copy() -> None:
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    part = crop(pixels, Box(1, 2, 3, 2))
    assert np.array_equal(part, pixels[2:4, 1:4])
    part[:] = 0
    assert pixels[2:4, 1:4].any()


@pytest.mark.parametrize("box", [Box(0, 0, 6, 4), Box(0, 0, 5, 5), Box(5, 0, 1, 1), Box(-1, 0, 2, 2), Box(0, 0, 0, 1)])
def test_a_crop_that_is_not_wholly_inside_is_refused_with_both_sizes(box: Box) -> None:
    with pytest.raises(InputError, match=rf"{box} .*5 x 4"):
        crop(np.zeros((4, 5, 3), dtype=np.uint8), box)


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("glands", "glands"),
        ("Gland", "glands"),
        ("the glandular epithelium", "glands"),
        ("tumour stroma", "stroma"),
        ("tumor-stroma", "stroma"),
        ("Nuclei", "nuclei"),
        ("cell nucleus", "nuclei"),
        ("tissue", "tissue"),
        ("lumen", "background"),
        ("brown cells", "brown"),
        ("DAB positive cells", "brown"),
        ("adipose tissue", "fat"),
    ],
)
def test_a_category_is_known_by_its_synonyms_in_both_spellings_and_numbers(phrase: str, name: str) -> None:
    assert find_category(phrase).name == name


@pytest.mark.parametrize("phrase", ["mitoses", "", "  ", "the", "glands and stroma", "red blood cells"])
def test_an_unknown_phrase_is_refused_with_all_that_can_be_asked_for(phrase: str) -> None:
    with pytest.raises(InputError) as refusal:
        segment(drawn(64), phrase)
    assert repr(phrase) in str(refusal.value)
    assert all(known.name in str(refusal.value) for known in categories())


def test_every_category_says_what_it_marks_and_how_it_was_checked() -> None:
    assert [known.name for known in categories()] == [
        "glands", "stroma", "nuclei", "dense nuclei", "tissue", "background", "fat", "brown",
    ]  # fmt: skip
    assert all(known.means and known.checked for known in categories())


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("[[category]]\nname = 'a'", "means"),
        ("category = 3", "category"),
        ("not toml", "cannot be used"),
        ("[[category]]\nname='a'\nmeans=''\nmethod='magic'\nchecked=''\ncoarsest=1.0", "magic"),
        (
            "[[category]]\nname='gland'\nmeans=''\nmethod='glands'\nchecked=''\ncoarsest=1.0\n"
            "[[category]]\nname='x'\nalso=['Glands']\nmeans=''\nmethod='nuclei'\nchecked=''\ncoarsest=1.0",
            "'Glands'",
        ),
        ("[[category]]\nname='the'\nmeans=''\nmethod='glands'\nchecked=''\ncoarsest=1.0", "'the'"),
    ],
)
def test_a_wrong_table_is_refused_with_its_path_and_what_is_wrong(tmp_path: Path, table: str, named: str) -> None:
    path = tmp_path / "regions.toml"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        read_categories(path)
    assert str(path) in str(refusal.value)
    assert named in str(refusal.value)


def test_a_missing_table_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        read_categories(tmp_path / "none.toml")


def test_glands_are_found_whole_with_their_lumens() -> None:
    pixels, glands = glandular()
    region = segment(pixels, "glands")
    assert dice(region.mask, glands) > 0.9
    assert region.notices == ()
    assert region.share == pytest.approx(region.mask.mean())
    assert len(region.boxes) == 4
    assert all(any(abs(box.x + box.width / 2 - x) < 12 for _, x in CENTRES) for box in region.boxes)


def test_stroma_is_the_tissue_around_the_glands() -> None:
    pixels, glands = glandular()
    region = segment(pixels, "stroma")
    assert dice(region.mask, ~glands) > 0.9
    assert not (region.mask & segment(pixels, "glands").mask).any()


@pytest.mark.parametrize("mpp", [0.1625, 1.3])
def test_microns_per_pixel_set_the_scale_at_which_glands_are_sought(mpp: float) -> None:
    pixels, glands = glandular()
    # Drawn for 0.65 microns per pixel.
    side = round(512 * 0.65 / mpp)
    scaled = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX))
    wanted = np.asarray(Image.fromarray(glands).resize((side, side), Image.Resampling.NEAREST))
    assert dice(segment(scaled, "glands", mpp=mpp).mask, wanted) > 0.85


def test_nuclei_are_found_by_their_colour_and_size() -> None:
    pixels = drawn()
    centres = tuple((y, x) for y in range(40, 500, 60) for x in range(30, 500, 60))
    nuclei = discs(512, centres, 7)
    pixels[nuclei] = VIOLET
    region = segment(pixels, "nuclei")
    assert dice(region.mask, nuclei) > 0.85
    assert ndimage.label(region.mask)[1] == len(centres)
    assert len(region.boxes) <= 8


def test_dense_nuclei_are_where_they_lie_close_together() -> None:
    pixels = drawn()
    pixels[discs(512, tuple((y, x) for y in range(10, 200, 20) for x in range(10, 512, 20)), 7)] = VIOLET
    pixels[discs(512, tuple((y, x) for y in range(240, 512, 70) for x in range(10, 512, 70)), 7)] = VIOLET
    mask = segment(pixels, "dense nuclei").mask
    assert mask[20:180, 20:-20].mean() > 0.95
    assert mask[250:].mean() < 0.02


def test_tissue_and_background_are_what_is_stained_and_what_is_not() -> None:
    pixels = drawn(ground=GLASS)
    pixels[:, 200:] = drawn()[:, 200:]
    tissue, background = segment(pixels, "tissue"), segment(pixels, "background")
    assert tissue.mask[:, 205:].all()
    assert not tissue.mask[:, :195].any()
    assert np.array_equal(background.mask, ~tissue.mask)


def test_fat_is_many_round_empty_cells_and_a_lumen_is_none() -> None:
    pixels = drawn(ground=(225, 150, 190))
    cells = tuple((y, x) for y in range(40, 300, 85) for x in range(40, 512, 85))
    pixels[discs(512, cells, 38)] = drawn(ground=GLASS)[discs(512, cells, 38)]
    assert dice(segment(pixels, "fat").mask, discs(512, cells, 40)) > 0.85
    pixels, _ = glandular()
    lumens = segment(pixels, "fat")
    assert not lumens.mask.any()
    assert lumens.notices == ("no fat found",)


def test_brown_is_told_from_haematoxylin_and_eosin() -> None:
    pixels, _ = glandular()
    assert not segment(pixels, "DAB-positive cells").mask.any()
    brown = discs(512, ((250, 250), (60, 240)), 20)
    pixels[brown] = drawn(ground=DAB)[brown]
    assert dice(segment(pixels, "brown").mask, brown) > 0.9


@pytest.mark.parametrize("text", [known.name for known in categories()])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_image_has_no_region_but_glass_and_says_so(text: str, grey: int) -> None:
    region = segment(np.full((100, 80, 3), grey, dtype=np.uint8), text)
    assert region.mask.all() if (text, grey) == ("background", 255) else not region.mask.any()
    assert region.mask.shape == (100, 80)
    assert any("blank" in notice for notice in region.notices)


@pytest.mark.parametrize("text", [known.name for known in categories()])
@pytest.mark.parametrize("shape", [(32, 32), (33, 700), (224, 225)])
def test_noise_of_any_shape_and_scale_gives_a_mask_of_its_size(text: str, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for mpp in (None, 0.05, 8.0):
        region = segment(pixels, text, mpp=mpp)
        assert region.mask.shape == shape
        assert region.mask.dtype == np.bool_
        assert region.notices or min(shape) >= 64
        for box in region.boxes:
            crop(pixels, box)


@settings(max_examples=20)
@given(st.integers(8, 70), st.integers(8, 70), st.integers(0, 2**32 - 1), st.sampled_from(categories()))
def test_small_images_never_crash(height: int, width: int, seed: int, category: object) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert segment(noise, category.name).mask.shape == (height, width)  # type: ignore[attr-defined]


def test_a_grey_image_and_a_large_one_are_masked_at_full_size() -> None:
    pixels, glands = glandular()
    grey = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    assert segment(grey, "brown").notices == ("no brown found",)
    large = np.asarray(Image.fromarray(pixels).resize((3000, 3000)))
    wanted = np.asarray(Image.fromarray(glands).resize((3000, 3000)))
    assert dice(segment(large, "glands").mask, wanted) > 0.9


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_microns_per_pixel_are_refused(mpp: float) -> None:
    with pytest.raises(InputError, match="microns per pixel"):
        segment(drawn(64), "nuclei", mpp=mpp)


def test_too_coarse_an_image_and_one_without_round_glands_get_a_notice() -> None:
    pixels, _ = glandular()
    assert any("at 2 microns per pixel nuclei can hardly" in n for n in segment(pixels, "nuclei", mpp=2).notices)
    stripes = drawn()
    stripes[:, ::16] = VIOLET
    assert any("few round glands" in notice for notice in segment(stripes, "glands").notices)


def test_the_image_to_ask_with_is_white_outside_the_region_and_no_larger_than_it() -> None:
    pixels, _ = glandular()
    pixels[:, 256:] = drawn(ground=GLASS)[:, 256:]
    region = segment(pixels, "glands")
    shown = masked(pixels, region)
    rows, columns = np.nonzero(region.mask)
    assert shown.shape == (np.ptp(rows) + 1, np.ptp(columns) + 1, 3)
    inside = region.mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert (shown[~inside] == 255).all()
    assert np.array_equal(shown[inside], pixels[region.mask])


def test_nothing_can_be_asked_with_an_empty_region_or_one_of_another_image() -> None:
    blank = np.full((64, 64, 3), 255, dtype=np.uint8)
    with pytest.raises(InputError, match="shows no glands"):
        masked(blank, segment(blank, "glands"))
    with pytest.raises(InputError, match=r"\(64, 64\)"):
        masked(blank[:32], segment(blank, "glands"))


def test_dice_and_iou_of_masks_counted_by_hand() -> None:
    first, second = np.array([[1, 1, 1, 0]], dtype=bool), np.array([[0, 1, 1, 1]], dtype=bool)
    assert dice(first, second) == pytest.approx(4 / 6)
    assert iou(first, second) == pytest.approx(2 / 4)
    nothing = np.zeros_like(first)
    assert dice(nothing, nothing) == iou(nothing, nothing) == 1
    assert dice(first, nothing) == iou(first, nothing) == 0
    for measure in (dice, iou):
        with pytest.raises(InputError, match="cannot be compared"):
            measure(first, first.T)


@pytest.mark.data
def test_glands_of_polyps_agree_with_masks_drawn_by_hand(data: Path) -> None:
    values, seconds = [], []
    for path in sorted((data / "ebhi_seg_polyp" / "images").iterdir())[::2]:
        pixels = read_picture(path.read_bytes()).pixels
        glands = np.asarray(Image.open(path.parents[1] / "masks" / path.name).convert("L")) > 127
        start = perf_counter()
        values.append(dice(segment(pixels, "glands").mask, glands))
        seconds.append(perf_counter() - start)
    # The whole image has 0.65 on these, glands were measured at 0.918; the benchmark takes all images.
    assert statistics.fmean(values) > 0.88
    assert min(values) > 0.7
    assert statistics.median(seconds) < 1


@pytest.mark.data
def test_patches_of_lung_are_never_said_to_be_full_of_glands(data: Path) -> None:
    for path in sorted((data / "lc25000" / "lung_n").iterdir())[::6]:
        region = segment(read_picture(path.read_bytes()).pixels, "glands")
        assert region.notices
