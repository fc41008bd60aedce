"""The leaderboard: ranks, chance, leaks; and its three files."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from evaluation.leaderboard.board import Board, make_board
from evaluation.leaderboard.pages import write_board
from evaluation.leaderboard.plot import Point, cost_plot
from evaluation.runs import read_runs
from tests.evaluation.boards import store

MINILM = "all-MiniLM-L6-v2@53aa51172d142c89"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    keys = [f"q{i}" for i in range(30)]
    store(tmp_path, "scifact", "good", dict.fromkeys(keys, 0.9), encoder=MINILM, median_ms=20.0)
    store(tmp_path, "scifact", "fair", dict.fromkeys(keys, 0.9) | {"q0": 0.8})
    store(tmp_path, "scifact", "poor", dict.fromkeys(keys, 0.1))
    store(tmp_path, "aliases", "good", dict.fromkeys(keys, 1.0), encoder="mine@1")
    store(tmp_path, "aliases", "fair", dict.fromkeys(keys, 1.0))
    return make_board(read_runs(tmp_path))


def test_systems_that_took_part_in_all_tasks_come_first_by_mean_rank(board: Board) -> None:
    assert [(s.system, s.tasks, s.mean_rank) for s in board.standings] == [
        ("good", 2, 1.25),
        ("fair", 2, 1.75),
        ("poor", 1, 3.0),
    ]


def test_chance_and_more_than_chance_are_told_apart(board: Board) -> None:
    scifact = next(table for table in board.tasks if table.name == "scifact")
    assert [(row.system, row.rank, row.like_the_best) for row in scifact.rows] == [
        ("good", 1.0, True),
        ("fair", 2.0, True),
        ("poor", 3.0, False),
    ]


def test_a_reranker_that_learned_from_a_tasks_questions_is_marked_on_that_task_alone(tmp_path: Path) -> None:
    store(tmp_path, "pubmedqa", "default", {"a": 1.0, "b": 0.5}, encoder=MINILM, learned_from_it=True)
    store(tmp_path, "other", "default", {"a": 1.0, "b": 0.5}, encoder="mine@1")
    tables = {table.name: table.rows[0].leakage for table in make_board(read_runs(tmp_path)).tasks}
    assert tables["pubmedqa"].verdict == "leaked"
    assert tables["pubmedqa"].told == "the reranker learned was learned from questions of this task"
    assert tables["other"].verdict != "leaked"


def test_what_is_known_of_training_data_stands_with_each_entry(board: Board) -> None:
    verdicts = {(t.name, r.system): r.leakage.verdict for t in board.tasks for r in t.rows}
    assert verdicts == {
        ("scifact", "good"): "related",
        ("scifact", "fair"): "no model",
        ("scifact", "poor"): "no model",
        ("aliases", "good"): "unknown",
        ("aliases", "fair"): "no model",
    }


def test_the_page_is_one_file_that_loads_nothing(board: Board, tmp_path: Path) -> None:
    page, text, data = write_board(board, tmp_path / "out")
    html = page.read_text()
    assert "<script src" not in html
    assert not re.search(r"https?://", html)
    assert html.count("<svg") == 3
    assert 'data-task="scifact"' in html
    assert "| good | 1.25 | 2 of 2 |" in text.read_text()
    assert msgspec.json.decode(data.read_bytes(), type=Board) == board


def test_texts_of_runs_cannot_become_markup(tmp_path: Path) -> None:
    record = store(tmp_path, "t", "one", {"a": 1.0})
    path = tmp_path / "t/one/run.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(record, about="<script>alert(1)</script>")))
    page = write_board(make_board(read_runs(tmp_path)), tmp_path / "out")[0].read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    "points",
    [
        [Point("a", 5.0, 1.0, 0.0)],
        [Point("a", 5.0, 0.5, 1.0), Point("b<", 5.0, 0.5, 1.0), Point("c", 0.02, 0.0, 900.0)],
        [Point(str(i), 10.0**i, 0.7, 1.0, 0.6, 0.8) for i in range(5)],
    ],
)
def test_a_plot_is_well_formed_and_keeps_its_labels_apart(points: list[Point]) -> None:
    root = ElementTree.fromstring(cost_plot(points, "nDCG@10"))  # noqa: S314 - made here
    heights = sorted(float(text.attrib["y"]) for text in root.iter("text") if text.get("class") == "label")
    assert len(heights) == len(points)
    assert all(second - first >= 14.9 for first, second in pairwise(heights))
    for circle in root.iter("circle"):
        assert 0 <= float(circle.attrib["cx"]) <= 760
        assert 0 <= float(circle.attrib["cy"]) <= 330
