"""Reranking along the query path: what it may change, when it steps aside, and what is said then."""

from collections.abc import Sequence

import pytest

from retrieval.errors import OutOfTimeError
from retrieval.records import Query
from retrieval.rerank.base import Candidate, Judged, Question
from retrieval.search import Searcher
from tests.fakes import Corpus, HashingEncoder, article

ARTICLES = [
    article(pmid, f"Carcinoma of the {organ}.", f"The {organ} has a carcinoma. {'Carcinoma. ' * pmid}")
    for pmid, organ in enumerate(("lung", "colon", "skin", "breast", "liver"), start=1)
]


class Alphabet:
    """Prefers titles late in the alphabet; remembers what it was asked."""

    name = "alphabet"
    learned_from: tuple[str, ...] = ()

    def __init__(self, depth: int = 10, *, late: bool = False) -> None:
        self.depth = depth
        self.late = late
        self.asked: list[tuple[str, int]] = []

    def load(self) -> None: ...

    def rerank(self, question: Question, candidates: Sequence[Candidate], deadline: float) -> list[Judged]:
        self.asked.append((question.text, len(candidates)))
        if self.late:
            raise OutOfTimeError("only 3 of 9 sentences could be read in time")
        order = sorted(c.indexed.article.title for c in candidates)
        scores = [float(order.index(c.indexed.article.title)) for c in candidates]
        return [Judged(score, {"place": score}) for score in scores]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    made = Corpus(tmp_path_factory.mktemp("order"), HashingEncoder())
    made.publish(ARTICLES)
    return made


def searcher(corpus: Corpus, reranker: Alphabet, budget_s: float = 2.0) -> Searcher:
    plain = corpus.open_searcher()
    return Searcher(
        corpus.open_reader(),
        generation=plain.generation,
        analyzer=corpus.analyzer,
        encoder=corpus.encoder,
        reranker=reranker,
        rerank_budget_s=budget_s,
    )


def titles(found: Searcher, query: Query) -> list[str]:
    return [hit.article.title.split()[-1] for hit in found.search(query).hits]


def test_the_rerankers_order_is_the_hits_order(corpus: Corpus) -> None:
    result = searcher(corpus, Alphabet()).search(Query(text="carcinoma"))
    assert [hit.article.title.split()[-1] for hit in result.hits] == ["skin.", "lung.", "liver.", "colon.", "breast."]
    assert [hit.rank for hit in result.hits] == [1, 2, 3, 4, 5]
    assert result.reranker == "alphabet"
    assert "rerank" in result.timings_ms


def test_a_hit_says_where_fusion_had_placed_it_and_what_each_feature_added(corpus: Corpus) -> None:
    found = searcher(corpus, Alphabet())
    fused = titles(found, Query(text="carcinoma", rerank=False))
    for hit in found.search(Query(text="carcinoma")).hits:
        assert hit.reranked is not None
        assert fused[hit.reranked.fused_rank - 1] == hit.article.title.split()[-1]
        assert hit.reranked.contributions == {"place": hit.reranked.score}
        assert sum(leg.share for leg in hit.legs.values()) == pytest.approx(hit.score)


def test_what_lies_below_its_depth_follows_in_fused_order(corpus: Corpus) -> None:
    found = searcher(corpus, Alphabet(depth=2))
    fused = titles(found, Query(text="carcinoma", rerank=False))
    result = found.search(Query(text="carcinoma"))
    assert titles(found, Query(text="carcinoma")) == [*sorted(fused[:2], reverse=True), *fused[2:]]
    assert [hit.reranked is not None for hit in result.hits] == [True, True, False, False, False]


def test_it_reads_to_its_depth_even_where_fewer_hits_are_asked_for(corpus: Corpus) -> None:
    reranker = Alphabet(depth=4)
    fused = titles(searcher(corpus, reranker), Query(text="carcinoma", rerank=False))
    assert titles(searcher(corpus, reranker), Query(text="carcinoma", limit=1)) == [max(fused[:4])]
    assert reranker.asked[-1] == ("carcinoma", 4)


@pytest.mark.parametrize(
    "query",
    [
        Query(text="carcinoma", rerank=False),
        Query(text="carcinoma", legs=("lexical",)),
        Query(text="carcinoma", legs=("dense",)),
        Query(text="year:1900.."),
    ],
)
def test_it_is_not_asked_about_one_leg_about_conditions_alone_or_against_the_askers_wish(
    corpus: Corpus, query: Query
) -> None:
    reranker = Alphabet()
    result = searcher(corpus, reranker).search(query)
    assert reranker.asked == []
    assert result.reranker == ""


def test_out_of_time_the_fused_order_stands_and_a_notice_says_so(corpus: Corpus) -> None:
    late = searcher(corpus, Alphabet(late=True), budget_s=0.5)
    result = late.search(Query(text="carcinoma"))
    assert titles(late, Query(text="carcinoma")) == titles(late, Query(text="carcinoma", rerank=False))
    assert result.reranker == ""
    assert result.notices[-1] == (
        "The hits are in fused order: only 3 of 9 sentences could be read in time (alphabet has 0.5 s for each query)."
    )
    assert all(hit.reranked is None for hit in result.hits)


def test_only_what_the_query_ranks_by_reaches_it(corpus: Corpus) -> None:
    reranker = Alphabet()
    searcher(corpus, reranker).search(Query(text='carcinoma -colon "of the"'))
    assert reranker.asked == [("carcinoma of the", 4)]
