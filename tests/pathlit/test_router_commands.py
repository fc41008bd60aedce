"""`pathlit train router` and `pathlit evaluate router`, each run by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evaluation.router_rewards import write_table
from pathlit.commands import evaluate_router, train_router
from retrieval.errors import InputError
from retrieval.router.log import append
from retrieval.router.opening import open_router
from tests.evaluation.test_router import row
from tests.training.test_router import log

TRAIN = typer.Typer()
TRAIN.command()(train_router.router)
EVALUATE = typer.Typer()
EVALUATE.command()(evaluate_router.router)


@pytest.fixture
def choices(tmp_path: Path) -> Path:
    path = tmp_path / "choices.jsonl"
    append(path, log(1_500))
    return path


def test_a_log_becomes_a_file_that_says_what_it_gained(choices: Path, tmp_path: Path) -> None:
    to = tmp_path / "mine.toml"
    ran = CliRunner().invoke(TRAIN, [str(choices), "--to", str(to)])
    assert ran.exit_code == 0, ran.output
    rules, learnt, difference, written = ran.stdout.splitlines()
    assert rules.startswith("rules           verified support +0.5")
    assert learnt.startswith("learnt          verified support +0.8")
    assert difference.startswith("learnt - rules  verified support +0.3")
    assert written == f"written to {to}; use it with PATHLIT_ROUTER={to}"
    assert open_router(str(to)).id.startswith("mine@")


def test_as_json_the_model_is_printed(choices: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(TRAIN, [str(choices), "--to", str(tmp_path / "mine.toml"), "--json", "--budget-ms", "20"])
    model = json.loads(ran.stdout)["model"]
    assert (model["measure"], len(model["actions"]), model["cost_weight"] > 0) == ("verified support", 4, True)


def test_a_file_is_not_replaced_unasked(choices: Path, tmp_path: Path) -> None:
    to = tmp_path / "mine.toml"
    to.write_text("")
    assert isinstance(CliRunner().invoke(TRAIN, [str(choices), "--to", str(to)]).exception, InputError)
    assert CliRunner().invoke(TRAIN, [str(choices), "--to", str(to), "--force"]).exit_code == 0
    assert "ending .toml" in str(CliRunner().invoke(TRAIN, [str(choices), "--to", "mine"]).exception)


def test_rewards_of_two_measures_are_not_mixed(choices: Path, tmp_path: Path) -> None:
    line = choices.read_text().splitlines()[0]
    choices.write_text(f"{choices.read_text()}{json.dumps(json.loads(line) | {'measure': 'nDCG@10'})}\n")
    ran = CliRunner().invoke(TRAIN, [str(choices), "--to", str(tmp_path / "mine.toml")])
    assert "mixes rewards of several measures (nDCG@10, verified support)" in str(ran.exception)


def test_a_table_of_rewards_is_compared_without_searching(tmp_path: Path) -> None:
    rewards = {"none": 0.0, "lexical": 1.0, "dense": 0.2, "lexical+dense": 0.5}
    table = tmp_path / "table.jsonl"
    write_table(table, [row(n, half, rewards) for n, half in enumerate(["learnt from", "held out"] * 200)])
    words = ["pubmedqa:nowhere", "--table", str(table), "--logs", "3"]
    ran = CliRunner().invoke(EVALUATE, words)
    assert ran.exit_code == 0, ran.output
    assert "the learnt router beats the rules at equal cost" in ran.stdout
    result = json.loads(CliRunner().invoke(EVALUATE, [*words, "--json"]).stdout)
    assert (result["held_out"], result["better"], result["overall"]["learnt"]) == (200, 3, 1.0)


def test_claims_must_be_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = tmp_path / "known"
    (task / "qrels").mkdir(parents=True)
    (task / "queries.jsonl").write_text('{"_id": "1", "text": "Amyloid?"}\n')
    (task / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\tpmid:1\t1\n")
    ran = CliRunner().invoke(EVALUATE, [str(task), "--claims", "other", "--home", str(tmp_path)])
    assert "--claims names 'other', which is none of the tasks ['known']" in str(ran.exception)
