"""Embeddings, made once per text: kept by encoder and content hash, so that a refresh encodes only what changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from indexing.catalog import CatalogEntry
from retrieval.encoders.base import Encoder, Passage, Vectors
from retrieval.errors import CatalogError, ConfigurationError

T = TypeVar("T")
HalfVectors = npt.NDArray[np.float16]
_LOOKED_UP_AT_ONCE: Final = 4_096
_ENCODED_AT_ONCE: Final = 512
"""Texts per call of the encoder, which sorts them by length; also what a kill loses at most."""
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
        self, entries: Iterable[CatalogEntry], encoder: Encoder, progress: Callable[[int], None] | None = None
    ) -> int:
        """Encode the articles that are not kept yet; returns how many. Each group is kept before the next."""
        items = ((e.content_hash, Passage(e.article.title, e.article.abstract)) for e in entries)
        return self.fill_items(encoder.spec.id, items, encoder.encode_documents, progress)

    def fill_items(
        self,
        identity: str,
        items: Iterable[tuple[bytes, T]],
        encode: Callable[[Sequence[T]], Vectors],
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """The same for anything that has a content hash, under the name of what encodes it: sentences, images."""
        encoded = seen = 0
        waiting: dict[bytes, T] = {}

        def flush(connection: sqlite3.Connection, at_least: int) -> int:
            done = 0
            while len(waiting) >= max(at_least, 1):
                group = dict(islice(waiting.items(), _ENCODED_AT_ONCE))
                vectors = encode(list(group.values())).astype(np.float16)
                _require_finite(vectors, identity, list(group.values()))
                rows = [(identity, digest, row.tobytes()) for digest, row in zip(group, vectors, strict=True)]
                with connection:
                    connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
                for digest in group:
                    del waiting[digest]
                done += len(group)
                if progress:
                    progress(seen - len(waiting))
            return done

        with self._connection() as connection:
            for group in _grouped(items, _LOOKED_UP_AT_ONCE):
                kept = _kept(connection, identity, [digest for digest, _ in group])
                seen += len(group)
                waiting.update((digest, item) for digest, item in group if digest not in kept)
                encoded += flush(connection, _LOOKED_UP_AT_ONCE)
                if progress:
                    progress(seen - len(waiting))
            encoded += flush(connection, 1)
        return encoded

    def read(self, encoder_id: str, hashes: Iterable[bytes], dimension: int) -> Iterator[HalfVectors]:
        """The vectors of `hashes` in their order, in batches of shape (n, dimension); CatalogError if one is gone."""
        with self._connection() as connection:
            for group in _grouped(hashes, _LOOKED_UP_AT_ONCE):
                kept = _kept(connection, encoder_id, group)
                try:
                    joined = b"".join(kept[digest] for digest in group)
                except KeyError as exc:
                    raise CatalogError(f"the embedding cache {self._path} lost vectors while a build read it") from exc
                yield np.frombuffer(joined, dtype=np.float16).reshape(len(group), dimension)


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


def _kept(connection: sqlite3.Connection, encoder_id: str, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for group in _grouped(hashes, _PARAMETERS_AT_ONCE):
        places = ", ".join("?" * len(group))
        rows = connection.execute(
            f"SELECT content, vector FROM vectors WHERE encoder = ? AND content IN ({places})",  # noqa: S608
            (encoder_id, *group),
        )
        found.update(rows)
    return found


def _grouped(items: Iterable[T], size: int) -> Iterator[list[T]]:
    stream = iter(items)
    while group := list(islice(stream, size)):
        yield group
