"""Features of a candidate beside a question: each has a value that can be worked out by hand."""

from collections.abc import Sequence
from math import log
from time import perf_counter

import numpy as np
import pytest

from retrieval.analysis import Analyzer
from retrieval.encoders.base import EncoderSpec
from retrieval.encoders.tokens import ReadText
from retrieval.errors import OutOfTimeError
from retrieval.expansion import Wording
from retrieval.fusion import Fused
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, LegScore, MeshHeading, PartialDate, Section, Term
from retrieval.rerank.base import Candidate, Question
from retrieval.rerank.features import FEATURES
from retrieval.rerank.learned import FeatureReader, LearnedReranker
from retrieval.rerank.model import RerankModel
from retrieval.rerank.reading import SentenceReader

NEVER = float("inf")
AXES = {"lung": 0, "tumour": 1, "grows": 2, "colon": 3}


class OneHot:
    """Each known word points along an axis of its own, so that every cosine is plain."""

    spec = EncoderSpec(name="one-hot", revision="1", dimension=4, max_tokens=0, licence="")

    def __init__(self) -> None:
        self.sentences = 0

    def read_queries(self, texts: Sequence[str]) -> list[ReadText]:
        return [self._read(text) for text in texts]

    def read_sentences(self, texts: Sequence[str]) -> list[ReadText]:
        self.sentences += len(texts)
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> ReadText:
        words = [AXES[word] for word in text.lower().replace(".", "").split() if word in AXES]
        tokens = np.eye(4, dtype=np.float16)[words].reshape(-1, 4)
        vector = tokens.sum(axis=0) if words else np.zeros(4)
        return ReadText((vector / max(1e-9, float(np.linalg.norm(vector)))).astype(np.float16), tokens)


def candidate(article: Article, *, lexical: float = 1.0, dense: float = 0.5, fused: float = 0.8) -> Candidate:
    legs = {"lexical": LegScore(1, lexical, 0.4), "dense": LegScore(3, dense, 0.4)}
    return Candidate(Fused(article.pmid, fused, legs), IndexedArticle(article))


LUNG = Article(
    pmid=1,
    title="Lung.",
    sections=(Section(text="The lung tumour grows. The colon."),),
    mesh=(MeshHeading(ui="D008175", name="Lung Tumour", major=True),),
    publication_types=(Term(ui="D016454", name="Review"),),
    published=PartialDate(sortable="1990-01-01", precision="year", raw="1990"),
)
EMPTY = Article(pmid=2)


def features(text: str, *candidates: Candidate) -> list[dict[str, float]]:
    reader = FeatureReader(Analyzer(), OneHot())
    rows = reader.read(Question(text, Wording(text, text)), candidates, list(FEATURES), NEVER)
    return [dict(zip(FEATURES, map(float, row), strict=True)) for row in rows]


def test_the_legs_features_are_places_between_the_worst_and_the_best_candidate() -> None:
    first, second = features(
        "lung", candidate(LUNG, lexical=5, dense=0.9), candidate(EMPTY, lexical=1, dense=0.9, fused=0.2)
    )
    assert (first["lexical"], second["lexical"]) == (1.0, 0.0)
    assert (first["dense"], second["dense"]) == (0.0, 0.0)
    assert (first["fused"], second["fused"]) == pytest.approx((0.8, 0.2))
    assert first["lexical_rank"] == 1.0
    assert first["dense_rank"] == pytest.approx(61 / 63)


def test_sentences_and_title_are_compared_by_meaning() -> None:
    (found,) = features("lung tumour", candidate(LUNG))
    assert found["title"] == pytest.approx(1 / 2**0.5, abs=1e-3)
    assert found["sentence"] == pytest.approx(2 / 6**0.5, abs=1e-3)
    assert found["three_sentences"] == pytest.approx((1 / 2**0.5 + 2 / 6**0.5 + 0) / 3, abs=1e-3)


def test_each_word_of_the_question_meets_the_closest_word_of_the_article_wherever_it_stands() -> None:
    assert features("lung colon", candidate(LUNG))[0]["words"] == 1.0
    only_title = Article(pmid=3, title="Lung.")
    assert features("lung colon", candidate(only_title))[0]["words"] == 0.5


def test_shared_words_are_counted_once_and_by_what_the_question_has() -> None:
    (found,) = features("tumour of the lung", candidate(LUNG))
    assert found["title_terms"] == 0.5
    assert found["mesh"] == 1.0
    assert found["phrases"] == 0.0
    assert features("lung tumour grows", candidate(LUNG))[0]["phrases"] == 1.0


def test_kind_length_and_year_of_an_article() -> None:
    (found,) = features("lung", candidate(LUNG))
    assert found["review"] == 1.0
    assert found["year"] == 0.5
    assert found["length"] == pytest.approx(log(1 + 7) / log(501), abs=0.03)


def test_an_article_without_a_text_has_no_features_but_those_of_its_legs() -> None:
    (found,) = features("lung", candidate(EMPTY))
    from_texts = {name: value for name, value in found.items() if name not in ("fused", "lexical_rank", "dense_rank")}
    assert set(from_texts.values()) == {0.0}


def test_a_score_is_the_weighted_sum_and_its_parts_are_shown() -> None:
    model = RerankModel(encoder="one-hot@1", depth=5, weights={"fused": 1.0, "words": 2.0})
    reranker = LearnedReranker(model, Analyzer(), OneHot(), name="mine")
    question = Question("lung colon", Wording("lung colon", "lung colon"))
    (judged,) = reranker.rerank(question, [candidate(LUNG)], NEVER)
    assert judged.score == pytest.approx(0.8 + 2.0)
    assert judged.contributions == pytest.approx({"fused": 0.8, "words": 2.0})


def test_an_article_that_was_read_is_not_read_again() -> None:
    encoder = OneHot()
    reader = SentenceReader(encoder)
    first = reader.read([("Lung.", "The colon."), ("Lung.",)], NEVER)
    assert encoder.sentences == 2
    again = reader.read([("Lung.",), ("Lung.", "The colon.")], NEVER)
    assert encoder.sentences == 2
    assert [len(read) for read in first] == [2, 1]
    assert np.array_equal(again[1][1].vector, first[0][1].vector)


def test_what_cannot_be_read_in_time_is_given_up_and_said() -> None:
    reader = SentenceReader(OneHot())
    with pytest.raises(OutOfTimeError, match="only 0 of 2 sentences could be read in time"):
        reader.read([("Lung.", "The colon.")], perf_counter() - 1)
