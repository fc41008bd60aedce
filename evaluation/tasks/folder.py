"""A task as a folder: BEIR's layout (queries.jsonl, qrels/test.tsv), with task.json for what BEIR has no place for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from evaluation.datasets import Qrels, find_beir, read_judgments, read_queries
from evaluation.task import Kind, Task, require_usable
from retrieval.errors import InputError
from retrieval.records import Record

TASK_FILE: Final = "task.json"


class _TaskFile(Record, frozen=True):
    name: str
    kind: Kind
    about: str
    groups: dict[str, str] = msgspec.field(default_factory=dict)


def write_task(task: Task, folder: Path) -> None:
    """Every question and judgment in the order of their ids' making; a README says how they were made."""
    try:
        (folder / "qrels").mkdir(parents=True, exist_ok=True)
        queries = [{"_id": key, "text": text} for key, text in task.queries.items()]
        (folder / "queries.jsonl").write_bytes(msgspec.json.Encoder().encode_lines(queries))
        rows = [
            f"{key}\t{article}\t{grade}\n" for key, grades in task.qrels.items() for article, grade in grades.items()
        ]
        (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows), encoding="utf-8")
        (folder / "README.md").write_text(f"# {task.name}\n\n{task.about}\n", encoding="utf-8")
        content = _TaskFile(task.name, task.kind, task.about, task.groups)
        (folder / TASK_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2))
    except OSError as exc:
        raise InputError(f"the task cannot be stored in {folder}: {exc.strerror}; choose another --to") from exc


def read_task(folder: Path, split: str = "test") -> Task:
    """A folder that `write_task` made, or any in BEIR's layout. InputError names what cannot be used."""
    queries, qrels = find_beir(folder, split)
    texts = dict(read_queries(queries))
    judged: Qrels = {}
    for number, key, article, grade in read_judgments(qrels):
        if key not in texts:
            raise InputError(f"{qrels}, line {number}: it judges the query {key!r}, which {queries} does not hold")
        judged.setdefault(key, {})[article] = grade
    path = folder / TASK_FILE
    if not path.exists():
        name = folder.resolve().name if split == "test" else f"{folder.resolve().name}-{split}"
        asked = {key: texts[key] for key in judged}
        return require_usable(Task(name, asked, judged, about=f"Judged questions in BEIR's layout, split {split}."))
    try:
        told = msgspec.json.decode(path.read_bytes(), type=_TaskFile)
    except (OSError, msgspec.MsgspecError) as exc:
        raise InputError(f"{path} cannot be read: {exc}; make the task again with `pathlit evaluate make`") from exc
    return require_usable(Task(told.name, texts, judged, told.kind, told.groups, told.about))
