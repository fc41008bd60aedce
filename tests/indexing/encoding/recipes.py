"""Recipes that Ray can send to its workers: encoders without a model, slow ones and broken ones."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from retrieval.encoders.base import Encoder, Passage, Vectors
from retrieval.records import Record
from tests.fakes import HashingEncoder

POISON = "poison"


class FakeRecipe(Record, frozen=True):
    """`seconds` is how long each call takes; `pids` a folder where each process that encodes leaves its id."""

    seconds: float = 0.0
    pids: str = ""
    name: str = "hashing"

    def open(self) -> Encoder:
        return _Watched(self)


class _Watched(HashingEncoder):
    """Fails at a text with the title POISON."""

    def __init__(self, recipe: FakeRecipe) -> None:
        super().__init__(name=recipe.name)
        self._recipe = recipe

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        if self._recipe.pids:
            (Path(self._recipe.pids) / str(os.getpid())).touch()
        time.sleep(self._recipe.seconds)
        if any(passage.title == POISON for passage in passages):
            raise RuntimeError("the model met a text that it cannot read")
        return super().encode_documents(passages)
