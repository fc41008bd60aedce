"""Titles find their own abstracts: ranks, and what they are worth."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.encoders.base import EncoderSpec, Passage, Vectors
from tests.fakes import article
from training.heldout import find_own_abstract


class Fixed:
    spec = EncoderSpec(name="fixed", revision="1", dimension=2, max_tokens=0, licence="")

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.tile(np.array([1.0, 0.0], dtype=np.float32), (len(texts), 1))

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        assert all(passage.title == "" for passage in passages)
        return np.array([[float(p.abstract), 0.0] for p in passages], dtype=np.float32)


def test_a_title_at_rank_one_counts_whole_at_rank_two_half_and_below_ten_nothing() -> None:
    asked = [article(1, "best", "100"), article(2, "second", "99"), article(3, "last", "1")]
    others = [article(10 + n, "other", str(50 + n)) for n in range(10)]
    found = find_own_abstract(Fixed(), asked, others)
    assert found.mrr == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert found.ndcg == pytest.approx((1 + 1 / np.log2(3) + 0) / 3)
