"""Classical features: as many as there are names, finite for whatever is shown, the same whichever way it is turned."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.encoders.image.backbones import HistologyBackbone
from retrieval.image.histology.features import histology_features, names
from retrieval.image.picture import Pixels
from tests.retrieval.image.test_gate import tissue


def plain(height: int, width: int, *colour: int) -> Pixels:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def value(pixels: Pixels, name: str) -> float:
    return float(histology_features(pixels)[list(names()).index(name)])


def test_every_number_has_a_name_of_its_own() -> None:
    assert len(names()) == len(set(names())) == 353


@pytest.mark.parametrize(
    "pixels",
    [
        plain(64, 64, 255, 255, 255),
        plain(64, 64, 0, 0, 0),
        plain(64, 64, 200, 30, 120),
        tissue(32, 32),
        plain(1, 1, 90, 20, 90),
        noise(3, 300),
        noise(64, 64),
        tissue(700, 2100),
        np.ascontiguousarray(tissue(64, 64, glass=0.9)),
    ],
    ids=["white", "black", "one colour", "32 px", "1 px", "a strip", "noise", "huge", "mostly glass"],
)
def test_all_numbers_are_finite_whatever_is_shown(pixels: Pixels) -> None:
    features = histology_features(pixels)
    assert features.shape == (353,)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_the_same_image_has_the_same_features_and_is_left_as_it_is() -> None:
    pixels = tissue(96, 96)
    before = pixels.copy()
    assert np.array_equal(histology_features(pixels), histology_features(pixels))
    assert np.array_equal(pixels, before)


def test_a_section_that_is_turned_or_mirrored_is_the_same_section() -> None:
    """Measured by what differs between sections: a turned one lies nearer to itself than to any other."""
    sections = np.stack([histology_features(tissue(160, 160, seed=seed)) for seed in range(6)])
    spread = np.maximum(sections.std(axis=0), 1e-6)
    own = sections[0]
    apart = min(float(np.abs((own - other) / spread).mean()) for other in sections[1:])
    pixels = tissue(160, 160, seed=0)
    for turned in (np.rot90(pixels), np.rot90(pixels, 2), pixels[:, ::-1]):
        moved = np.abs((histology_features(np.ascontiguousarray(turned)) - own) / spread)
        assert float(moved.mean()) < 0.25 * apart


def test_names_say_what_the_numbers_are() -> None:
    assert value(plain(64, 64, 255, 255, 255), "area.glass") == 1
    assert value(plain(64, 64, 60, 30, 90), "area.glass") == 0
    assert value(plain(64, 64, 119, 119, 119), "lightness.mean") == pytest.approx(50, abs=0.5)
    assert value(plain(64, 64, 119, 119, 119), "nuclei.density") == 0
    assert value(tissue(), "haematoxylin.mean") > value(tissue(glass=0.5), "haematoxylin.mean")


def test_nuclei_are_counted_and_measured() -> None:
    pixels = plain(200, 200, 240, 200, 225)
    rows, columns = np.mgrid[:200, :200]
    for y in range(25, 200, 50):
        for x in range(25, 200, 50):
            pixels[(rows - y) ** 2 + (columns - x) ** 2 <= 64] = (70, 40, 130)
    assert value(pixels, "nuclei.density") == pytest.approx(16 / 200**2 * 1e4)
    assert value(pixels, "nuclei.diameter.p50") == pytest.approx(np.sqrt(np.pi * 64), rel=0.15)
    assert value(pixels, "nuclei.nearest.p50") == pytest.approx(50, abs=1)


def test_the_backbone_gives_a_row_for_each_image() -> None:
    backbone = HistologyBackbone()
    assert backbone.features([]).shape == (0, 353)
    images = [tissue(48, 48, seed=seed) for seed in range(2)]
    assert np.array_equal(backbone.features(images), [histology_features(image) for image in images])
