"""Embeddings are made once per text, in the same calls of the encoder however the work is cut."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from indexing.catalog import CatalogEntry
from indexing.catalog_batch import content_hash
from indexing.embeddings import EmbeddingCache
from indexing.encoding.partition import EncodedPartition, Partition
from indexing.encoding.runner import LocalRunner
from retrieval.encoders.base import Encoder, Passage, Vectors
from retrieval.errors import ConfigurationError
from retrieval.records import Integrity
from tests.fakes import HashingEncoder, article

ROOT = Path(__file__).parents[2]


def entries(count: int) -> list[CatalogEntry]:
    articles = [article(n, f"Title {n}", "gland " * (n % 7)) for n in range(1, count + 1)]
    return [CatalogEntry(article=a, content_hash=content_hash(a), integrity=Integrity()) for a in articles]


def rows(path: Path) -> list[tuple[str, bytes, bytes]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM vectors ORDER BY encoder, content").fetchall()


class CallEncoder(HashingEncoder):
    """Its vectors tell which texts shared a call."""

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        vectors = super().encode_documents(passages)
        return vectors + len(passages) + len(passages[0].title)


class BackwardsRunner(LocalRunner):
    """Three partitions at a time, the last one first."""

    def run(self, partitions: Iterator[Partition[Passage]], encoder: Encoder) -> Iterator[EncodedPartition]:
        while window := [partition for _, partition in zip(range(3), partitions, strict=False)]:
            yield from super().run(reversed(window), encoder)


def test_each_text_is_encoded_once(tmp_path: Path) -> None:
    encoder, cache = HashingEncoder(), EmbeddingCache(tmp_path / "e.sqlite")
    told: list[int] = []
    assert cache.fill(entries(1_000), encoder, told.append) == 1_000
    assert cache.fill(entries(1_200), encoder, told.append) == 200
    assert len(encoder.encoded) == 1_200
    assert (told[-1], max(told)) == (1_200, 1_200)


def test_equal_texts_are_encoded_once(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    assert EmbeddingCache(tmp_path / "e.sqlite").fill(entries(10) * 3, encoder) == 10
    assert len(encoder.encoded) == 10


def test_larger_partitions_and_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    for name, runner in (("a", None), ("b", LocalRunner(2_048)), ("c", BackwardsRunner(1_024))):
        EmbeddingCache(tmp_path / name).fill(entries(5_000) + entries(900), CallEncoder(), runner=runner)
    assert rows(tmp_path / "a") == rows(tmp_path / "b") == rows(tmp_path / "c")


def test_what_was_encoded_before_an_error_is_kept(tmp_path: Path) -> None:
    class Failing(CallEncoder):
        def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
            if len(self.encoded) >= 1_024:
                raise RuntimeError("the encoder failed")
            return super().encode_documents(passages)

    cache = EmbeddingCache(tmp_path / "a")
    with pytest.raises(RuntimeError, match="the encoder failed"):
        cache.fill(entries(3_000), Failing())
    assert len(rows(tmp_path / "a")) == 1_024
    assert cache.fill(entries(3_000), CallEncoder()) == 3_000 - 1_024
    EmbeddingCache(tmp_path / "b").fill(entries(3_000), CallEncoder())
    assert rows(tmp_path / "a") == rows(tmp_path / "b")


def test_a_vector_of_no_numbers_is_an_error_that_names_the_article(tmp_path: Path) -> None:
    class Broken(HashingEncoder):
        def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
            vectors = super().encode_documents(passages)
            vectors[2] = float("nan")
            return vectors

    with pytest.raises(ConfigurationError, match=r"the encoder hashing gave .* for the article 'Title 3'"):
        EmbeddingCache(tmp_path / "e.sqlite").fill(entries(10), Broken())


KILLED = """
import sys, time
from pathlib import Path
from indexing.embeddings import EmbeddingCache
from tests.indexing.test_embeddings import CallEncoder, entries

class Slow(CallEncoder):
    def encode_documents(self, passages):
        time.sleep(0.05)
        return super().encode_documents(passages)

EmbeddingCache(Path(sys.argv[1])).fill(entries(20_000), Slow())
"""


def test_a_fill_killed_in_the_middle_and_run_again_gives_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline and _count(path) < 2_000:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert 0 < _count(path) < 20_000
    EmbeddingCache(path).fill(entries(20_000), CallEncoder())
    EmbeddingCache(tmp_path / "whole").fill(entries(20_000), CallEncoder())
    assert rows(path) == rows(tmp_path / "whole")


def _count(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])
        except sqlite3.OperationalError:
            return 0
