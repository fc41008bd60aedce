"""The final order of the hits: reranked where there is a reranker and time for it, otherwise as fused."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from retrieval.errors import OutOfTimeError
from retrieval.fusion import Fused
from retrieval.index.interface import IndexedArticle
from retrieval.records import Reranked
from retrieval.rerank.base import Candidate, Question, Reranker


class Place(NamedTuple):
    fused: Fused
    indexed: IndexedArticle
    reranked: Reranked | None = None


class Ordered(NamedTuple):
    places: list[Place]
    """Best first."""
    reranker: str = ""
    """Who ordered them; empty where the fused order stands."""
    notices: tuple[str, ...] = ()


def fused_order(candidates: Sequence[Candidate], limit: int) -> Ordered:
    return Ordered([Place(candidate.fused, candidate.indexed) for candidate in candidates[:limit]])


def reranked_order(
    reranker: Reranker, question: Question, candidates: Sequence[Candidate], budget_s: float, limit: int
) -> Ordered:
    """The first `reranker.depth` candidates by its scores, equal ones in fused order, and behind them the others."""
    read, others = candidates[: reranker.depth], candidates[reranker.depth :]
    try:
        judged = reranker.rerank(question, read, perf_counter() + budget_s)
    except OutOfTimeError as exc:
        notice = f"The hits are in fused order: {exc} ({reranker.name} has {budget_s:g} s for each query)."
        return fused_order(candidates, limit)._replace(notices=(notice,))
    places = [
        Place(candidate.fused, candidate.indexed, Reranked(score, rank, dict(contributions)))
        for rank, (candidate, (score, contributions)) in enumerate(zip(read, judged, strict=True), start=1)
    ]
    places.sort(key=lambda place: -place.reranked.score if place.reranked else 0.0)
    places += [Place(candidate.fused, candidate.indexed) for candidate in others]
    return Ordered(places[:limit], reranker.name)
