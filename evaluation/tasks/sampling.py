"""The same choice every time: by a hash of seed and name, in whatever order things come."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable
from typing import TypeVar

from retrieval.index.interface import IndexedArticle

Item = TypeVar("Item")

Articles = Callable[[], Iterable[IndexedArticle]]
"""Reads all articles of a catalog; it may be called several times."""


def fraction(seed: int, name: str) -> float:
    """A number in 0..1 that seed and name decide."""
    digest = hashlib.blake2b(f"{seed}|{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def sample(items: Iterable[Item], size: int, seed: int, name: Callable[[Item], str]) -> list[Item]:
    """`size` of the items, or all; in flat memory. Adding an item to the source moves at most one other out."""
    return heapq.nsmallest(size, items, key=lambda item: (fraction(seed, name(item)), name(item)))
