"""Backbones: whatever turns images into numbers that an adapter learned to read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.image.histology.features import REVISION, histology_features, names
from retrieval.image.picture import Pixels

HISTOLOGY: Final = "histology"
"""Classical features of stained sections: needs no weights."""


class Backbone(Protocol):
    @property
    def id(self) -> str:
        """Changes whenever the same image would give other features."""
        ...

    @property
    def licence(self) -> str: ...

    def features(self, images: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        """Shape (images, n)."""
        ...


class HistologyBackbone:
    @property
    def id(self) -> str:
        digest = hashlib.sha256(" ".join(names()).encode()).hexdigest()[:8]
        return f"{HISTOLOGY}@{REVISION}-{digest}"

    @property
    def licence(self) -> str:
        return "MIT"

    def features(self, images: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        return np.array([histology_features(image) for image in images], dtype=np.float32).reshape(-1, len(names()))


class EncoderBackbone:
    """The image side of any image encoder."""

    def __init__(self, name: str, *, accepted_licences: frozenset[str] = frozenset()) -> None:
        from retrieval.encoders.image.opening import open_image_encoder

        self._encoder = open_image_encoder(name, accepted_licences=accepted_licences)

    @property
    def id(self) -> str:
        return self._encoder.spec.id

    @property
    def licence(self) -> str:
        return self._encoder.spec.licence

    def features(self, images: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        return self._encoder.encode_images(images)


def open_backbone(name: str, *, accepted_licences: frozenset[str] = frozenset()) -> Backbone:
    if name == HISTOLOGY:
        return HistologyBackbone()
    return EncoderBackbone(name, accepted_licences=accepted_licences)
