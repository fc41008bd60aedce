"""A partition: some texts that have no vectors yet, encoded by one code path wherever that runs.

Vectors do not depend on who encodes but on which texts share a batch. So the texts of one call of the encoder are the
same however the work is cut: see TEXTS_PER_CALL. That makes vectors byte-equal on processors of one kind, however many
threads they have (encoders.side_by_side). A GPU's batch is found anew each time (encoders.batching).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Final, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Passage, Vectors
from retrieval.errors import ConfigurationError

T = TypeVar("T")
HalfVectors = npt.NDArray[np.float16]

TEXTS_PER_CALL: Final = 512
"""Texts per call of the encoder, which sorts them by length. Partitions of a multiple of these give equal calls."""
_NAME_BYTES: Final = 16


class Partition(Generic[T]):
    """What one encoder still has to encode: content hashes, and what has them, in the same order."""

    def __init__(self, identity: str, hashes: Sequence[bytes], items: Sequence[T]) -> None:
        """`identity` is the encoder's id."""
        self.identity = identity
        self.hashes = tuple(hashes)
        self.items = tuple(items)

    @cached_property
    def name(self) -> str:
        """Equal for equal work: hexadecimal, of the encoder's id and the content hashes."""
        digest = hashlib.blake2b(self.identity.encode() + b"\0", digest_size=_NAME_BYTES)
        for content in self.hashes:
            digest.update(content)
        return digest.hexdigest()


class EncodedPartition(NamedTuple):
    name: str
    hashes: tuple[bytes, ...]
    vectors: HalfVectors
    """A row for each hash."""
    checksum: str
    """See checksum_of."""


def encode_partition(partition: Partition[T], encode: Callable[[Sequence[T]], Vectors]) -> EncodedPartition:
    """ConfigurationError, naming the article, where a vector is no numbers in half precision."""
    parts: list[HalfVectors] = []
    for group in grouped(partition.items, TEXTS_PER_CALL):
        vectors = encode(group).astype(np.float16)
        _require_finite(vectors, partition.identity, group)
        parts.append(vectors)
    vectors = np.concatenate(parts)
    return EncodedPartition(partition.name, partition.hashes, vectors, checksum_of(partition.name, vectors))


def checksum_of(name: str, vectors: HalfVectors) -> str:
    """SHA-256 over the partition's name, the vectors' shape and their numbers."""
    digest = hashlib.sha256(f"{name} {vectors.shape}\n".encode())
    digest.update(np.ascontiguousarray(vectors, dtype="<f2").data)
    return digest.hexdigest()


def grouped(items: Iterable[T], size: int) -> Iterator[list[T]]:
    stream = iter(items)
    while group := list(islice(stream, size)):
        yield group


def _require_finite(vectors: HalfVectors, identity: str, items: Sequence[object]) -> None:
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        item = items[int(np.argmin(finite))]
        name = identity.partition("@")[0]
        what = item.title if isinstance(item, Passage) else str(item)
        raise ConfigurationError(
            f"the encoder {name} gave a vector that is no numbers (in half precision) for the article {what[:80]!r}: "
            "use another encoder, or the same one in float32"
        )
