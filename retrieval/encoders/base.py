"""What an encoder is: text in, vectors out, with a query side and a document side that may differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.records import Record

Vectors = npt.NDArray[np.float32]


class Passage(NamedTuple):
    """What of an article an encoder reads."""

    title: str
    abstract: str


class EncoderSpec(Record, frozen=True):
    """Names an encoder exactly; a generation may only be searched with the encoder that built it."""

    name: str
    revision: str
    """Commit of the model hub, or the start of the weights' SHA-256."""
    dimension: int
    max_tokens: int
    licence: str

    @property
    def id(self) -> str:
        return f"{self.name}@{self.revision}"


class Encoder(Protocol):
    """Vectors are float32 of shape (n, dimension), compared by inner product."""

    @property
    def spec(self) -> EncoderSpec: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors: ...
