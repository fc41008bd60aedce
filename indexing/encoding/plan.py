"""Which texts still need vectors, cut into partitions."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from indexing.encoding.partition import EncodedPartition, Partition, grouped

T = TypeVar("T")
_LOOKED_UP_AT_ONCE: Final = 4_096


class Plan(Generic[T]):
    """Partitions of a fixed number of texts that have no vectors yet, in the order of `items`.

    What is in work counts as kept. So the cut depends on the items and on what was kept before, not on who is fast;
    and where a killed run left whole partitions behind, the next one finds the others again, name by name.
    """

    def __init__(
        self,
        identity: str,
        items: Iterable[tuple[bytes, T]],
        kept: Callable[[Sequence[bytes]], Container[bytes]],
        *,
        size: int,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """`items` come with their content hashes; `kept` tells which of some hashes have vectors."""
        self._identity = identity
        self._items = items
        self._kept = kept
        self._size = size
        self._progress = progress
        self._seen = 0
        self._waiting: dict[bytes, T] = {}
        self._in_work: set[bytes] = set()

    def partitions(self) -> Iterator[Partition[T]]:
        """Reads on only as far as the next partition needs."""
        for group in grouped(self._items, _LOOKED_UP_AT_ONCE):
            kept = self._kept([content for content, _ in group])
            for content, item in group:
                if content not in kept and content not in self._in_work:
                    self._waiting[content] = item
            self._seen += len(group)
            self._tell()
            while len(self._waiting) >= self._size:
                yield self._next()
        if self._waiting:
            yield self._next()

    def finish(self, encoded: EncodedPartition) -> None:
        """To be told once its vectors are kept."""
        self._in_work.difference_update(encoded.hashes)
        self._tell()

    def _next(self) -> Partition[T]:
        taken = dict(islice(self._waiting.items(), self._size))
        for content in taken:
            del self._waiting[content]
        self._in_work.update(taken)
        return Partition(self._identity, tuple(taken), tuple(taken.values()))

    def _tell(self) -> None:
        if self._progress:
            self._progress(self._seen - len(self._waiting) - len(self._in_work))
