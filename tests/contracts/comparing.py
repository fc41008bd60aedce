"""How alike the answers of two engines must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from retrieval.index.interface import Scored

SAME_WORDS = 1e-4
"""Relative: engines add the scores of words as single-precision numbers."""
SAME_VECTOR = 1e-5
"""Absolute, for vectors of about unit length: what is left of an inner product that was carried as another score."""


def assert_same_ranking(
    found: Sequence[Scored], expected: Sequence[Scored], limit: int, *, rel: float = SAME_WORDS, within: float = 1e-9
) -> None:
    """`expected` is all that could be found, best first. Articles may change places within the bounds alone.

    Where articles have the very same score, the order is that of their PMIDs.
    """
    assert list(found) == sorted(found, key=lambda scored: (-scored.score, scored.pmid))
    assert len({scored.pmid for scored in found}) == len(found)
    scores = dict(expected)
    assert [scored.score for scored in found] == pytest.approx(
        [scored.score for scored in expected[:limit]], rel=rel, abs=within
    )
    assert {scored.pmid: scored.score for scored in found} == {
        scored.pmid: pytest.approx(scores[scored.pmid], rel=rel, abs=within)
        for scored in found
        if scored.pmid in scores
    }


def overlap(found: Sequence[Scored], expected: Sequence[Scored]) -> float:
    """The share of the expected articles that were found."""
    wanted = {scored.pmid for scored in expected}
    return len(wanted & {scored.pmid for scored in found}) / len(wanted) if wanted else 1.0


def as_scores(found: Sequence[Scored]) -> Mapping[int, object]:
    """To compare with the scores of other articles or of another engine."""
    return {scored.pmid: pytest.approx(scored.score, rel=SAME_WORDS, abs=SAME_VECTOR) for scored in found}
