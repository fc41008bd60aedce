"""What encodes on a worker of Ray: takes a partition's name, leaves its vectors in the exchange folder.

The machine must have the same version of pathlit installed as the one that builds.
"""

from __future__ import annotations

import importlib.metadata
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from indexing.encoding.exchange import Exchange
from indexing.encoding.partition import encode_partition
from indexing.encoding.recipe import Recipe
from retrieval.encoders.base import Encoder
from retrieval.errors import ConfigurationError, PathlitError


def installed_version() -> str:
    """Of pathlit on this machine."""
    try:
        return importlib.metadata.version("pathlit")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


class Task(NamedTuple):
    """A partition whose texts lie in the exchange folder."""

    name: str
    texts: str
    """Their checksum."""


class Outcome(NamedTuple):
    """Of one task: the checksum of its vectors, or what went wrong."""

    name: str
    checksum: str
    error: str = ""
    worker: str = ""


class EncodeWorker:
    """A callable for Ray Data: rows of `Task` in, rows of `Outcome` out. Loads its encoder once, at the first task.

    Errors become outcomes, since an exception would reach the builder as pages of Ray's frames.
    """

    def __init__(self, recipe: Recipe, exchange: Exchange, version: str, threads: int) -> None:
        """`version` is that of the builder's pathlit, `threads` how many torch computes with."""
        self._recipe, self._exchange, self._version, self._threads = recipe, exchange, version, threads
        self._encoder: Encoder | None = None

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
        rows = zip(*(batch[field] for field in Task._fields), strict=True)
        outcomes = [self._outcome(Task(*map(str, row))) for row in rows]
        return {field: [getattr(outcome, field) for outcome in outcomes] for field in Outcome._fields}

    def _outcome(self, task: Task) -> Outcome:
        worker = f"{socket.gethostname()} (process {os.getpid()})"
        try:
            return Outcome(task.name, self._encode(task), worker=worker)
        except PathlitError as exc:
            return Outcome(task.name, "", str(exc), worker)
        except Exception as exc:  # noqa: BLE001 - whatever a model raises is told to the builder, by partition
            return Outcome(task.name, "", f"{type(exc).__name__}: {exc}", worker)

    def _encode(self, task: Task) -> str:
        self._encoder = self._encoder or self._open()
        partition = self._exchange.texts(task.name, task.texts)
        if partition.identity != self._encoder.spec.id:
            raise ConfigurationError(
                f"the encoder here is {self._encoder.spec.id}, the builder's {partition.identity}: pin its revision, "
                "or put the same model folder on all machines"
            )
        encoded = encode_partition(partition, self._encoder.encode_documents)
        self._exchange.put_vectors(encoded)
        return encoded.checksum

    def _open(self) -> Encoder:
        if (here := installed_version()) != self._version:
            raise ConfigurationError(
                f"pathlit here is {here}, the builder's is {self._version}: install the same version on all machines"
            )
        # Before the model is loaded: several workers on one machine share its cores.
        os.environ["RAYON_NUM_THREADS"] = str(self._threads)
        encoder = self._recipe.open()
        if encoder.spec and (torch := sys.modules.get("torch")):
            torch.set_num_threads(self._threads)
        return encoder
