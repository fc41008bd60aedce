"""Documents get the same bytes however many threads encode them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from retrieval.encoders.base import Passage, Vectors
from retrieval.encoders.side_by_side import encode_side_by_side
from retrieval.encoders.text import TextEncoder
from retrieval.encoders.towers import TwoTowerEncoder
from tests.retrieval.encoders.checkpoints import save_towers

# Of many lengths: how a product is cut among threads depends on its shape.
PASSAGES = [Passage(f"Title {n}.", f"gland {n} necrosis of the lung " * (n % 24)) for n in range(1, 97)]


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """How many torch has, until the test ends."""
    usual = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(usual)


def towers(folder: Path) -> TwoTowerEncoder:
    save_towers(folder)
    return TwoTowerEncoder(str(folder))


@pytest.mark.parametrize("kind", ["packaged", "towers"])
def test_documents_are_equal_byte_for_byte_on_any_number_of_threads(
    kind: str, threads: Callable[[int], None], tmp_path: Path
) -> None:
    encoder = TextEncoder() if kind == "packaged" else towers(tmp_path)
    vectors = []
    for count in (1, 2, 3):
        threads(count)
        vectors.append(encoder.encode_documents(PASSAGES))
    assert np.array_equal(vectors[0], vectors[1])
    assert np.array_equal(vectors[0], vectors[2])


def lengths(batch: list[str]) -> Vectors:
    return np.asarray([[len(text)] for text in batch], dtype=np.float32).reshape(len(batch), 1)


def test_vectors_come_in_the_order_of_the_texts(threads: Callable[[int], None]) -> None:
    threads(2)
    texts = ["x" * (n * 7 % 23) for n in range(50)]
    assert encode_side_by_side(texts, lengths, size=4, length=len)[:, 0].tolist() == [len(text) for text in texts]
    assert encode_side_by_side([], lengths, size=4, length=len).shape == (0, 1)


def test_every_batch_has_one_thread_and_who_calls_keeps_its_own(threads: Callable[[int], None]) -> None:
    threads(3)
    seen: set[tuple[str, int]] = set()

    def encode(batch: list[str]) -> Vectors:
        seen.add((threading.current_thread().name, torch.get_num_threads()))
        return lengths(batch)

    encode_side_by_side(["gland"] * 40, encode, size=1, length=len)
    assert {count for _, count in seen} == {1}
    assert len(seen) <= 3
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), later) == (3, [3])


def test_what_one_batch_raises_is_raised_and_the_others_are_not_begun(threads: Callable[[int], None]) -> None:
    threads(2)
    begun: list[int] = []

    def encode(batch: list[str]) -> Vectors:
        begun.append(len(batch))
        raise RuntimeError("a text that cannot be read")

    with pytest.raises(RuntimeError, match="cannot be read"):
        encode_side_by_side(["gland"] * 1_000, encode, size=1, length=len)
    assert len(begun) < 1_000
    assert torch.get_num_threads() == 2
