"""Damage, and what stain handling saves: drops are against clean images, gains against the damaged ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from evaluation.image.robustness import accuracy_of, measure_corruptions
from retrieval.encoders.base import Vectors
from retrieval.image.picture import Picture, Pixels
from tests.retrieval.image.image_fakes import COLON, LUNG, patch

PICTURES = {f"{shown} {n}": Picture(patch(shown, n, side=96)) for n in range(4) for shown in (LUNG, COLON)}


def blueness(images: Sequence[Pixels]) -> Vectors:
    """Two numbers whose angle is how much bluer than red an image is."""
    angle = np.array([float(image[..., 2].mean() - image[..., 0].mean()) for image in images]) / 90
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


CLEAN = blueness([picture.pixels for picture in PICTURES.values()])


def likeness(vectors: Vectors) -> list[float]:
    """Of each image to itself when it was clean."""
    return [float(one @ two) for one, two in zip(vectors, CLEAN, strict=True)]


def redder(pixels: Pixels, severity: int) -> Pixels:
    moved = pixels.astype(np.int16) + np.array([8 * severity, 0, -8 * severity], dtype=np.int16)
    return np.clip(moved, 0, 255).astype(np.uint8)


def test_every_severity_has_its_value_its_drop_and_what_the_gate_says() -> None:
    steps: list[str] = []
    measured = measure_corruptions(
        PICTURES,
        blueness,
        likeness,
        "likeness",
        CLEAN,
        corruptions={"blur": lambda pixels, severity: pixels, "stain_shift": redder},
        severities=(1, 5),
        hear=steps.append,
    )
    assert measured.line("likeness, clean").value.mean == pytest.approx(1.0)
    assert measured.line("drop, blur 5").value.mean == 0.0
    fallen = [measured.line(f"drop, stain_shift {severity}").value.mean for severity in (1, 5)]
    assert 0 < fallen[0] < fallen[1]
    assert fallen[1] == pytest.approx(1 - measured.line("likeness, stain_shift 5").value.mean)
    assert 0 <= measured.line("gate speaks, blur 5").value.mean <= 1
    assert measured.line("won under stain_shift, site adaptation, mean").value.mean > 0
    assert measured.line("cost on clean images, normalised").n == len(PICTURES)
    assert "won under stain_shift, mean of 5 stainings" in measured.values
    assert steps[0] == "clean"


def test_without_another_half_site_adaptation_is_left_out_and_that_is_told() -> None:
    corruptions = {"stain_shift": redder}
    measured = measure_corruptions(PICTURES, blueness, likeness, "likeness", corruptions=corruptions, severities=(1,))
    assert "site adaptation was not measured" in measured.notes[0]
    with pytest.raises(StopIteration):
        measured.line("won under stain_shift, site adaptation, mean")


def test_without_an_index_the_likeliest_concept_is_what_counts() -> None:
    score = accuracy_of(lambda vectors: vectors.astype(np.float64), [0, 1])
    assert score(np.array([[0.9, 0.1], [0.8, 0.2]], dtype=np.float32)) == [1.0, 0.0]
