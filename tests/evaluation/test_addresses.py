"""Where tasks come from."""

import builtins
from pathlib import Path

import pytest

from evaluation.addresses import find_tasks
from evaluation.task import Task
from evaluation.tasks.folder import write_task
from retrieval.errors import ConfigurationError, InputError

HEADER = "query-id\tcorpus-id\tscore\n"


def test_a_folder_in_beir_layout_is_a_task_for_each_split(tmp_path: Path) -> None:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    (folder / "queries.jsonl").write_text('{"_id": "1", "text": "lung"}\n{"_id": "2", "text": "colon"}\n')
    (folder / "qrels/test.tsv").write_text(HEADER + "1\t31\t1\n")
    (folder / "qrels/train.tsv").write_text(HEADER + "2\t32\t1\n")
    test, train = find_tasks([str(folder), f"{folder}:train"])
    assert (test.name, test.queries, test.qrels) == ("beir", {"1": "lung"}, {"1": {"31": 1}})
    assert (train.name, train.queries, train.qrels) == ("beir-train", {"2": "colon"}, {"2": {"32": 1}})


def test_a_made_task_is_read_as_it_was_written_alone_or_with_others(tmp_path: Path) -> None:
    ranked = Task("one", {"a": "x"}, {"a": {"pmid:1": 2}}, about="Made up.")
    aliases = Task("two", {"a": "x", "b": "y"}, kind="aliases", groups={"a": "g", "b": "g"}, about="Made up.")
    for task in (ranked, aliases):
        write_task(task, tmp_path / task.name)
    assert find_tasks([str(tmp_path)]) == [ranked, aliases]
    assert find_tasks([str(tmp_path / "two")]) == [aliases]
    assert (tmp_path / "one/README.md").read_text() == "# one\n\nMade up.\n"


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    write_task(Task("one", {"a": "x"}, {"a": {"pmid:1": 1}}), tmp_path / "one")
    with pytest.raises(InputError, match="two tasks are called one"):
        find_tasks([str(tmp_path / "one"), str(tmp_path)])


@pytest.mark.parametrize("address", ["nowhere", "nowhere:train", "pubmedqa:", ":test"])
def test_an_address_that_names_nothing_is_said(address: str) -> None:
    with pytest.raises(InputError, match="is no folder of a task; see `pathlit evaluate run --help`"):
        find_tasks([address])


def test_a_split_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "lung"}\n')
    with pytest.raises(InputError, match="has no judgments of the split 'dev'"):
        find_tasks([f"{tmp_path}:dev"])


def test_ir_datasets_is_asked_for_only_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name == "ir_datasets":
            raise ImportError(name)
        return imported(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match=r"pip install pathlit\[ir-datasets\]"):
        find_tasks(["ir_datasets:beir/scifact"])
