"""How to open an encoder elsewhere: its name and what goes with it, small enough to be sent to any worker."""

from __future__ import annotations

from typing import Protocol

from retrieval.encoders.base import Encoder
from retrieval.encoders.opening import open_encoder
from retrieval.records import Record


class Recipe(Protocol):
    """Can be pickled; loads nothing before it is opened."""

    def open(self) -> Encoder: ...


class EncoderRecipe(Record, frozen=True):
    """The arguments of `open_encoder`; a folder as `name` must be there, at the same place, on every worker."""

    name: str
    revision: str | None = None
    accepted_licences: frozenset[str] = frozenset()
    dimension: int | None = None

    def open(self) -> Encoder:
        return open_encoder(
            self.name,
            revision=self.revision,
            accepted_licences=self.accepted_licences,
            dimension=self.dimension,
        )
