"""Images with what is known of them, and their vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Vectors
from retrieval.encoders.image.adapted import AdaptedEncoder
from retrieval.encoders.image.base import ImageEncoder
from retrieval.errors import ImageError
from retrieval.image.gate import require_usable
from retrieval.image.picture import MOST_BYTES, Picture, read_picture

_BATCH: Final = 64


class Sample(NamedTuple):
    name: str
    """Unique in its source."""
    path: Path
    caption: str


class Rejected(NamedTuple):
    image: str
    reason: str


class Encoded(NamedTuple):
    samples: list[Sample]
    vectors: Vectors
    """A row for each sample."""
    rejected: list[Rejected]
    """Images that cannot be read, or that the gate refuses: in = samples + rejected."""
    features: npt.NDArray[np.float32] | None = None
    """What the backbone of an adapter sees, where it was asked for."""

    @property
    def captions(self) -> list[str]:
        return [sample.caption for sample in self.samples]

    def only(self, rows: Sequence[int]) -> Encoded:
        features = None if self.features is None else self.features[list(rows)]
        return Encoded([self.samples[row] for row in rows], self.vectors[list(rows)], self.rejected, features)


def encode_samples(
    samples: Iterable[Sample],
    encoder: ImageEncoder,
    *,
    with_features: bool = False,
    hear: Callable[[int], None] = lambda done: None,
) -> Encoded:
    """`hear` is told how many images are done."""
    kept: list[Sample] = []
    rejected: list[Rejected] = []
    vectors: list[Vectors] = []
    features: list[npt.NDArray[np.float32]] = []
    backbone = encoder.backbone if with_features and isinstance(encoder, AdaptedEncoder) else None
    for batch in _batches(samples):
        opened = [(sample, _opened(sample)) for sample in batch]
        rejected += [Rejected(sample.name, picture) for sample, picture in opened if isinstance(picture, str)]
        usable = [(sample, picture.pixels) for sample, picture in opened if isinstance(picture, Picture)]
        kept += [sample for sample, _ in usable]
        if usable:
            pixels = [image for _, image in usable]
            vectors.append(encoder.encode_images(pixels))
            if backbone is not None:
                features.append(backbone.features(pixels))
        hear(len(kept) + len(rejected))
    rows = np.concatenate(vectors) if vectors else np.zeros((0, encoder.spec.dimension), dtype=np.float32)
    return Encoded(kept, rows, rejected, np.concatenate(features) if features else None)


def pictures(samples: Iterable[Sample]) -> Iterator[tuple[Sample, Picture]]:
    """Those that can be used."""
    for sample in samples:
        picture = _opened(sample)
        if isinstance(picture, Picture):
            yield sample, picture


def stratified(samples: Sequence[Sample], most: int, seed: int) -> list[Sample]:
    """At most so many, as many of each caption as of any other where there are enough; in the given order."""
    generator = np.random.default_rng(seed)
    by_caption: dict[str, list[int]] = {}
    for row, sample in enumerate(samples):
        by_caption.setdefault(sample.caption, []).append(row)
    turns = [(turn, n, row) for n, rows in enumerate(by_caption.values()) for turn, row in _dealt(rows, generator)]
    return [samples[row] for row in sorted(row for _, _, row in sorted(turns)[:most])]


def _dealt(rows: list[int], generator: np.random.Generator) -> Iterator[tuple[int, int]]:
    return enumerate(generator.permutation(rows).tolist())


def _batches(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    rest = iter(samples)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _opened(sample: Sample) -> Picture | str:
    """The picture, or why there is none to ask with."""
    try:
        with sample.path.open("rb") as file:
            picture = read_picture(file.read(MOST_BYTES + 1))
        require_usable(picture)
    except ImageError as exc:
        return str(exc)
    except OSError as exc:
        return f"the file cannot be read: {exc.strerror or exc}"
    return picture


def unit_rows(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    rows = np.asarray(values, dtype=np.float64)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
