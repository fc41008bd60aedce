"""Compound figures drawn here, and pasted together from real patches."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy import ndimage

from retrieval.image.panels import split_panels
from retrieval.image.picture import Pixels, read_picture
from retrieval.image.regions import Box


def photo(height: int, width: int, seed: int = 0) -> Pixels:
    """As if of tissue: pink and violet blots without straight lines."""
    rng = np.random.default_rng(seed)
    blots = ndimage.gaussian_filter(rng.normal(size=(height, width)), 3)
    weight = np.clip(blots / blots.std() / 2 + 0.5, 0, 1)[..., None]
    return (
        np.asarray((1 - weight) * (225, 150, 200) + weight * (90, 50, 130) + rng.normal(0, 2, (height, width, 1)))
        .clip(0, 255)
        .astype(np.uint8)
    )


def compound(size: tuple[int, int], boxes: list[Box], gutter: int = 255) -> Pixels:
    figure = np.full((*size, 3), gutter, dtype=np.uint8)
    for seed, box in enumerate(boxes):
        figure[box.y : box.y + box.height, box.x : box.x + box.width] = photo(box.height, box.width, seed)
    return figure


def grid(rows: int, columns: int, gap: int, side: int = 120) -> tuple[tuple[int, int], list[Box]]:
    step = side + gap
    boxes = [Box(column * step, row * step, side, side) for row in range(rows) for column in range(columns)]
    return (rows * step - gap, columns * step - gap), boxes


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("gutter", [255, 0, 128])
@pytest.mark.parametrize("gap", [3, 12])
def test_panels_come_by_rows_then_columns_whatever_separates_them(
    rows: int, columns: int, gutter: int, gap: int
) -> None:
    size, boxes = grid(rows, columns, gap)
    assert split_panels(compound(size, boxes, gutter)) == boxes


def test_panels_of_uneven_size_are_found_recursively() -> None:
    boxes = [Box(0, 0, 200, 260), Box(210, 0, 120, 100), Box(210, 110, 120, 150)]
    assert split_panels(compound((260, 330), boxes)) == boxes
    boxes = [Box(0, 0, 330, 100), Box(0, 108, 100, 152), Box(108, 108, 222, 152)]
    assert split_panels(compound((260, 330), boxes)) == boxes


def test_a_frame_is_cut_off_and_panels_are_split_inside_it() -> None:
    boxes = [Box(10, 12, 150, 150), Box(166, 12, 150, 150)]
    assert split_panels(compound((180, 330), boxes)) == boxes


def test_letters_in_panels_and_in_gutters_do_not_matter() -> None:
    boxes = [Box(0, 30, 300, 200), Box(320, 30, 300, 200), Box(0, 260, 300, 200), Box(320, 260, 300, 200)]
    image = Image.fromarray(compound((460, 620), boxes))
    draw = ImageDraw.Draw(image)
    for letter, box in zip("ABCD", boxes, strict=True):
        draw.text((box.x + 4, box.y - 22), letter, fill=(0, 0, 0), font_size=16)
        draw.text((box.x + 6, box.y + 6), letter.lower(), fill=(255, 255, 255), font_size=24)
    assert split_panels(np.asarray(image)) == boxes


@pytest.mark.parametrize("shape", [(200, 300), (32, 32), (24, 400)])
def test_a_photograph_is_one_panel(shape: tuple[int, int]) -> None:
    assert split_panels(photo(*shape)) == [Box(0, 0, shape[1], shape[0])]


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_image_is_one_panel(grey: int) -> None:
    assert split_panels(np.full((50, 60, 3), grey, dtype=np.uint8)) == [Box(0, 0, 60, 50)]


def test_ragged_clefts_of_glass_do_not_split_a_photograph() -> None:
    pixels = photo(300, 400)
    rng = np.random.default_rng(5)
    for axis_length, transposed in ((400, False), (300, True)):
        wander = np.cumsum(rng.integers(-1, 2, axis_length))
        view = pixels.transpose(1, 0, 2) if transposed else pixels
        for place in range(axis_length):
            middle = view.shape[0] // 2 + int(np.clip(wander[place], -8, 8))
            view[middle - 20 : middle + 20, place] = 255
    assert split_panels(pixels) == [Box(0, 0, 400, 300)]


def test_a_white_margin_with_a_ragged_edge_belongs_to_the_photograph() -> None:
    pixels = photo(300, 400)
    y, x = np.mgrid[:300, :400]
    pixels[y < 60 + 20 * np.sin(x / 30)] = 255
    assert split_panels(pixels) == [Box(0, 0, 400, 300)]


def test_leftovers_are_dropped() -> None:
    boxes = [Box(0, 0, 200, 200), Box(210, 0, 200, 200)]
    figure = compound((230, 410), [*boxes, Box(0, 212, 100, 6)])
    assert split_panels(figure) == boxes


@settings(max_examples=25)
@given(
    st.lists(st.integers(60, 160), min_size=1, max_size=3),
    st.lists(st.integers(60, 160), min_size=1, max_size=3),
    st.integers(3, 20),
    st.sampled_from([0, 128, 255]),
)
def test_any_grid_is_found(heights: list[int], widths: list[int], gap: int, gutter: int) -> None:
    tops = np.cumsum([0, *[height + gap for height in heights]])
    lefts = np.cumsum([0, *[width + gap for width in widths]])
    boxes = [
        Box(int(left), int(top), width, height)
        for top, height in zip(tops, heights, strict=False)
        for left, width in zip(lefts, widths, strict=False)
    ]
    assert split_panels(compound((int(tops[-1]) - gap, int(lefts[-1]) - gap), boxes, gutter)) == boxes


@pytest.mark.data
@pytest.mark.parametrize("quality", [None, 75])
@pytest.mark.parametrize("gutter", [0, 128, 255])
def test_compounds_of_real_patches_are_split_through_jpeg_as_well(data: Path, gutter: int, quality: int | None) -> None:
    patches = sorted((data / "lc25000").glob("*/*.jpeg"))
    rng = random.Random(gutter)
    for rows, columns, gap in ((2, 2, 3), (1, 3, 6), (3, 2, 10)):
        size, boxes = grid(rows, columns, gap, side=224)
        figure = compound(size, boxes, gutter)
        for box in boxes:
            patch = read_picture(rng.choice(patches).read_bytes()).pixels
            figure[box.y : box.y + 224, box.x : box.x + 224] = patch
        if quality:
            buffer = io.BytesIO()
            Image.fromarray(figure).save(buffer, "JPEG", quality=quality)
            figure = read_picture(buffer.getvalue()).pixels
        found = split_panels(figure)
        assert len(found) == len(boxes)
        # JPEG blurs a panel's edge by up to a block.
        assert all(
            abs(a - b) <= 8 for one, other in zip(found, boxes, strict=True) for a, b in zip(one, other, strict=True)
        )


@pytest.mark.data
def test_real_photographs_are_one_panel(data: Path) -> None:
    paths = [
        *sorted((data / "lc25000").glob("*/*.jpeg"))[::6],
        *sorted((data / "ebhi_seg_polyp" / "images").iterdir())[::4],
    ]
    for path in paths:
        picture = read_picture(path.read_bytes())
        assert split_panels(picture.pixels) == [Box(0, 0, picture.width, picture.height)], path.name
