"""Vectors: nearest ones, scores of given ones, and back from the engine's scores to inner products."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.errors import GenerationError
from retrieval.index.elasticsearch.conditions import Dsl
from retrieval.index.elasticsearch.searching import PAGE
from retrieval.index.interface import Scored

_FEWEST_CANDIDATES: Final = 800
_CANDIDATES: Final = 8
"""Looked at for each article wanted, in each shard: its graph is a single one. More than are scored in full."""
_RESCORED: Final = 5.0
"""Scored by their full vectors for each article wanted, since the index keeps coarser ones: bits need so many."""


def require_dimension(vector: npt.NDArray[np.float32], dimension: int) -> None:
    if vector.shape != (dimension,):
        raise GenerationError(
            f"a query vector of shape {vector.shape} was sent to an index of dimension {dimension}; "
            "search with the encoder that built the generation"
        )


def nearest(field: str, vector: npt.NDArray[np.float32], limit: int, condition: Dsl | None) -> Dsl:
    """A query for the `limit` nearest articles that meet a condition, scored by their full vectors."""
    k = min(limit, PAGE)
    candidates = min(PAGE, max(_FEWEST_CANDIDATES, _CANDIDATES * k))
    oversample = min(_RESCORED, PAGE / k)
    return _knn(field, vector, k, candidates, oversample, condition)


def among(field: str, vector: npt.NDArray[np.float32], condition: Dsl, count: int) -> Dsl:
    """A query for all of `count` articles, PAGE at most: with as many wanted as allowed, the engine reads each."""
    return _knn(field, vector, count, count, 1.0, condition)


def inner_products(scored: Iterable[Scored]) -> list[Scored]:
    """The engine adds one to an inner product, and turns a negative one into a fraction, so that none is below 0."""
    return [Scored(pmid, inner_product(score)) for pmid, score in scored]


def inner_product(score: float) -> float:
    return score - 1 if score >= 1 else 1 - 1 / score


def parts(pmids: Sequence[int]) -> list[Sequence[int]]:
    return [pmids[at : at + PAGE] for at in range(0, len(pmids), PAGE)]


def numbers(vector: npt.NDArray[np.float16]) -> list[float]:
    """As a document has them."""
    listed: list[float] = vector.astype(np.float32).tolist()
    return listed


def _knn(
    field: str, vector: npt.NDArray[np.float32], k: int, candidates: int, oversample: float, condition: Dsl | None
) -> Dsl:
    knn: Dsl = {
        "field": field,
        "query_vector": np.asarray(vector, dtype=np.float32).tolist(),
        "k": k,
        "num_candidates": candidates,
        "rescore_vector": {"oversample": oversample},
    }
    if condition is not None:
        knn["filter"] = condition
    return {"knn": knn}
