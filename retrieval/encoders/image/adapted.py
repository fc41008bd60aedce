"""An image encoder made of a backbone and an adapter into the space of a text encoder.

An image becomes the mean of the training captions' vectors, each weighed by how much the image is like the images that
had this caption (convex combination of semantic embeddings, Norouzi et al. 2014). One that is like no image of the
training, by its Mahalanobis distance, moves to where texts say nothing: it must not look like a sure case of any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Encoder, EncoderSpec, Vectors
from retrieval.encoders.image.adapter_files import WEIGHTS, AdapterRecord, AdapterWeights, read_adapter
from retrieval.encoders.image.backbones import Backbone, open_backbone
from retrieval.encoders.image.base import NOTHING
from retrieval.encoders.matryoshka import unit
from retrieval.encoders.opening import open_encoder
from retrieval.errors import ConfigurationError
from retrieval.image.picture import Pixels

_AT_ONCE: Final = 64
_STRANGE: Final = 0.5
"""How far beyond what is familiar, as a share of it, nothing is left of what an image seems to be."""


class AdaptedEncoder:
    """An adapter's folder, read at its first use; safe to use from several threads."""

    def __init__(self, folder: Path, *, accepted_licences: frozenset[str] = frozenset()) -> None:
        self._folder = folder
        self._accepted = accepted_licences

    @cached_property
    def _adapter(self) -> tuple[AdapterRecord, AdapterWeights]:
        return read_adapter(self._folder)

    @property
    def record(self) -> AdapterRecord:
        """What the adapter says of itself."""
        return self._adapter[0]

    @cached_property
    def backbone(self) -> Backbone:
        backbone = open_backbone(self.record.backbone, accepted_licences=self._accepted)
        self._require_same("backbone", backbone.id, self.record.backbone_id)
        return backbone

    @cached_property
    def _text(self) -> Encoder:
        encoder = open_encoder(self.record.text_encoder, accepted_licences=self._accepted)
        self._require_same("text encoder", encoder.spec.id, self.record.text_encoder_id)
        return encoder

    @cached_property
    def _nothing(self) -> Vectors:
        return unit(self.encode_texts(NOTHING).mean(axis=0, keepdims=True))

    def _require_same(self, what: str, found: str, wanted: str) -> None:
        if found != wanted:
            raise ConfigurationError(
                f"the image adapter {self._folder} was trained with the {what} {wanted}, here is {found}; train it "
                "again"
            )

    @cached_property
    def spec(self) -> EncoderSpec:
        record, weights = self._adapter
        decides = f"{record.temperature!r} {record.familiar!r}".encode()
        digest = hashlib.sha256((self._folder / WEIGHTS).read_bytes() + decides).hexdigest()[:16]
        return EncoderSpec(
            name=f"adapter:{self._folder.name}",
            revision=digest,
            dimension=weights.captions.shape[1],
            max_tokens=self._text.spec.max_tokens,
            licence=record.licence,
        )

    @property
    def text_id(self) -> str:
        # Training on other images changes nothing of how texts are read, so their vectors are kept.
        return self._text.spec.id

    @property
    def logit_scale(self) -> float:
        return self.record.logit_scale

    @property
    def prompt_templates(self) -> tuple[str, ...]:
        # Images become mixtures of captions, and captions are bare names.
        return ("{}",)

    def encode_images(self, images: Sequence[Pixels]) -> Vectors:
        starts = range(0, len(images), _AT_ONCE)
        parts = [self._encoded(self.backbone.features(images[start : start + _AT_ONCE])) for start in starts]
        return np.concatenate(parts) if parts else np.zeros((0, self.spec.dimension), dtype=np.float32)

    def _encoded(self, features: npt.NDArray[np.float32]) -> Vectors:
        record, weights = self._adapter
        beyond = weights.distances(features) / record.familiar - 1
        strange = np.clip(beyond / _STRANGE, 0, 1)[:, None]
        known = weights.shares(features, record.temperature) @ weights.captions
        return unit((1 - strange) * known + strange * self._nothing)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return unit(self._text.encode_queries(list(texts)))
