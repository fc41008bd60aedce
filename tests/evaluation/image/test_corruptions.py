"""Corruptions: deterministic, stronger with every step, and warned of ever more often."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from evaluation.image.corruptions import CORRUPTIONS, SEVERITIES, warning_rate
from retrieval.image.picture import Picture, Pixels, read_picture

WARNED_OF = ("blur", "jpeg", "resolution", "lighter", "darker")


@pytest.fixture(scope="module")
def pixels() -> Pixels:
    rng = np.random.default_rng(4)
    field = ndimage.gaussian_filter(rng.standard_normal((120, 160, 1)), (2, 2, 0))
    eosin = np.array([0.07, 0.99, 0.11])
    made: Pixels = np.rint(235 * np.exp(-np.clip(0.4 + 3 * field, 0, None) * eosin)).astype(np.uint8)
    return made


def distance(a: Pixels, b: Pixels) -> float:
    return float(np.sqrt(np.mean((a.astype(float) - b.astype(float)) ** 2)))


def test_the_suite_names_its_corruptions() -> None:
    assert set(CORRUPTIONS) == {"blur", "jpeg", "resolution", "lighter", "darker", "stain_shift", "noise"}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_gives_the_same_shape_and_the_same_bytes_every_time(name: str, pixels: Pixels) -> None:
    before = pixels.copy()
    for severity in SEVERITIES:
        damaged = CORRUPTIONS[name](pixels, severity)
        assert damaged.shape == pixels.shape
        assert damaged.dtype == np.uint8
        np.testing.assert_array_equal(damaged, CORRUPTIONS[name](pixels, severity))
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severity_0_is_the_picture_itself(name: str, pixels: Pixels) -> None:
    np.testing.assert_array_equal(CORRUPTIONS[name](pixels, 0), pixels)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_severity_is_further_from_the_picture_than_the_one_before(name: str, pixels: Pixels) -> None:
    distances = [distance(CORRUPTIONS[name](pixels, severity), pixels) for severity in (0, *SEVERITIES)]
    assert all(less < more for less, more in pairwise(distances)), distances


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("severity", [-1, 6])
def test_other_severities_are_an_error(name: str, severity: int, pixels: Pixels) -> None:
    with pytest.raises(ValueError, match=r"severity is 0 .* not"):
        CORRUPTIONS[name](pixels, severity)


def test_brightness_is_a_factor_cut_off_at_white() -> None:
    one = np.full((4, 4, 3), (100, 50, 200), dtype=np.uint8)
    assert CORRUPTIONS["lighter"](one, 3)[0, 0].tolist() == [150, 75, 255]
    assert CORRUPTIONS["darker"](one, 2)[0, 0].tolist() == [70, 35, 140]


def test_blur_grows_with_the_picture(pixels: Pixels) -> None:
    large = pixels.repeat(2, axis=0).repeat(2, axis=1)
    halved = CORRUPTIONS["blur"](large, 3)[::2, ::2]
    assert distance(halved, CORRUPTIONS["blur"](pixels, 3)) < 0.3 * distance(pixels, CORRUPTIONS["blur"](pixels, 3))


def test_stain_shift_leaves_glass_alone_and_changes_hue() -> None:
    white = np.full((2, 2, 3), 255, dtype=np.uint8)
    assert (CORRUPTIONS["stain_shift"](white, 5) >= 254).all()
    pink = np.full((2, 2, 3), (225, 120, 190), dtype=np.uint8)
    before, after = pink[0, 0].astype(float), CORRUPTIONS["stain_shift"](pink, 5)[0, 0].astype(float)
    assert np.ptp(after / before) > 0.02


def test_the_warning_rate_counts_every_picture(pixels: Pixels) -> None:
    blank = Picture(np.full((120, 120, 3), 255, dtype=np.uint8))
    assert warning_rate([], "blur", 1) == 0.0
    assert warning_rate([blank, blank], "noise", 0) == 1.0
    assert warning_rate([Picture(pixels), blank], "blur", 0) == 0.5


def test_an_unknown_corruption_is_an_error(pixels: Pixels) -> None:
    with pytest.raises(KeyError):
        warning_rate([Picture(pixels)], "sepia", 1)


@pytest.mark.data
@pytest.mark.parametrize("name", WARNED_OF)
def test_warnings_never_fall_as_damage_grows(data: Path, name: str) -> None:
    pictures = [read_picture(file.read_bytes()) for file in sorted(data.glob("lc25000/*/*.jpeg"))[::30]]
    rates = [warning_rate(pictures, name, severity) for severity in (0, *SEVERITIES)]
    assert len(pictures) == 10
    assert rates == sorted(rates)
    assert rates[0] < 0.03
    assert rates[-1] >= 0.8


@pytest.mark.data
def test_stains_of_another_laboratory_are_seldom_warned_of(data: Path) -> None:
    pictures = [read_picture(file.read_bytes()) for file in sorted(data.glob("lc25000/*/*.jpeg"))[::30]]
    assert warning_rate(pictures, "stain_shift", 2) <= 0.1
