"""Which files are refused as slides, why and when, and what a slide never tells."""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from retrieval.errors import ImageError, InputError
from retrieval.image.slides import (
    Slide,
    SlideFacts,
    read_slide_regions,
    slide,
    thumbnail_png,
)
from tests.retrieval.image.slide_files import GLASS, Blob, colours, texture, write_pixels, write_slide

SIDE = 1536


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,536 x 1,536 pixels of 0.25 um, three levels, three pieces of tissue."""
    return write_slide(tmp_path_factory.mktemp("slides") / "small.tiff", SIDE, tile=64)


def kind_of(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_slide_regions(path, colours, target_mpp=0.25)
    assert path.name in str(caught.value)
    assert str(path.parent) not in str(caught.value)
    return caught.value.kind


def test_a_slide_that_is_not_there_is_missing(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "none.svs") == "missing"


def test_a_folder_is_no_slide(tmp_path: Path) -> None:
    assert kind_of(tmp_path) == "not_a_slide"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are named pipes on Unix only")
def test_a_pipe_is_no_slide_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.svs")
    assert kind_of(tmp_path / "pipe.svs") == "not_a_slide"


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(ImageError):
        Slide.open("a\0b.svs")


def test_a_photograph_is_no_slide(tmp_path: Path) -> None:
    Image.fromarray(texture("violet")).save(tmp_path / "photo.jpg")
    assert kind_of(tmp_path / "photo.jpg") == "not_a_slide"


@pytest.mark.parametrize("suffix", [".svs", ".tiff", ".ndpi", ".mrxs", ".scn", ".bif", ".vms", ".dcm", ""])
def test_random_bytes_are_no_slide_whatever_their_name(tmp_path: Path, suffix: str) -> None:
    for seed, beginning in itertools.product(range(3), (b"", b"II*\0\x08\0\0\0", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0")):
        path = tmp_path / f"random{suffix}"
        path.write_bytes(beginning + random.Random(seed).randbytes(3000))
        assert kind_of(path) in {"not_a_slide", "damaged"}


@pytest.mark.parametrize("share", [0.0, 0.00001, 0.001, 0.1, 0.5, 0.9, 0.999, 0.999999])
def test_a_slide_cut_off_anywhere_is_refused(small: Path, tmp_path: Path, share: float) -> None:
    whole = small.read_bytes()
    path = tmp_path / "cut.tiff"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert kind_of(path) in {"not_a_slide", "damaged", "unreadable_region"}


def test_a_slide_with_bytes_changed_is_read_or_refused(small: Path, tmp_path: Path) -> None:
    whole = small.read_bytes()
    path = tmp_path / "changed.tiff"
    refused: Counter[str] = Counter()
    for seed in range(20):
        rng, changed = random.Random(seed), bytearray(whole)
        for _ in range(20):
            changed[rng.randrange(4000 if seed % 2 else len(whole))] = rng.randrange(256)
        path.write_bytes(changed)
        try:
            read_slide_regions(path, colours, target_mpp=0.25)
        except ImageError as error:
            refused[error.kind] += 1
    assert set(refused) <= {"not_a_slide", "damaged", "unreadable_region", "huge_tiles", "blank", "too_small"}
    assert refused.total() >= 15


def test_a_region_that_cannot_be_decoded_stops_the_reading_before_anything_comes_of_it(tmp_path: Path) -> None:
    path = write_slide(tmp_path / "slide.tiff", SIDE, blobs=(Blob(0.5, 0.5, 2, 2),))
    whole = bytearray(path.read_bytes())
    # Within the tiles of level 0, which come first; the thumbnail is made of another level.
    begin = whole.index(b"\xff\xd8\xff")
    whole[begin : begin + 200_000] = bytes(200_000)
    path.write_bytes(whole)
    with pytest.raises(
        ImageError, match=r"slide\.tiff is damaged: level 0 cannot be read at .*; copy the file"
    ) as caught:
        read_slide_regions(path, colours, target_mpp=0.25)
    assert caught.value.kind == "unreadable_region"


def test_a_slide_stored_in_pieces_larger_than_memory_should_hold_is_refused(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slide, "_MOST_TILE_PIXELS", 63 * 64)
    assert kind_of(small) == "huge_tiles"


def test_an_mrxs_file_without_its_folder_is_told_to_need_it(tmp_path: Path) -> None:
    (tmp_path / "lone.mrxs").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ImageError, match="needs the folder of its name"):
        Slide.open(tmp_path / "lone.mrxs")


@pytest.mark.parametrize("stroke", [None, (40, 160, 130), (220, 30, 40), (40, 70, 190), (20, 20, 20)])
def test_a_slide_of_glass_or_of_glass_and_pen_is_blank(tmp_path: Path, stroke: tuple[int, int, int] | None) -> None:
    pixels = np.random.default_rng(0).normal(GLASS, 2, (1200, 1200, 3)).clip(0, 255).astype(np.uint8)
    if stroke is not None:
        pixels[300:360, 100:1000] = stroke
    assert kind_of(write_pixels(tmp_path / "glass.tiff", pixels)) == "blank"


def test_a_slide_smaller_than_a_tile_is_to_be_sent_as_an_image(tmp_path: Path) -> None:
    assert kind_of(write_pixels(tmp_path / "tiny.tiff", texture("pink", side=200))) == "too_small"


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 0},
        {"target_mpp": 0.0},
        {"target_mpp": float("nan")},
        {"tile_px": 8},
        {"most_tiles": 0},
        {"min_share": 0.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(small: Path, wrong: Mapping[str, float]) -> None:
    with pytest.raises(InputError):
        read_slide_regions(small, colours, **wrong)  # type: ignore[arg-type]


def test_features_that_are_not_one_row_for_each_tile_are_refused(small: Path) -> None:
    with pytest.raises(InputError, match="one row for each"):
        read_slide_regions(small, lambda tiles: colours(tiles)[:0], target_mpp=0.25)
    with pytest.raises(InputError, match="finite"):
        read_slide_regions(small, lambda tiles: colours(tiles) * np.float32("nan"), target_mpp=0.25)


@pytest.mark.data
def test_a_broken_slide_is_refused_when_it_is_opened(data: Path) -> None:
    with pytest.raises(ImageError, match=r"^broken\.svs is no slide in a format that OpenSlide reads") as caught:
        Slide.open(data / "wsi" / "broken.svs")
    assert caught.value.kind == "not_a_slide"


@pytest.mark.data
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_real_slide_cut_off_is_refused(data: Path, tmp_path: Path, share: float) -> None:
    whole = (data / "wsi" / "cmu-1-small-region.svs").read_bytes()
    (tmp_path / "cut.svs").write_bytes(whole[: int(len(whole) * share)])
    assert kind_of(tmp_path / "cut.svs") in {"not_a_slide", "damaged", "unreadable_region"}


def test_size_scale_maker_and_objective_are_all_that_is_told_of_a_slide(tmp_path: Path) -> None:
    told = "Aperio Image Library v11\n1000x1000 |AppMag = 20|MPP = 0.4990|User = Jane Roe|Filename = Roe^Jane"
    path = write_slide(tmp_path / "roe.svs", 1000, levels=1, blobs=(Blob(0.5, 0.5, 1, 1),), description=told)
    reading = read_slide_regions(path, colours, target_mpp=0.5)
    assert reading.facts == SlideFacts(levels=((1000, 1000),), vendor="aperio", mpp=0.499, objective=20.0)
    assert "Roe" not in repr(reading) + thumbnail_png(reading).decode("latin-1")


def test_label_and_macro_images_are_never_read(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("read an associated image")

    monkeypatch.setattr("openslide.lowlevel.read_associated_image", refuse)
    monkeypatch.setattr("openslide.lowlevel.get_associated_image_names", refuse)
    assert read_slide_regions(small, colours, target_mpp=0.25).regions
