"""Who encodes partitions: this process, one after the other, or workers elsewhere (indexing.encoding.ray_runner)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from indexing.encoding.partition import TEXTS_PER_CALL, EncodedPartition, Partition, encode_partition
from retrieval.encoders.base import Encoder, Passage


class Runner(Protocol):
    """Encoded partitions may come in another order; none is lost, or an error says which one failed and why."""

    @property
    def texts_per_partition(self) -> int: ...

    def run(self, partitions: Iterator[Partition[Passage]], encoder: Encoder) -> Iterator[EncodedPartition]:
        """Takes partitions as it can work on them. Whoever asks for the next one has kept the one before."""
        ...


class LocalRunner:
    """Encodes when asked for the next. Its partitions are one call of the encoder: what a kill loses at most."""

    def __init__(self, texts_per_partition: int = TEXTS_PER_CALL) -> None:
        self.texts_per_partition = texts_per_partition

    def run(self, partitions: Iterator[Partition[Passage]], encoder: Encoder) -> Iterator[EncodedPartition]:
        for partition in partitions:
            yield encode_partition(partition, encoder.encode_documents)
