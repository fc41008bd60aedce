"""Small folders of images, and encoded images without any file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evaluation.image.samples import Encoded, Sample
from tests.retrieval.image.image_fakes import patch, png


def write_classes(folder: Path, shows: Mapping[str, str], each: int = 3) -> Path:
    """A folder of images for each class, of what it shows."""
    for name, shown in shows.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            (folder / name / f"{number}.png").write_bytes(png(patch(shown, number)))
    return folder


def encoded(captions: Sequence[str], vectors: npt.ArrayLike, features: npt.ArrayLike | None = None) -> Encoded:
    samples = [Sample(f"image-{n}", Path(f"class/image-{n}.png"), caption) for n, caption in enumerate(captions)]
    seen = None if features is None else np.array(features, dtype=np.float32)
    return Encoded(samples, np.array(vectors, dtype=np.float32), [], seen)
