"""How a processor encodes many texts: those of like length together, and for documents batches side by side.

With one thread to a batch the same numbers are added in the same order however many threads there are, so that vectors
are equal byte for byte: where two threads share one batch, the last bits of some differ. It is faster, too: 1.4 times
as many abstracts a second (MiniLM in bfloat16, 2 cores), since a small layer gains little from a second thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np

from retrieval.encoders.base import Vectors

T = TypeVar("T")


class _Map(Protocol):
    def __call__(
        self, function: Callable[[list[int]], Vectors], places: Sequence[list[int]], /
    ) -> Iterable[Vectors]: ...


def encode_by_length(
    items: Sequence[T],
    encode: Callable[[list[T]], Vectors],
    *,
    size: int,
    length: Callable[[T], int],
    run: _Map = map,
) -> Vectors:
    """Vectors in the order of `items`; `encode` gets at most `size` at once, of like length, so that little is padding.

    The longest first, so that what takes long does not come last.
    """
    order = sorted(range(len(items)), key=lambda i: -length(items[i]))
    batches = [order[start : start + size] for start in range(0, len(order), size)] or [[]]
    encoded = np.concatenate(list(run(lambda places: encode([items[i] for i in places]), batches)))
    vectors = np.empty_like(encoded)
    vectors[order] = encoded
    return vectors


def encode_side_by_side(
    items: Sequence[T], encode: Callable[[list[T]], Vectors], *, size: int, length: Callable[[T], int]
) -> Vectors:
    """The same, on as many threads as torch has in the thread that calls; `encode` must bear that."""
    import torch

    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        return encode_by_length(items, encode, size=size, length=length, run=pool.map)
    finally:
        pool.shutdown(cancel_futures=True)
        # What a thread sets holds for itself, and for all that begin later.
        torch.set_num_threads(threads)
