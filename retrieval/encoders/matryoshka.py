"""Cutting vectors short, for models that were trained so that the first numbers of a vector say the most.

Kusupati et al.: Matryoshka Representation Learning, NeurIPS 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from retrieval.encoders.base import Vectors
from retrieval.errors import ConfigurationError

_FILES: Final = ("config_sentence_transformers.json", "config.json")
_SHORTEST: Final = 1e-12
"""A vector of nothing stays one, instead of becoming no number."""


class _Config(msgspec.Struct):
    """What files of models say; there is no one name for it."""

    matryoshka_dims: list[int] = []
    matryoshka_dimensions: list[int] = []
    truncate_dim: int | None = None


def trained_dimensions(folder: Path) -> tuple[int, ...]:
    """Those that the files of a model folder name, longest first; empty where they name none."""
    found: set[int] = set()
    for path in (folder / name for name in _FILES):
        if not path.is_file():
            continue
        try:
            config = msgspec.json.decode(path.read_bytes(), type=_Config)
        except msgspec.DecodeError as exc:
            raise ConfigurationError(f"{path} cannot be read: {exc}; fetch the model again") from exc
        found.update(config.matryoshka_dims, config.matryoshka_dimensions, filter(None, [config.truncate_dim]))
    return tuple(sorted(found, reverse=True))


def require_trained(name: str, wanted: int, full: int, trained: Sequence[int]) -> None:
    """ConfigurationError unless vectors of `full` numbers may be cut to `wanted`."""
    allowed = [n for n in trained if 0 < n < full]
    if wanted == full or wanted in allowed:
        return
    if allowed:
        raise ConfigurationError(
            f"the encoder {name} cannot give vectors of {wanted} numbers; it was trained to be cut to "
            f"{', '.join(map(str, allowed))}, and has {full} uncut"
        )
    raise ConfigurationError(
        f"the encoder {name} cannot give vectors of {wanted} numbers: it was not trained to be cut short, and has "
        f"{full}; leave the dimension out, or choose a Matryoshka model such as mixedbread-ai/mxbai-embed-large-v1"
    )


def unit(vectors: Vectors) -> Vectors:
    """Rows of length 1."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, _SHORTEST), dtype=np.float32)
