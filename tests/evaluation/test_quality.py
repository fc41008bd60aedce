"""Retrieval quality on real questions; the floors are what the first version promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.datasets import Topics, read_beir, read_pubmedqa
from evaluation.experiment import ndcg, run_topics
from indexing.jsonl import read_jsonl
from retrieval.analysis import Analyzer
from retrieval.encoders.text import TextEncoder
from retrieval.records import Article
from retrieval.search import Searcher
from tests.fakes import Corpus

pytestmark = pytest.mark.data


def read_all(path: Path) -> list[Article]:
    return list(read_jsonl(path))


@pytest.fixture(scope="module")
def scifact(data: Path) -> Topics:
    return read_beir(data / "scifact" / "queries_train.tsv.gz", data / "scifact" / "qrels_train.tsv")


def test_bm25_ranks_as_well_as_bm25s_on_the_same_terms(data: Path, scifact: Topics, tmp_path: Path) -> None:
    import bm25s

    articles = read_all(data / "scifact" / "corpus.jsonl.gz")
    corpus = Corpus(tmp_path)
    corpus.publish(articles)
    ours = ndcg(run_topics(corpus.open_searcher(), scifact).run, scifact.qrels)

    analyzer = Analyzer()
    fields = [analyzer.combine(analyzer.text(a.title), analyzer.text(a.abstract)) for a in articles]
    documents = [" ".join(values).split() for values in fields]
    peer = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    peer.index(documents, show_progress=False)
    run = {}
    for key, text in scifact.queries.items():
        rows, _ = peer.retrieve([analyzer.query_terms(text)], k=10, show_progress=False)
        run[key] = {articles[row].id: 1 / rank for rank, row in enumerate(rows[0], start=1)}
    assert ours == pytest.approx(ndcg(run, scifact.qrels), abs=0.01)


@pytest.fixture(scope="module")
def scifact_searcher(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("scifact"), TextEncoder())
    corpus.publish(read_all(data / "scifact" / "corpus.jsonl.gz"))
    return corpus.open_searcher()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_both_legs_together_beat_the_better_one_by_three_points(scifact: Topics, scifact_searcher: Searcher) -> None:
    scores = {
        legs: ndcg(run_topics(scifact_searcher, scifact, legs=legs).run, scifact.qrels)
        for legs in (("lexical",), ("dense",), ("lexical", "dense"))
    }
    assert scores["lexical", "dense"] >= max(scores["lexical",], scores["dense",]) + 0.03


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_questions_find_the_abstract_they_were_made_from(data: Path, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, TextEncoder())
    corpus.publish(read_all(data / "abstracts.jsonl.gz"))
    topics = read_pubmedqa(data / "pubmedqa" / "ori_pqal.json.gz")
    assert ndcg(run_topics(corpus.open_searcher(), topics).run, topics.qrels) >= 0.93
