"""From a name to an encoder: which class can read it."""

from __future__ import annotations

from pathlib import Path

from retrieval.encoders.base import Encoder
from retrieval.encoders.known import usage_of
from retrieval.encoders.text import TextEncoder
from retrieval.encoders.towers import TwoTowerEncoder, holds_towers
from retrieval.errors import ConfigurationError


def open_encoder(
    name: str,
    *,
    revision: str | None = None,
    accepted_licences: frozenset[str] = frozenset(),
    dimension: int | None = None,
) -> Encoder:
    """Nothing is loaded yet. `dimension` cuts vectors short, where the model was trained for that."""
    folder = Path(name)
    if holds_towers(folder) if folder.is_dir() else usage_of(name).towers:
        if dimension is not None:
            raise ConfigurationError(
                f"the encoder {name} cannot give vectors of {dimension} numbers: its two towers were not trained to be "
                "cut short; leave the dimension out"
            )
        return TwoTowerEncoder(name, revision=revision, accepted_licences=accepted_licences)
    return TextEncoder(name, revision=revision, accepted_licences=accepted_licences, dimension=dimension)
