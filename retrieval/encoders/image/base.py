"""What an image encoder is: images in, texts in, vectors of one space out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from retrieval.encoders.base import EncoderSpec, Vectors
from retrieval.image.picture import Pixels

NOTHING: Final = ("tissue section", "histopathology", "microscope image")
"""What an image shows that shows nothing in particular; concepts compete with these."""


class ImageEncoder(Protocol):
    """Vectors are float32 of shape (n, spec.dimension) and of length 1, compared by inner product."""

    @property
    def spec(self) -> EncoderSpec:
        """`max_tokens` is the context length of its texts."""
        ...

    @property
    def text_id(self) -> str:
        """Names the side that reads texts: vectors of texts stay good as long as it stays the same."""
        ...

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied by before a softmax over texts: the inverse of the training's temperature."""
        ...

    @property
    def prompt_templates(self) -> tuple[str, ...]:
        """Sentences with {} for a concept, as the encoder saw them in training; their mean stands for the concept."""
        ...

    def encode_images(self, images: Sequence[Pixels]) -> Vectors: ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors: ...
