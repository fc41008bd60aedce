"""What an encoder is worth on articles that it never saw: each title must find its own abstract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from retrieval.encoders.base import Encoder, Passage
from retrieval.records import Article


class KnownItems(NamedTuple):
    mrr: float
    """Mean reciprocal rank; a rank below 10 counts as none."""
    ndcg: float
    """nDCG@10, which for one right answer is 1 / log2(1 + rank)."""


def find_own_abstract(encoder: Encoder, asked: Sequence[Article], others: Sequence[Article]) -> KnownItems:
    """Titles of `asked` against the abstracts, without titles, of `asked` and `others`; exact inner products."""
    documents = encoder.encode_documents([Passage("", a.abstract) for a in (*asked, *others)])
    scores = encoder.encode_queries([a.title for a in asked]) @ documents.T
    own = np.take_along_axis(scores, np.arange(len(asked))[:, None], axis=1)
    ranks = (scores > own).sum(axis=1) + 1
    near = ranks <= 10
    return KnownItems(
        mrr=float(np.where(near, 1 / ranks, 0.0).mean()),
        ndcg=float(np.where(near, 1 / np.log2(1 + ranks), 0.0).mean()),
    )
