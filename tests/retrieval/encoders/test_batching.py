"""The batch of a GPU: doubled while that pays, halved when memory runs out, nothing lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from retrieval.encoders.batching import BatchFinder
from retrieval.errors import ConfigurationError


class Gpu:
    """Fits `fits` texts; takes `start` seconds a batch, `each` a text."""

    def __init__(self, fits: int, *, start: float = 1.0, each: float = 0.0) -> None:
        self.fits, self.start, self.each = fits, start, each
        self.now = 0.0
        self.sizes: list[int] = []

    def encode(self, texts: Sequence[str], size: int) -> list[str]:
        self.sizes.append(size)
        if size > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.now += self.start * -(-len(texts) // size) + self.each * len(texts)
        return [text.upper() for text in texts]

    def run(self, finder: BatchFinder, texts: int = 512) -> None:
        words = [f"text {n}" for n in range(texts)]
        assert finder.encode(words, self.encode, sum(map(len, words))) == [word.upper() for word in words]


def finder_of(gpu: Gpu, *, first: int = 32, largest: int = 4_096) -> BatchFinder:
    return BatchFinder(first=first, largest=largest, clock=lambda: gpu.now)


def test_the_batch_doubles_up_to_the_calls_that_come() -> None:
    gpu = Gpu(fits=10_000)
    finder = finder_of(gpu)
    for _ in range(10):
        gpu.run(finder)
    # The first call only starts the GPU up. A batch of 1,024 is never filled by 512 texts.
    assert gpu.sizes == [32, 32, 64, 128, 256, 512, 1_024, 1_024, 1_024, 1_024]


def test_it_stops_at_the_largest() -> None:
    gpu = Gpu(fits=10_000)
    finder = finder_of(gpu, largest=128)
    for _ in range(6):
        gpu.run(finder)
    assert gpu.sizes == [32, 32, 64, 128, 128, 128]


def test_it_goes_back_to_the_one_before_where_a_larger_one_gains_nothing() -> None:
    # 0.2 s a batch beside 0.1 s a text: doubling 32 gains 3 %.
    gpu = Gpu(fits=10_000, start=0.2, each=0.1)
    finder = finder_of(gpu)
    for _ in range(5):
        gpu.run(finder)
    assert gpu.sizes == [32, 32, 64, 32, 32]


def test_out_of_memory_halves_it_and_the_call_is_done_all_the_same() -> None:
    gpu = Gpu(fits=100)
    finder = finder_of(gpu)
    for _ in range(5):
        gpu.run(finder)
    assert gpu.sizes == [32, 32, 64, 128, 64, 64]


def test_memory_may_run_out_long_after_the_batch_was_found() -> None:
    gpu = Gpu(fits=10_000)
    finder = finder_of(gpu, largest=64)
    for _ in range(4):
        gpu.run(finder)
    # Another process takes its share of the GPU.
    gpu.fits = 10
    gpu.run(finder)
    gpu.run(finder)
    assert gpu.sizes == [32, 32, 64, 64, 64, 32, 16, 8, 8]


def test_a_few_texts_teach_nothing() -> None:
    gpu = Gpu(fits=10_000)
    finder = finder_of(gpu)
    for _ in range(5):
        gpu.run(finder, texts=3)
    assert gpu.sizes == [32] * 5


def test_a_gpu_too_small_for_one_text_is_an_error_that_says_what_to_do() -> None:
    gpu = Gpu(fits=0)
    with pytest.raises(ConfigurationError, match="does not suffice for one text"):
        gpu.run(finder_of(gpu, first=4))
    assert gpu.sizes == [4, 2, 1]
