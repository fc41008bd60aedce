"""The gate on real images: slides, tiles and patches pass unless something is wrong with them, photographs do not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from skimage import data as skimage_data

from retrieval.image.gate import inspect
from retrieval.image.picture import Picture, read_picture


@pytest.mark.parametrize(
    "name", ["astronaut", "coffee", "chelsea", "rocket", "camera", "cell", "retina", "page", "text"]
)
def test_photographs_are_not_accepted_without_a_warning(name: str) -> None:
    pixels = getattr(skimage_data, name)()
    pixels = np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels
    assert inspect(Picture(pixels)).findings


def test_immunohistochemistry_is_accepted() -> None:
    name = "immunohistochemistry"  # by name, for skimage gives it no types
    assert inspect(Picture(getattr(skimage_data, name)())).findings == ()


KINDS_OF_TILE = {
    "no tissue": ["no-tissue.png", "no-tissue2.png", "no-tissue-line.png", "liver-level2-38626*"],
    "nearly none": ["almost-white-1.png", "almost-white-2.png"],
    "pen alone": ["no-tissue-*-pen.png"],
    "pen on tissue": ["*nuclei-score-*-pen*.png", "tcga-*-pen.png", "diagnostic-slide*.png", "wsi-blue-pen.png"],
    "under 32 px": ["kidney-ihc*.png", "almost-white-ihc.png"],
    "50 px": ["liver-level2-[125][079]*"],
    "tissue": ["tissue-*.png", "*-nuclei-score-level*.png", "tcga-lung*.png"],
}

# kind of tile: (refused, warned, accepted)
CONFUSION = {
    "no tissue": (4, 0, 0),
    "nearly none": (1, 1, 0),
    "pen alone": (2, 0, 0),
    "pen on tissue": (0, 7, 0),
    "under 32 px": (5, 0, 0),
    "50 px": (0, 3, 0),
    "tissue": (0, 0, 16),
}


@pytest.mark.data
def test_the_confusion_table_of_the_tiles(data: Path) -> None:
    folder = data / "wsi" / "tiles"
    found = {}
    for name, patterns in KINDS_OF_TILE.items():
        outcome: Counter[str] = Counter()
        for file in sorted({file for pattern in patterns for file in folder.glob(pattern)}):
            report = inspect(read_picture(file.read_bytes()))
            outcome["refused" if report.refused else "warned" if report.findings else "accepted"] += 1
        found[name] = (outcome["refused"], outcome["warned"], outcome["accepted"])
    assert found == CONFUSION
    assert sum(map(sum, found.values())) == len(list(folder.glob("*.png")))


@pytest.mark.data
@pytest.mark.parametrize(
    ("pattern", "step"), [("lc25000/*/*.jpeg", 5), ("ebhi_seg_polyp/images/*", 1), ("pathology_atlas/images/*", 5)]
)
def test_real_pathology_is_not_refused_and_seldom_warned_of(data: Path, pattern: str, step: int) -> None:
    reports = [inspect(read_picture(file.read_bytes())) for file in sorted(data.glob(pattern))[::step]]
    assert len(reports) >= 25
    assert not [report for report in reports if report.refused]
    assert sum(bool(report.findings) for report in reports) <= max(1, 0.03 * len(reports))
