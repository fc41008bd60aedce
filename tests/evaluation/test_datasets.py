"""Test collections: what cannot be used is named with its file, line and value."""

import gzip
from pathlib import Path

import pytest

from evaluation.datasets import read_beir, read_pubmedqa
from retrieval.errors import InputError

HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.mark.parametrize(
    ("name", "queries", "qrels", "message"),
    [
        (
            "q.jsonl",
            '{"_id": "a"}\n',
            HEADER,
            r"q\.jsonl, line 1: '\{\"_id\": \"a\"\}' is not a query with _id and text",
        ),
        (
            "q.jsonl",
            '{"_id": "a", "text": "x"}\n\n{"_id": 2, "text": "x"}\n',
            HEADER,
            r"q\.jsonl, line 3: .* at `\$\._id`",
        ),
        ("q.jsonl", "rubbish\n", HEADER, r"q\.jsonl, line 1: 'rubbish' is not a query"),
        ("q.tsv", "a\tlung\nb colon\n", HEADER, r"q\.tsv, line 2: 'b colon' is not an id, a tab and a question"),
        (
            "q.tsv",
            "a\tlung\n",
            "query-id\tscore\n",
            r"r\.tsv, line 1: .* is not a header with query-id, corpus-id, score",
        ),
        ("q.tsv", "a\tlung\n", HEADER + "a\tx:1\n", r"r\.tsv, line 2: 'a\\tx:1' is not a whole number below score"),
        ("q.tsv", "a\tlung\n", HEADER + "a\tx:1\thigh\n", r"r\.tsv, line 2: 'a\\tx:1\\thigh' is not a whole number"),
        ("q.tsv", "a\tlung\n", HEADER + "b\tx:1\t1\n", r"r\.tsv, line 2: it judges the query 'b', which .*q\.tsv does"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, name: str, queries: str, qrels: str, message: str) -> None:
    (tmp_path / name).write_text(queries)
    (tmp_path / "r.tsv").write_text(qrels)
    with pytest.raises(InputError, match=message):
        read_beir(tmp_path / name, tmp_path / "r.tsv")


def test_columns_may_stand_in_any_order_and_blank_lines_between(tmp_path: Path) -> None:
    (tmp_path / "q.tsv").write_text("a\tlung\n")
    (tmp_path / "r.tsv").write_text("score\tcorpus-id\tquery-id\n\n2\tx:1\ta\n")
    assert read_beir(tmp_path / "q.tsv", tmp_path / "r.tsv").qrels == {"a": {"x:1": 2}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.tsv", b"a\tlung\n\xff\tcolon\n"),
        ("q.tsv.gz", gzip.compress(b"a\tlung\n", mtime=0)[:-9]),
        ("q.tsv.gz", b"no gzip at all"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name} cannot be read behind line "):
        read_beir(tmp_path / name, tmp_path / "r.tsv")


@pytest.mark.parametrize("content", ["[]", '{"1": {}}', "rubbish"])
def test_json_of_another_kind_is_not_pubmedqa(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=r"a\.json is not PubMedQA's JSON, questions by PMID: "):
        read_pubmedqa(tmp_path / "a.json")
