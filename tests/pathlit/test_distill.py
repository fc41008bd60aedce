"""`pathlit distill` as it is typed: a student in a folder, its card, and what a killed run leaves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from pathlit.commands.distill import distill
from retrieval.encoders.base import Passage
from retrieval.encoders.text import TextEncoder
from retrieval.errors import InputError
from tests.fakes import Corpus, article
from tests.retrieval.encoders.checkpoints import WORDS, save_sentence_model

TITLE = "carcinoma of the lung"


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pathlit", "distill", "student"])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a tiny teacher and a library of thirty articles that it has encoded."""
    monkeypatch.chdir(tmp_path)
    save_sentence_model(Path("teacher"))
    choice = np.random.default_rng(0)
    articles = [article(n, f"{TITLE} {n}", " ".join(choice.choice(WORDS, 10)) + ".") for n in range(1, 31)]
    Corpus(Path("lib"), TextEncoder("teacher")).publish(articles)
    return tmp_path


def run_distill(to: str = "student", **options: object) -> None:
    defaults = {"minutes": 0.01, "dimension": 16, "questions": 20, "teacher": ["teacher"], "home": Path("lib")}
    app = typer.Typer()
    app.command()(distill)
    words = [to]
    for name, value in {**defaults, **options}.items():
        values = value if isinstance(value, list) else [value]
        words += [f"--{name}" if one is True else f"--{name}={one}" for one in values]
    app(words, standalone_mode=False)


def test_the_student_is_an_encoder_whose_card_says_what_it_learned_from_and_what_that_gained(place: Path) -> None:
    run_distill()
    encoder = TextEncoder("student")
    assert encoder.spec.dimension == 16
    assert encoder.encode_documents([Passage("lung", "carcinoma")]).shape == (1, 16)
    card = Path("student/README.md").read_text()
    for said in (
        "teacher@",
        "| articles | 27 |",
        "articles a second",
        "Not checked against any test",
        "gradient steps",
    ):
        assert said in card
    assert sorted(path.name for path in place.iterdir()) == ["lib", "student", "teacher"]


def test_a_test_whose_question_was_learned_from_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("task/qrels").mkdir(parents=True)
    Path("task/queries.jsonl").write_text(json.dumps({"_id": "q1", "text": f"{TITLE} 1"}) + "\n")
    Path("task/qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tpmid:1\t1\n")
    run_distill(check=["task"], json=True)
    leakage = json.loads(capsys.readouterr().out)["card"]["leakage"]
    assert leakage == [{"task": "task", "tested": 1, "leaked": 1}]


def test_a_folder_is_not_replaced_unasked_and_never_one_that_is_no_model(place: Path) -> None:
    run_distill()
    before = Path("student/README.md").stat().st_ino
    with pytest.raises(InputError, match="student exists"):
        run_distill()
    run_distill(force=True)
    assert Path("student/README.md").stat().st_ino != before
    with pytest.raises(InputError, match="lib is no model, so --force does not replace it"):
        run_distill("lib", force=True)


def test_a_run_that_fails_keeps_the_old_student_and_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_distill()
    before = Path("student/model.safetensors").read_bytes()

    def broken(*_: object) -> None:
        raise InputError("the disk went away")

    monkeypatch.setattr("pathlit.commands.distill.write_card", broken)
    with pytest.raises(InputError, match="the disk went away"):
        run_distill(force=True, seed=2)
    assert Path("student/model.safetensors").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["lib", "student", "teacher"]


def test_what_a_killed_run_left_is_put_right_by_the_next(place: Path) -> None:
    run_distill()
    work = Path(".student.unfinished")
    (work / "student").mkdir(parents=True)
    Path("student").rename(work / "replaced")
    with pytest.raises(InputError, match="student exists"):
        run_distill()
    assert Path("student/model.safetensors").is_file()
    assert not work.exists()


def test_a_student_may_learn_from_several_teachers_and_be_gone_on_from(place: Path) -> None:
    save_sentence_model(Path("second"), pooling="cls")
    run_distill(teacher=["teacher", "second"], dimension=40)
    assert "from teacher@" in Path("student/README.md").read_text()
    run_distill("next", start="student", dimension=40, teacher=["teacher", "second"])
    assert TextEncoder("next").spec.dimension == 40
