"""From bytes to views: the whole image, a box, what words point at, the panels of a figure; or a refusal."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from retrieval.errors import ImageError, InputError
from retrieval.image.asking import Part, prepare
from retrieval.image.picture import Pixels
from tests.retrieval.image.image_fakes import COLON, LUNG, SKIN, chart, encoded, figure_of, patch, png

WIDE = figure_of(LUNG, SKIN, gutter=0)
"""Two tissues without anything between them: 512 x 256 pixels."""
NOISE: Pixels = np.random.default_rng(1).integers(0, 256, (256, 256, 3), dtype=np.uint8)


def drawn_on(overlay: bytes | None) -> tuple[int, int]:
    assert overlay is not None
    with Image.open(io.BytesIO(overlay)) as image:
        assert image.format == "PNG"
        return image.size


def test_an_image_is_one_view_of_all_its_pixels() -> None:
    asked = prepare(png(patch(LUNG)))
    ((pixels, weight),) = asked.views
    assert np.array_equal(pixels, patch(LUNG))
    assert (weight, asked.notices, asked.overlay, asked.gate.findings) == (1.0, (), None, ())


def test_a_box_is_cut_out() -> None:
    asked = prepare(png(WIDE), Part(box="256,0,256,200"))
    ((pixels, _),) = asked.views
    assert np.array_equal(pixels, WIDE[:200, 256:])
    assert asked.gate.measures["width"] == 256


def test_words_point_at_a_region_whose_parts_are_asked_with_in_their_boxes() -> None:
    pixels: Pixels = np.concatenate([patch(LUNG), np.full((256, 160, 3), 242, np.uint8), patch(SKIN)[:, :128]], axis=1)
    asked = prepare(png(pixels), Part(region="tissue"))
    large, small = asked.views
    assert large.pixels.shape[:2] == pytest.approx((256, 256), abs=6)
    assert small.pixels.shape[:2] == pytest.approx((256, 128), abs=6)
    # Cut out of the image, not out of its surroundings.
    assert np.array_equal(small.pixels, pixels[:, -small.pixels.shape[1] :][-small.pixels.shape[0] :])
    assert large.weight == pytest.approx(2 / 3, abs=0.02)
    assert large.weight + small.weight == pytest.approx(1)
    assert drawn_on(asked.overlay) == (544, 256)
    assert asked.notices[0].startswith("Asked with tissue: 7")
    assert asked.notices[0].endswith("% of the image.")


def test_a_region_nearly_everywhere_is_asked_with_alone() -> None:
    (view,) = prepare(png(patch(LUNG)), Part(region="stroma")).views
    assert view.weight == 1.0
    assert (view.pixels == 255).all(axis=2).any()


def test_words_point_within_the_box_where_there_is_one() -> None:
    asked = prepare(png(WIDE), Part(box="0,0,200,150", region="nuclei"))
    assert drawn_on(asked.overlay) == (200, 150)
    for view in asked.views:
        assert view.pixels.shape[0] <= 150
        assert view.pixels.shape[1] <= 200


def test_a_compound_figure_is_asked_with_panel_by_panel_by_their_size() -> None:
    figure = figure_of(LUNG, SKIN, COLON)
    figure = np.concatenate([figure, np.full((12, figure.shape[1], 3), 255, np.uint8), patch(LUNG, 7, 792)[:600]])
    asked = prepare(png(figure))
    assert [view.pixels.shape[:2] for view in asked.views] == [(256, 256)] * 3 + [(600, 792)]
    small, large = 256 * 256, 600 * 792
    assert [view.weight for view in asked.views] == pytest.approx(
        [area / (3 * small + large) for area in (small, small, small, large)]
    )
    assert asked.notices == ("A compound figure: asked with 4 panels.",)
    assert drawn_on(asked.overlay) == figure.shape[1::-1]


def test_panels_that_show_nothing_usable_are_left_out_and_told() -> None:
    white = np.full((256, 12, 3), 255, dtype=np.uint8)
    asked = prepare(png(np.concatenate([figure_of(LUNG, SKIN), white, NOISE], axis=1)))
    assert len(asked.views) == 2
    assert asked.notices == ("A compound figure: asked with 2 panels of 3; the others show nothing usable.",)


def test_a_figure_with_one_usable_panel_is_asked_with_as_it_is() -> None:
    white = np.full((256, 12, 3), 255, dtype=np.uint8)
    black = np.zeros((256, 256, 3), dtype=np.uint8)
    (view,) = prepare(png(np.concatenate([patch(LUNG), white, black], axis=1))).views
    assert view.pixels.shape == (256, 524, 3)


def test_a_figure_of_which_a_part_is_named_is_not_taken_apart() -> None:
    figure = figure_of(LUNG, SKIN)
    (view,) = prepare(png(figure), Part(box=f"0,0,{figure.shape[1]},256")).views
    assert np.array_equal(view.pixels, figure)
    assert prepare(png(figure), Part(region="nuclei")).notices[0].startswith("Asked with nuclei")


def test_warnings_of_the_gate_go_along() -> None:
    asked = prepare(png(patch(LUNG)[:80, :80]))
    assert ("too_small", "warning") in [(finding.kind, finding.severity) for finding in asked.gate.findings]


GLASS = np.full((256, 256, 3), 242, dtype=np.uint8)
# What is sent, and the kind of refusal.
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not_an_image"),
    "text": (b"no image at all", "not_an_image"),
    "cut": (png(patch(LUNG))[:5000], "truncated"),
    "cut JPEG": (encoded(patch(LUNG), "JPEG")[:5000], "truncated"),
    "tiny": (png(patch(LUNG)[:20, :20]), "too_small"),
    "a thread": (png(patch(LUNG)[:2, :].repeat(2, axis=1)), "too_small"),
    "glass": (png(GLASS), "blank"),
    "chart": (png(chart()), "pen"),
    "noise": (png(NOISE), "not_tissue"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_with_is_refused_by_kind(name: str) -> None:
    data, kind = REFUSED[name]
    with pytest.raises(ImageError) as refused:
        prepare(data)
    assert refused.value.kind == kind


def test_a_box_without_tissue_is_refused_although_the_rest_would_do() -> None:
    pixels: Pixels = np.concatenate([patch(LUNG), GLASS], axis=1)
    prepare(png(pixels))
    with pytest.raises(ImageError) as refused:
        prepare(png(pixels), Part(box="260,0,240,256"))
    assert refused.value.kind == "blank"


def test_too_many_bytes_and_pixels_are_refused_before_decoding() -> None:
    data = png(patch(LUNG))
    with pytest.raises(ImageError, match="more than 100") as refused:
        prepare(data, most_bytes=100)
    assert (refused.value.kind, refused.value.measure) == ("too_many_bytes", len(data))
    # A header that promises far more than the bytes hold.
    with pytest.raises(ImageError, match="256 x 256 pixels, more than 10,000") as refused:
        prepare(data[:60], most_pixels=10_000)
    assert refused.value.kind == "too_many_pixels"


def test_words_that_point_at_nothing_in_the_image_are_told() -> None:
    with pytest.raises(ImageError, match="no brown can be found in the image") as refused:
        prepare(png(patch(COLON)), Part(region="DAB"))
    assert (refused.value.kind, refused.value.measure) == ("no_region", 0)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part(box="1,2,3"), "has 3 parts"),
        (Part(box="a,b,c,d"), "'a' is no whole number"),
        (Part(box="-1,0,9,9"), "outside the image"),
        (Part(box="0,0,0,9"), "which is empty"),
        (Part(box="0,0,257,256"), "not inside the image, which has 256 x 256 pixels"),
        (Part(box="0,0,999999999999,9"), "no whole number"),
        (Part(box=" "), "has 1 parts"),
        (Part(region="the moon"), "nuclei"),
        (Part(region=" "), "nuclei"),
        (Part(region="nuclei", mpp=-1.0), "-1.0 microns per pixel is impossible"),
    ],
)
def test_nonsense_is_answered_with_what_would_make_sense(part: Part, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        prepare(png(patch(LUNG)), part)
    assert not isinstance(refused.value, ImageError)
