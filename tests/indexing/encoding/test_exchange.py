"""The exchange folder: what was put comes back whole, damage is noticed, nothing stays behind."""

from __future__ import annotations

import pickle
from pathlib import Path

import fsspec
import pytest

from indexing.encoding.exchange import Exchange
from indexing.encoding.partition import EncodedPartition, Partition, encode_partition
from retrieval.encoders.base import Passage
from retrieval.errors import ConfigurationError, SourceError
from tests.fakes import HashingEncoder

PASSAGES = (Passage("Glands", "A gland."), Passage("Ki-67 \u2265 20 %", ""))
PARTITION = Partition("hashing@1", (b"a" * 16, b"b" * 16), PASSAGES)


def encoded(partition: Partition[Passage] = PARTITION) -> EncodedPartition:
    return encode_partition(partition, HashingEncoder().encode_documents)


@pytest.fixture(params=["folder", "memory"])
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Exchange:
    return Exchange(str(tmp_path / "exchange") if request.param == "folder" else f"memory://{tmp_path}")


def files(exchange: Exchange) -> list[str]:
    filesystem, folder = fsspec.core.url_to_fs(exchange.url)
    return sorted(str(path).rpartition("/")[2] for path in filesystem.ls(folder, detail=False))


def overwrite(exchange: Exchange, name: str, place: int) -> None:
    filesystem, folder = fsspec.core.url_to_fs(exchange.url)
    data = bytearray(filesystem.cat_file(f"{folder}/{name}"))
    data[place] ^= 1
    filesystem.pipe_file(f"{folder}/{name}", bytes(data))


def test_texts_come_back_as_they_were_put(exchange: Exchange) -> None:
    back = exchange.texts(PARTITION.name, exchange.put_texts(PARTITION))
    assert (back.identity, back.hashes, back.items, back.name) == (
        PARTITION.identity,
        PARTITION.hashes,
        PARTITION.items,
        PARTITION.name,
    )


def test_vectors_come_back_as_they_were_put(exchange: Exchange) -> None:
    exchange.put_vectors(encoded())
    for back in (
        exchange.finished(PARTITION),
        exchange.vectors(PARTITION.name, PARTITION.hashes, encoded().checksum),
    ):
        assert back is not None
        assert back.vectors.tobytes() == encoded().vectors.tobytes()
        assert (back.name, back.hashes, back.checksum) == (PARTITION.name, PARTITION.hashes, encoded().checksum)


@pytest.mark.parametrize("place", [-1, 9, 0])
def test_damaged_vectors_are_an_error_and_not_taken_for_finished(exchange: Exchange, place: int) -> None:
    exchange.put_vectors(encoded())
    overwrite(exchange, f"{PARTITION.name}.npy", place)
    assert exchange.finished(PARTITION) is None
    with pytest.raises(SourceError, match=f"{PARTITION.name} came damaged"):
        exchange.vectors(PARTITION.name, PARTITION.hashes, encoded().checksum)
    assert files(exchange) == []


def test_vectors_of_another_partition_are_not_taken_for_its_own(exchange: Exchange) -> None:
    other = Partition("hashing@2", PARTITION.hashes, PARTITION.items)
    exchange.put_vectors(encoded()._replace(name=other.name))
    assert exchange.finished(other) is None


def test_vectors_without_their_checksum_are_unfinished(exchange: Exchange) -> None:
    exchange.put_vectors(encoded())
    filesystem, folder = fsspec.core.url_to_fs(exchange.url)
    filesystem.rm_file(f"{folder}/{PARTITION.name}.sha256")
    assert exchange.finished(PARTITION) is None


def test_damaged_or_missing_texts_are_an_error(exchange: Exchange) -> None:
    with pytest.raises(SourceError, match="must be shared by all machines"):
        exchange.texts(PARTITION.name, "")
    checksum = exchange.put_texts(PARTITION)
    overwrite(exchange, f"{PARTITION.name}.texts", 20)
    with pytest.raises(SourceError, match="damaged"):
        exchange.texts(PARTITION.name, checksum)


def test_sweeping_removes_what_builds_left_and_nothing_else(exchange: Exchange) -> None:
    exchange.put_texts(PARTITION)
    exchange.put_vectors(encoded())
    filesystem, folder = fsspec.core.url_to_fs(exchange.url)
    filesystem.pipe_file(f"{folder}/{PARTITION.name}.npy.{'0' * 32}.part", b"half")
    filesystem.pipe_file(f"{folder}/notes.txt", b"mine")
    exchange.sweep()
    assert files(exchange) == ["notes.txt"]


def test_sweeping_and_removing_where_nothing_was_is_no_error(exchange: Exchange) -> None:
    exchange.sweep()
    exchange.remove(PARTITION.name)


def test_an_exchange_can_be_sent_to_workers_after_it_was_used(exchange: Exchange) -> None:
    exchange.put_vectors(encoded())
    assert pickle.loads(pickle.dumps(exchange)).finished(PARTITION) is not None  # noqa: S301 - its own bytes


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match=str(tmp_path / "file")):
        Exchange(str(tmp_path / "file")).put_texts(PARTITION)


def test_an_unknown_scheme_is_an_error_that_shows_no_password() -> None:
    with pytest.raises(ConfigurationError, match="nowhere://host") as caught:
        Exchange("nowhere://me:secret@host/folder").put_texts(PARTITION)
    assert "secret" not in str(caught.value)
