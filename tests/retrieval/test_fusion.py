"""Fusion: arithmetic on small examples, and laws that hold for every input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import FUSIONS, minmax, rrf
from retrieval.index.interface import Scored

EVEN = {"lexical": 0.5, "dense": 0.5}


def test_minmax_averages_normalised_scores() -> None:
    legs = {
        "lexical": [Scored(1, 30.0), Scored(2, 20.0), Scored(3, 10.0)],
        "dense": [Scored(3, 0.9), Scored(2, 0.8), Scored(1, 0.5)],
    }
    fused = minmax(legs, EVEN)
    assert [f.pmid for f in fused] == [2, 1, 3]
    assert [f.score for f in fused] == pytest.approx([0.625, 0.5, 0.5])
    assert fused[0].legs["lexical"].rank == 2
    assert fused[0].legs["lexical"].score == 20.0
    assert fused[0].legs["dense"].share == pytest.approx(0.375)


def test_rrf_adds_reciprocal_ranks() -> None:
    legs = {"lexical": [Scored(1, 9.0), Scored(2, 8.0)], "dense": [Scored(2, 0.7)]}
    fused = rrf(legs, EVEN)
    assert [f.pmid for f in fused] == [2, 1]
    assert [f.score for f in fused] == pytest.approx([0.5 / 62 + 0.5 / 61, 0.5 / 61])


def test_equal_scores_are_ordered_by_pmid() -> None:
    legs = {"lexical": [Scored(5, 1.0), Scored(7, 1.0)], "dense": [Scored(3, 0.2), Scored(9, 0.2)]}
    assert [f.pmid for f in minmax(legs, EVEN)] == [3, 5, 7, 9]


def test_a_leg_that_found_nothing_takes_no_weight() -> None:
    (only,) = minmax({"lexical": [Scored(1, 3.0)], "dense": []}, EVEN)
    assert only.score == 1.0


def test_no_legs_fuse_to_nothing() -> None:
    assert minmax({}, EVEN) == []
    assert rrf({"lexical": [], "dense": []}, EVEN) == []


@st.composite
def ranked_lists(draw: st.DrawFn) -> list[Scored]:
    scores = draw(
        st.dictionaries(st.integers(1, 50), st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False), max_size=20)
    )
    return sorted((Scored(p, s) for p, s in scores.items()), key=lambda s: (-s.score, s.pmid))


@pytest.mark.parametrize("name", sorted(FUSIONS))
@given(lexical=ranked_lists(), dense=ranked_lists(), weight=st.floats(0, 1))
def test_every_candidate_comes_out_once_sorted_with_shares_that_add_up(
    name: str, lexical: list[Scored], dense: list[Scored], weight: float
) -> None:
    fused = FUSIONS[name]({"lexical": lexical, "dense": dense}, {"lexical": weight, "dense": 1 - weight})
    assert sorted(f.pmid for f in fused) == sorted({s.pmid for s in [*lexical, *dense]})
    assert fused == sorted(fused, key=lambda f: (-f.score, f.pmid))
    for hit in fused:
        assert 0 <= hit.score <= 1 + 1e-9
        assert hit.score == pytest.approx(sum(leg.share for leg in hit.legs.values()))


@given(ranked_lists())
def test_one_leg_alone_keeps_its_order(ranked: list[Scored]) -> None:
    scored = {s.score for s in ranked}
    for fuse in FUSIONS.values():
        order = [f.pmid for f in fuse({"dense": ranked}, {"dense": 1.0})]
        if len(scored) == len(ranked) and fuse is rrf:
            assert order == [s.pmid for s in ranked]
        assert set(order) == {s.pmid for s in ranked}
