"""What an overlay shows, pixel by pixel where that can be said."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from retrieval.errors import InputError
from retrieval.image.overlay import GREEN, overlay_png
from retrieval.image.picture import Pixels
from retrieval.image.regions import Box

GREY = np.full((100, 120, 3), 200, dtype=np.uint8)


def mask() -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    region = np.zeros((100, 120), dtype=np.bool_)
    region[20:60, 30:90] = True
    return region


def shown(png: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_the_region_is_tinted_and_outlined_and_the_rest_is_as_it_was() -> None:
    image = shown(overlay_png(GREY, mask(), colour=(0, 100, 0)))
    assert tuple(image[40, 60]) == (140, 170, 140)
    assert tuple(image[20, 60]) == tuple(image[40, 30]) == (0, 100, 0)
    assert (image[~mask()] == 200).all()


def test_an_outline_does_not_follow_the_edge_of_the_image() -> None:
    image = shown(overlay_png(GREY, np.ones((100, 120), dtype=np.bool_)))
    assert (image == image[50, 60]).all()


def test_an_empty_region_leaves_the_image_and_one_pixel_is_seen() -> None:
    empty = np.zeros((100, 120), dtype=np.bool_)
    assert np.array_equal(shown(overlay_png(GREY, empty)), GREY)
    empty[5, 6] = True
    assert tuple(shown(overlay_png(GREY, empty))[5, 6]) == GREEN


def test_boxes_are_framed_and_numbered_each_with_its_own_number() -> None:
    empty = np.zeros((100, 120), dtype=np.bool_)
    image = shown(overlay_png(GREY, empty, boxes=[Box(10, 10, 40, 30), Box(60, 10, 40, 30)]))
    assert tuple(image[39, 49]) == tuple(image[39, 99]) == GREEN
    assert (image[16:38, 30:48] == 200).all()
    first, second = image[10:25, 10:25], image[10:25, 60:75]
    assert not np.array_equal(first, second)
    assert (first > 220).any()


def test_a_box_that_reaches_over_the_edge_is_cut_off() -> None:
    image = shown(overlay_png(GREY, np.zeros((100, 120), dtype=np.bool_), boxes=[Box(100, 80, 500, 500)]))
    assert image.shape == GREY.shape
    assert tuple(image[99, 100]) == GREEN


def test_the_png_carries_no_metadata_and_the_image_is_left_as_it_was() -> None:
    before = GREY.copy()
    png = overlay_png(GREY, mask())
    opened = Image.open(io.BytesIO(png))
    assert opened.format == "PNG"
    assert opened.info == {}
    assert np.array_equal(GREY, before)
    assert png == overlay_png(GREY, mask())


def test_a_mask_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(InputError, match=r"\(120, 100\).*\(100, 120\)"):
        overlay_png(GREY, mask().T)
