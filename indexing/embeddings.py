"""Embeddings, made once per text: kept by encoder and content hash, so that a refresh encodes only what changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from indexing.catalog import CatalogEntry
from indexing.encoding.partition import (
    TEXTS_PER_CALL,
    EncodedPartition,
    HalfVectors,
    Partition,
    encode_partition,
    grouped,
)
from indexing.encoding.plan import Plan
from indexing.encoding.runner import LocalRunner, Runner
from retrieval.encoders.base import Encoder, Passage, Vectors
from retrieval.errors import CatalogError

T = TypeVar("T")
_LOOKED_UP_AT_ONCE: Final = 4_096
_PARAMETERS_AT_ONCE: Final = 500


class EmbeddingCache:
    """Half-precision vectors in one SQLite file, by encoder id and content hash."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=30.0)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (encoder TEXT, content BLOB, vector BLOB NOT NULL, "
                    "PRIMARY KEY (encoder, content)) WITHOUT ROWID"
                )
                yield connection
        except sqlite3.Error as exc:
            raise CatalogError(
                f"the embedding cache {self._path} cannot be used: {exc}; it may be deleted, at the price of encoding "
                "every article again"
            ) from exc

    def fill(
        self,
        entries: Iterable[CatalogEntry],
        encoder: Encoder,
        progress: Callable[[int], None] | None = None,
        runner: Runner | None = None,
    ) -> int:
        """Encode the articles that are not kept yet; returns how many. Each partition is kept as it is done."""
        items = ((e.content_hash, Passage(e.article.title, e.article.abstract)) for e in entries)
        by = runner or LocalRunner()
        return self._fill(
            encoder.spec.id, items, lambda partitions: by.run(partitions, encoder), by.texts_per_partition, progress
        )

    def fill_items(
        self,
        identity: str,
        items: Iterable[tuple[bytes, T]],
        encode: Callable[[Sequence[T]], Vectors],
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """The same for anything that has a content hash, under the name of what encodes it: sentences, images."""

        def run(partitions: Iterator[Partition[T]]) -> Iterator[EncodedPartition]:
            return (encode_partition(partition, encode) for partition in partitions)

        return self._fill(identity, items, run, TEXTS_PER_CALL, progress)

    def _fill(
        self,
        identity: str,
        items: Iterable[tuple[bytes, T]],
        run: Callable[[Iterator[Partition[T]]], Iterator[EncodedPartition]],
        size: int,
        progress: Callable[[int], None] | None,
    ) -> int:
        encoded = 0
        with self._connection() as connection:
            plan = Plan(identity, items, partial(_kept, connection, identity), size=size, progress=progress)
            for partition in run(plan.partitions()):
                pairs = zip(partition.hashes, partition.vectors, strict=True)
                with connection:
                    connection.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                        [(identity, content, vector.tobytes()) for content, vector in pairs],
                    )
                plan.finish(partition)
                encoded += len(partition.hashes)
        return encoded

    def read(self, encoder_id: str, hashes: Iterable[bytes], dimension: int) -> Iterator[HalfVectors]:
        """The vectors of `hashes` in their order, in batches of shape (n, dimension); CatalogError if one is gone."""
        with self._connection() as connection:
            for group in grouped(hashes, _LOOKED_UP_AT_ONCE):
                kept = _kept(connection, encoder_id, group)
                try:
                    joined = b"".join(kept[digest] for digest in group)
                except KeyError as exc:
                    raise CatalogError(f"the embedding cache {self._path} lost vectors while a build read it") from exc
                yield np.frombuffer(joined, dtype=np.float16).reshape(len(group), dimension)


def _kept(connection: sqlite3.Connection, encoder_id: str, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for group in grouped(hashes, _PARAMETERS_AT_ONCE):
        places = ", ".join("?" * len(group))
        rows = connection.execute(
            f"SELECT content, vector FROM vectors WHERE encoder = ? AND content IN ({places})",  # noqa: S608
            (encoder_id, *group),
        )
        found.update(rows)
    return found
