"""Measures divide by all judged queries; datasets name what is wrong with them."""

import gzip
from pathlib import Path

import pytest

from evaluation.datasets import read_beir, read_pubmedqa
from evaluation.experiment import ndcg, run_topics
from retrieval.errors import InputError
from tests.fakes import Corpus, article

QRELS = {"q1": {"pmid:1": 1}, "q2": {"pmid:2": 1}}


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({"q1": {"pmid:1": 1.0}, "q2": {"pmid:2": 1.0}}, 1.0),
        ({"q1": {"pmid:1": 1.0}}, 0.5),
        ({"q1": {"pmid:1": 1.0}, "q2": {}}, 0.5),
        ({"q1": {"pmid:9": 1.0, "pmid:1": 0.5}, "q2": {"pmid:9": 1.0}}, 0.6309 / 2),
        ({}, 0.0),
    ],
)
def test_a_judged_query_without_a_result_counts_as_zero(run: dict[str, dict[str, float]], expected: float) -> None:
    assert ndcg(run, QRELS) == pytest.approx(expected, abs=1e-4)


def test_topics_are_asked_as_a_user_asks(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([article(1, "Lung carcinoma."), article(2, "Colon carcinoma.")])
    (tmp_path / "q.tsv").write_text("q1\tlung\nq2\tcolon\nq3\tunjudged\n")
    (tmp_path / "r.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tpmid:1\t1\nq2\tpmid:2\t1\n")
    topics = read_beir(tmp_path / "q.tsv", tmp_path / "r.tsv")
    outcome = run_topics(corpus.open_searcher(), topics)
    assert set(outcome.run) == {"q1", "q2"}
    assert ndcg(outcome.run, topics.qrels) == 1.0
    assert outcome.median_ms > 0


def test_json_lines_and_gz_are_read(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl.gz").write_bytes(gzip.compress(b'{"_id": "a", "text": "lung"}\n'))
    (tmp_path / "r.tsv").write_text("query-id\tcorpus-id\tscore\na\tx:1\t2\n")
    assert read_beir(tmp_path / "q.jsonl.gz", tmp_path / "r.tsv") == ({"a": "lung"}, {"a": {"x:1": 2}})


def test_a_judgment_of_an_unknown_query_is_named(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("a\tlung\n")
    (tmp_path / "r.tsv").write_text("query-id\tcorpus-id\tscore\nb\tx:1\t2\n")
    with pytest.raises(InputError, match="judges the query 'b'"):
        read_beir(tmp_path / "q.tsv", tmp_path / "r.tsv")
    with pytest.raises(InputError, match="there is no file"):
        read_pubmedqa(tmp_path / "missing.json")
