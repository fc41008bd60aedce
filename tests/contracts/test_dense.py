"""The dense leg: inner products with the vectors that the encoder made, exact for few articles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from retrieval.errors import GenerationError
from retrieval.index.interface import NO_CONDITION, IndexReader, Words
from retrieval.query import Constraint
from retrieval.records import Filters
from tests.contracts.comparing import SAME_VECTOR, assert_same_ranking
from tests.contracts.documents import ARTICLES, PMIDS, WrittenVectors, paper, placed
from tests.contracts.library import Library
from tests.contracts.oracle import Oracle
from tests.fakes import HashingEncoder

STANDING = Constraint()
QUESTIONS = ("lung carcinoma", "PD-L1 expression in tumours", "xenografts of carcinoma.", "xylophone", "of the and.")
PLACED = (
    placed(1, 3, 4, 0),
    placed(2, 30, 40, 0),
    placed(3, -3, -4, 0),
    placed(4, 0, 0, 0),
    placed(5, 0, 0, 0.5),
    placed(6, 3, 4, 0, year=2020),
    placed(7, 3, 4, 0, types=["Retracted Publication"]),
)


def asked(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


@pytest.fixture(scope="module")
def vectors(library: Library) -> dict[str, np.ndarray]:
    assert library.encoder is not None
    return dict(zip(QUESTIONS, library.encoder.encode_queries(QUESTIONS), strict=True))


@pytest.mark.parametrize("text", QUESTIONS)
@pytest.mark.parametrize("limit", [1, 5, 20, 1_000])
def test_the_nearest_come_first_by_their_inner_products(
    reader: IndexReader, oracle: Oracle, vectors: dict[str, np.ndarray], text: str, limit: int
) -> None:
    for constraint in (STANDING, NO_CONDITION):
        found = reader.dense(vectors[text], constraint, limit)
        assert_same_ranking(found, oracle.dense(vectors[text], constraint), limit, rel=0, within=SAME_VECTOR)


def test_length_counts_and_so_do_opposite_and_empty_vectors(new_library: Callable[..., Library]) -> None:
    library = new_library(WrittenVectors())
    library.publish(PLACED)
    reader = library.open()
    found = reader.dense(asked(0.6, 0.8, 1.0), NO_CONDITION, 10)
    assert [scored.pmid for scored in found] == [2, 1, 6, 7, 5, 4, 3]
    assert [scored.score for scored in found] == pytest.approx([50, 5, 5, 5, 0.5, 0, -5], rel=1e-5, abs=1e-4)
    assert [s.pmid for s in reader.dense(asked(0.6, 0.8, 1.0), STANDING, 10)] == [2, 1, 6, 5, 4, 3]
    assert [s.pmid for s in reader.dense(asked(0, 0, -1), STANDING, 2)] == [1, 2]
    only = Constraint(filters=Filters(year_from=2020))
    assert [s.pmid for s in reader.dense(asked(0.6, 0.8, 1.0), only, 10)] == [6]


def test_a_question_that_is_nowhere_ranks_all_alike_by_pmid(new_library: Callable[..., Library]) -> None:
    library = new_library(WrittenVectors())
    library.publish(PLACED)
    found = library.open().dense(asked(0, 0, 0), NO_CONDITION, 4)
    assert [scored.pmid for scored in found] == [1, 2, 3, 4]
    assert [scored.score for scored in found] == pytest.approx([0] * 4, abs=1e-6)


def test_given_articles_score_as_they_do_when_found(
    reader: IndexReader, oracle: Oracle, vectors: dict[str, np.ndarray]
) -> None:
    wanted = [6, 1, 7, 12, 51, 6, 999_999, 1 << 50]
    vector = vectors["lung carcinoma"]
    scored = reader.dense_scores(vector, wanted)
    expected = {pmid: float(oracle.vectors[pmid] @ vector) for pmid in wanted if pmid in oracle.vectors}
    assert dict(scored) == {pmid: pytest.approx(score, abs=SAME_VECTOR) for pmid, score in expected.items()}
    assert [s.score for s in scored] == sorted((s.score for s in scored), reverse=True)
    assert reader.dense_scores(vector, []) == []


def test_both_legs_at_once_are_both_legs(reader: IndexReader, vectors: dict[str, np.ndarray]) -> None:
    vector, text = vectors["lung carcinoma"], "lung carcinoma"
    legs = reader.recall(Words(text), vector, STANDING, 10)
    assert legs.lexical == reader.lexical(text, STANDING, 10)
    assert legs.dense == reader.dense(vector, STANDING, 10)
    assert reader.recall(Words(text), None, STANDING, 10) == (legs.lexical, [])
    assert reader.recall(None, vector, STANDING, 10) == ([], legs.dense)
    assert reader.recall(None, None, STANDING, 10) == ([], [])


def test_what_one_leg_found_is_scored_by_the_other(reader: IndexReader, vectors: dict[str, np.ndarray]) -> None:
    vector, words = vectors["lung carcinoma"], Words("lung carcinoma")
    more = reader.complete(words, vector, lexical=[1, 12, 50], dense=[6, 9])
    assert more.lexical == reader.lexical_scores("lung carcinoma", [1, 12, 50])
    assert more.dense == reader.dense_scores(vector, [6, 9])
    assert reader.complete(words, vector, lexical=[], dense=[]) == ([], [])


def test_every_article_has_its_vector(reader: IndexReader, oracle: Oracle) -> None:
    assert reader.pmids().tolist() == PMIDS
    assert reader.vector_pmids().tolist() == PMIDS
    for pmid, vector in oracle.vectors.items():
        assert reader.vector(pmid) == pytest.approx(vector, abs=1e-3)
    with pytest.raises(KeyError):
        reader.vector(999_999)


def test_a_vector_of_another_length_is_refused(reader: IndexReader, vectors: dict[str, np.ndarray]) -> None:
    for vector in (vectors["lung carcinoma"][:-1], np.zeros(65, dtype=np.float32)):
        with pytest.raises(GenerationError, match=r"shape \(\d+,\) was sent to an index of dimension 64"):
            reader.dense(vector, STANDING, 10)


def test_a_generation_without_vectors_is_searched_by_words_alone(new_library: Callable[..., Library]) -> None:
    library = new_library()
    library.publish(ARTICLES)
    reader = library.open()
    assert (reader.manifest.encoder, reader.manifest.vectors, reader.vector_pmids().tolist()) == (None, 0, [])
    vector = np.ones(64, dtype=np.float32)
    assert (reader.dense(vector, STANDING, 5), reader.dense_scores(vector, [1])) == ([], [])
    with pytest.raises(KeyError):
        reader.vector(1)
    assert reader.lexical("lung", STANDING, 5)[0].score > 0


def test_many_articles_of_one_vector_stand_by_pmid(new_library: Callable[..., Library]) -> None:
    library = new_library(HashingEncoder(dimension=8))
    library.publish([paper(pmid, "Alike.") for pmid in range(300, 0, -1)])
    found = library.open().dense(HashingEncoder(dimension=8).encode_queries(["alike."])[0], STANDING, 20)
    assert [scored.score for scored in found] == pytest.approx([1.0] * 20, abs=1e-3)
    assert [scored.pmid for scored in found] == sorted(scored.pmid for scored in found)
