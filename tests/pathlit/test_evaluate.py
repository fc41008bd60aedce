"""`pathlit evaluate` as it is typed: tasks, runs, gate, comparison, leaderboard."""

import json
from pathlib import Path

import pytest

from tests.pathlit.conftest import Run

CORPUS = Path(__file__).parents[2] / "pathlit" / "demo_corpus.xml"


@pytest.fixture
def place(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a library of words, some tasks on it, and a stored run of the lexical leg."""
    monkeypatch.chdir(tmp_path)
    assert run("index", str(CORPUS), "--home", "lib", "--no-vectors").code == 0
    assert run("evaluate", "make", "--home", "lib", "--size", "10").code == 0
    ran = run("evaluate", "run", "tasks", "--home", "lib", "--system", "lexical")
    assert ran.code == 0, ran.err
    return tmp_path


def test_help_teaches_the_way_from_tasks_to_the_leaderboard(run: Run) -> None:
    for words in (("evaluate", "--help"), ("evaluate", "run", "--help")):
        assert "pathlit evaluate run tasks" in run(*words).out
    assert "lexical-no-synonyms" in run("evaluate", "run", "--help").out


def test_a_catalog_gives_every_kind_of_task_and_its_probes_hold(run: Run, place: Path) -> None:
    made = sorted(path.name for path in (place / "tasks").iterdir())
    assert made == ["aliases", "known-item", "mesh-topics", "no-answer", "retractions"]
    records = {name: json.loads((place / "runs" / name / "lexical" / "run.json").read_text()) for name in made}
    assert records["retractions"]["means"]["safe"]["mean"] == 1.0
    assert records["aliases"]["means"]["overlap@10"]["mean"] >= 0.9
    assert records["known-item"]["means"]["nDCG@10"]["mean"] >= 0.7
    assert records["known-item"]["generation"] == "000001"
    assert records["known-item"]["commit"]


def test_the_gate_holds_against_itself_and_fails_without_what_made_the_baseline_good(run: Run, place: Path) -> None:
    (place / "runs").rename(place / "baseline")
    held = run("evaluate", "run", "tasks", "--home", "lib", "--system", "lexical", "--gate", "baseline")
    assert held.code == 0
    assert held.err.count("held:") == 5
    (place / "worse.toml").write_text('[[system]]\nname = "lexical"\nlegs = ["lexical"]\nexpand = false\n')
    words = ("evaluate", "run", "tasks/aliases", "--home", "lib", "--system", "lexical", "--systems", "worse.toml")
    fell = run(*words, "--gate", "baseline")
    assert fell.code == 1
    assert "fell: aliases, lexical: overlap@10" in " ".join(fell.err.split())
    told = run(*words, "--gate", "baseline", "--json")
    assert told.code == 1
    assert [verdict["fell"] for verdict in json.loads(told.out)["gate"]] == [True]


def test_two_systems_are_compared_with_the_titles_that_only_one_found(run: Run, place: Path) -> None:
    run("evaluate", "run", "tasks/aliases", "--home", "lib", "--system", "lexical-no-synonyms")
    ran = run("evaluate", "diff", "aliases", "lexical", "lexical-no-synonyms", "--home", "lib", "--limit", "1")
    assert ran.code == 0
    words = " ".join(ran.out.split())
    assert "aliases, overlap@10: lexical-no-synonyms against lexical -" in words
    assert "only lexical: Demonstration text" in words
    told = json.loads(run("evaluate", "diff", "aliases", "lexical", "lexical-no-synonyms", "--json").out)
    assert told["differences"][0]["first"] > told["differences"][0]["second"]


def test_the_leaderboard_is_written_from_what_is_stored(run: Run, place: Path) -> None:
    (place / "lib").rename(place / "gone")
    ran = run("evaluate", "leaderboard", "--to", "board")
    assert ran.code == 0
    assert sorted(path.name for path in (place / "board").iterdir()) == [
        "index.html",
        "leaderboard.json",
        "leaderboard.md",
    ]


def test_training_data_that_hold_the_test_are_reported(run: Run, place: Path) -> None:
    (place / "s.toml").write_text(
        '[[system]]\nname = "trained"\nlegs = ["lexical"]\ntrained_on = ["tasks/retractions/queries.jsonl"]\n'
    )
    run("evaluate", "run", "tasks/retractions", "--home", "lib", "--systems", "s.toml", "--system", "trained")
    run("evaluate", "leaderboard", "--to", "board")
    assert (
        "LEAKED: 1 of 2 texts stand in tasks/retractions/queries.jsonl" in (place / "board/leaderboard.md").read_text()
    )


def test_a_system_that_needs_vectors_is_not_run_on_words_alone(run: Run, place: Path) -> None:
    named = run("evaluate", "run", "tasks/retractions", "--home", "lib", "--system", "dense")
    assert named.code == 2
    assert "dense searches by meaning, and this generation has no vectors" in named.err
    everything = run("evaluate", "run", "tasks/retractions", "--home", "lib")
    assert everything.code == 0
    assert everything.err.count("left out:") == 6


def test_a_catalog_without_what_a_task_is_made_of_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_text('{"id": "a", "title": "Lung carcinoma"}\n')
    run("index", "a.jsonl", "--home", "lib", "--no-vectors")
    ran = run("evaluate", "make", "retractions", "--home", "lib")
    assert ran.code == 2
    assert "holds nothing to make retractions from" in ran.err
