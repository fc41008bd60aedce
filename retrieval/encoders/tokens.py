"""Texts read word by word: a vector for each token beside the one of the whole text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import EncoderSpec


class ReadText(NamedTuple):
    """Vectors of unit length, in half precision."""

    vector: npt.NDArray[np.float16]
    """Of shape (dimension,)."""
    tokens: npt.NDArray[np.float16]
    """Of shape (tokens, dimension), in their order; marks such as [CLS] left out, so that there may be none."""


class TokenEncoder(Protocol):
    """An encoder whose token vectors mean something by themselves: a transformer's last layer."""

    @property
    def spec(self) -> EncoderSpec: ...

    def read_queries(self, texts: Sequence[str]) -> list[ReadText]: ...

    def read_sentences(self, texts: Sequence[str]) -> list[ReadText]: ...
