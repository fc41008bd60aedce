"""Vectors as Elasticsearch takes them, and its scores as inner products."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.errors import GenerationError
from retrieval.index.elasticsearch.vectors import among, inner_product, nearest, parts, require_dimension

VECTOR = np.array([0.5, -1.0], dtype=np.float32)


@pytest.mark.parametrize("product", [-1000.0, -1.0, -0.25, 0.0, 0.25, 1.0, 68.0])
def test_scores_become_inner_products_again(product: float) -> None:
    engine_score = product + 1 if product >= 0 else 1 / (1 - product)
    assert inner_product(engine_score) == pytest.approx(product)


@pytest.mark.parametrize(("limit", "k"), [(1, 1), (100, 100), (1_000, 1_000), (9_000, 9_000), (50_000, 10_000)])
def test_candidates_are_several_times_what_is_wanted_and_no_more_than_the_engine_takes(limit: int, k: int) -> None:
    knn = nearest("vector", VECTOR, limit, None)["knn"]
    assert knn["k"] == k
    assert knn["query_vector"] == [0.5, -1.0]
    assert max(400, k) <= knn["num_candidates"] <= 10_000
    assert 1 <= knn["rescore_vector"]["oversample"] * k <= 10_000
    assert "filter" not in knn


def test_given_articles_are_all_wanted() -> None:
    condition = {"terms": {"pmid": [3, 5, 8]}}
    knn = among("vector", VECTOR, condition, 3)["knn"]
    assert (knn["k"], knn["num_candidates"], knn["filter"]) == (3, 3, condition)


def test_more_articles_than_the_engine_takes_are_several_parts() -> None:
    assert [len(part) for part in parts(range(25_000))] == [10_000, 10_000, 5_000]


def test_a_vector_of_another_encoder_is_refused() -> None:
    with pytest.raises(GenerationError, match=r"shape \(2,\) was sent to an index of dimension 3"):
        require_dimension(VECTOR, 3)
