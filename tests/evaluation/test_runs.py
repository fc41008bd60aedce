"""Stored runs: what is written is read again, and what cannot be compared is refused."""

from pathlib import Path

import pytest

from evaluation.runs import read_hits, read_runs
from retrieval.errors import InputError
from tests.evaluation.boards import store


def test_a_stored_run_keeps_hits_values_and_what_was_run(tmp_path: Path) -> None:
    record = store(tmp_path, "t", "lexical", {"a": 1.0, "b": 0.0}, hits={"a": ["pmid:2", "pmid:1"]})
    (stored,) = read_runs(tmp_path)
    assert stored.record == record
    assert stored.primary_values == {"a": 1.0, "b": 0.0}
    assert stored.texts == {"a": "question a", "b": "question b"}
    assert stored.record.means["nDCG@10"].mean == 0.5
    assert (tmp_path / "t/lexical/run.trec").read_text() == (
        "a Q0 pmid:2 1 1.000000 lexical\na Q0 pmid:1 2 0.500000 lexical\n"
    )
    assert read_hits(tmp_path, "t", "lexical") == {"a": ["pmid:2", "pmid:1"]}


def test_a_run_of_the_same_name_replaces_the_earlier_one(tmp_path: Path) -> None:
    store(tmp_path, "t", "lexical", {"a": 1.0})
    store(tmp_path, "t", "lexical", {"a": 0.25})
    assert [run.primary_values for run in read_runs(tmp_path)] == [{"a": 0.25}]


def test_runs_of_different_questions_are_not_compared(tmp_path: Path) -> None:
    store(tmp_path, "t", "lexical", {"a": 1.0})
    store(tmp_path, "t", "dense", {"b": 1.0})
    with pytest.raises(InputError, match="dense and lexical were asked different questions"):
        read_runs(tmp_path)


def test_folders_without_runs_and_damaged_runs_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no runs in "):
        read_runs(tmp_path)
    store(tmp_path, "t", "lexical", {"a": 1.0})
    (tmp_path / "t/lexical/run.json").write_text("{}")
    with pytest.raises(InputError, match="t/lexical cannot be read"):
        read_runs(tmp_path)


def test_an_id_that_would_break_the_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the article id 'my paper' holds a blank"):
        store(tmp_path, "t", "lexical", {"a": 1.0}, hits={"a": ["my paper"]})
