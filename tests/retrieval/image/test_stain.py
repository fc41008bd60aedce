"""Stain normalisation on images made by Beer and Lambert's law, of two stains that the test knows."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from retrieval.errors import InputError
from retrieval.image.picture import Pixels
from retrieval.image.stain import (
    REFERENCE,
    REFERENCE_COLOURS,
    Stains,
    estimate_colours,
    estimate_stains,
    normalised,
    reinhard,
    stain_variants,
)

Array = npt.NDArray[np.floating]

RUIFROK = ((0.650, 0.704, 0.286), (0.072, 0.990, 0.105))
PURPLE_AND_PINK = ((0.56, 0.72, 0.41), (0.22, 0.80, 0.56))
BLUE_AND_RED = ((0.70, 0.66, 0.28), (0.20, 0.88, 0.43))
DAB = (0.268, 0.570, 0.776)


def unit(rows: object) -> Array:
    made = np.asarray(rows, dtype=np.float64)
    return np.asarray(made / np.linalg.norm(made, axis=-1, keepdims=True))


def stained(colours: object, *, strength: tuple[float, float] = (1, 1), side: int = 224, seed: int = 3) -> Pixels:
    """Both stains vary from pixel to pixel; the left eighth is glass."""
    rng = np.random.default_rng(seed)
    amounts = rng.gamma(1.3, 0.4, (side, side, 2)) * strength
    amounts[:, : side // 8] = 0
    light = 255 * np.exp(-amounts @ unit(colours)) + rng.normal(0, 1.5, (side, side, 3))
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def degrees(first: object, second: object) -> float:
    return float(np.degrees(np.arccos(np.clip(unit(first) @ unit(second), -1, 1))))


def mean_difference(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


@pytest.mark.parametrize("colours", [RUIFROK, PURPLE_AND_PINK, BLUE_AND_RED])
@pytest.mark.parametrize("strength", [(1, 1), (0.6, 1.2), (1.3, 0.7)])
def test_the_estimate_recovers_known_stains(colours: object, strength: tuple[float, float]) -> None:
    stains = estimate_stains(stained(colours, strength=strength))
    assert stains.found == "both"
    for estimated, true in zip(stains.matrix, unit(colours), strict=True):
        assert degrees(estimated, true) < 5


def test_concentrations_follow_the_strength_of_each_stain() -> None:
    weak, strong = (estimate_stains(stained(BLUE_AND_RED, strength=(h, 0.8))).concentrations for h in (0.5, 1.0))
    assert strong[0] / weak[0] == pytest.approx(2, rel=0.1)
    assert strong[1] == pytest.approx(weak[1], rel=0.1)


def test_one_tissue_of_two_laboratories_becomes_alike() -> None:
    here, there = stained(BLUE_AND_RED, strength=(1.1, 0.8)), stained(PURPLE_AND_PINK, strength=(0.8, 1.0))
    assert mean_difference(normalised(here), normalised(there)) < 0.4 * mean_difference(here, there)
    # It knows no stains: nearer, but not as near.
    assert mean_difference(reinhard(here), reinhard(there)) < 0.8 * mean_difference(here, there)


def test_normalising_to_the_own_stains_changes_nothing() -> None:
    pixels = stained(BLUE_AND_RED)
    assert np.abs(normalised(pixels, estimate_stains(pixels)).astype(int) - pixels).max() <= 1


def test_a_normalised_image_has_the_stains_of_the_target() -> None:
    made = estimate_stains(normalised(stained(BLUE_AND_RED)))
    assert all(degrees(a, b) < 5 for a, b in zip(made.matrix, REFERENCE.matrix, strict=True))
    assert made.concentrations == pytest.approx(REFERENCE.concentrations, rel=0.15)


def test_reinhard_reaches_the_colours_of_the_target() -> None:
    assert estimate_colours(reinhard(stained(BLUE_AND_RED))).mean == pytest.approx(REFERENCE_COLOURS.mean, abs=0.1)


def test_white_stays_white() -> None:
    pixels = stained(BLUE_AND_RED)
    pixels[:50, :50] = 255
    for made in (normalised(pixels), reinhard(pixels), stain_variants(pixels, 2, seed=1)[1]):
        assert (made[:50, :50] == 255).all()


def test_black_ink_does_not_count_as_a_stain() -> None:
    pixels = stained(BLUE_AND_RED)
    clean = estimate_stains(pixels)
    pixels[100:130, 100:200] = 12
    for a, b in zip(estimate_stains(pixels).matrix, clean.matrix, strict=True):
        assert degrees(a, b) < 2


def grey() -> Pixels:
    ramp = np.linspace(20, 250, 224).astype(np.uint8)
    return np.broadcast_to(ramp[None, :, None], (224, 224, 3)).copy()


def brown() -> Pixels:
    return stained((RUIFROK[0], DAB))


def glass() -> Pixels:
    return np.random.default_rng(1).integers(236, 246, (224, 224, 3)).astype(np.uint8)


def speck() -> Pixels:
    pixels = np.full((224, 224, 3), 244, dtype=np.uint8)
    pixels[:10, :10] = (120, 60, 140)
    return pixels


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (lambda: np.full((224, 224, 3), 255, dtype=np.uint8), "no tissue"),
        (lambda: np.zeros((224, 224, 3), dtype=np.uint8), "no colour"),
        (glass, "no tissue"),
        (speck, "no tissue"),
        (grey, "no colour"),
        (brown, "other stains"),
        (lambda: np.full((224, 224, 3), (60, 160, 60), dtype=np.uint8), "other stains"),
        (lambda: np.full((1, 1, 3), (120, 60, 140), dtype=np.uint8), "no tissue"),
    ],
)
def test_what_is_no_haematoxylin_and_eosin_comes_back_unchanged(image: Callable[[], Pixels], found: str) -> None:
    pixels = image()
    assert estimate_stains(pixels).found == found
    assert normalised(pixels) is pixels
    if found in ("no tissue", "no colour"):
        assert reinhard(pixels) is pixels
        assert all(variant is pixels for variant in stain_variants(pixels, 3, seed=1))


def test_a_stain_that_is_not_there_is_not_invented() -> None:
    pixels = stained((PURPLE_AND_PINK[1], PURPLE_AND_PINK[1]), strength=(0.5, 0.5))
    assert estimate_stains(pixels).found == "one stain"
    assert degrees(255.0 - normalised(pixels).mean(axis=(0, 1)), 255.0 - pixels.mean(axis=(0, 1))) < 5


def test_variants_begin_with_the_image_and_differ_a_little() -> None:
    pixels = stained(BLUE_AND_RED)
    variants = stain_variants(pixels, 4, seed=7)
    assert variants[0] is pixels
    assert len(variants) == 4
    for variant in variants[1:]:
        assert 0.5 < mean_difference(variant, pixels) < 25
    again = stain_variants(pixels, 4, seed=7)
    assert all((a == b).all() for a, b in zip(variants, again, strict=True))
    assert (stain_variants(pixels, 2, seed=8)[1] != variants[1]).any()


def test_no_variants_and_colours_of_glass_are_refused() -> None:
    with pytest.raises(InputError, match="0 variants"):
        stain_variants(glass(), 0, seed=1)
    with pytest.raises(InputError, match="only 0 pixels"):
        estimate_colours(np.full((64, 64, 3), 255, dtype=np.uint8))


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), fill=st.just(90)),
    st.sampled_from([normalised, reinhard, lambda pixels: stain_variants(pixels, 2, seed=0)[1]]),
)
def test_every_image_keeps_its_shape_and_is_not_written_to(pixels: Pixels, change: Callable[[Pixels], Pixels]) -> None:
    before = pixels.copy()
    made = change(pixels)
    assert made.shape == pixels.shape
    assert made.dtype == np.uint8
    assert (pixels == before).all()


@given(st.integers(0, 10_000), st.floats(0.5, 1.5), st.floats(0.5, 1.5))
@settings(max_examples=15, deadline=None)
def test_stains_are_directions_without_negative_parts(seed: int, h: float, e: float) -> None:
    stains = estimate_stains(stained(BLUE_AND_RED, strength=(h, e), side=64, seed=seed))
    assert isinstance(stains, Stains)
    assert np.linalg.norm(stains.matrix, axis=1) == pytest.approx([1, 1], abs=1e-3)
    assert (stains.matrix >= 0).all()
    assert stains.haematoxylin[0] >= stains.eosin[0]


def test_a_patch_takes_less_than_forty_milliseconds() -> None:
    pixels = stained(BLUE_AND_RED)

    def fastest(work: Callable[[Pixels], object]) -> float:
        times = []
        for _ in range(8):
            begun = time.perf_counter()
            work(pixels)
            times.append(time.perf_counter() - begun)
        return min(times)

    assert fastest(normalised) < 0.040
    assert fastest(reinhard) < 0.040
