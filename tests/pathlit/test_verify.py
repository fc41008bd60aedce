"""`pathlit verify`, `pathlit train verifier` and `pathlit evaluate verifier` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.verify.model import read_model
from tests.pathlit.conftest import Run

FOUND = "HER2 amplification was associated with shorter survival in 32% of 120 patients."


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Sixty pairs of two sources: the text's own finding, its opposite, and something else."""
    lines = []
    for n in range(20):
        text = f"Expression of CD{n} was increased in {n + 20} tumours. It was measured by staining."
        for label, claim in (
            ("support", f"CD{n} was increased in tumours"),
            ("contradict", f"CD{n} was decreased in tumours"),
            ("neutral", f"Smoking raises the risk of fracture {n}"),
        ):
            row = {"id": n, "claim": claim, "evidence": text, "label": label, "source": "ab"[n % 2]}
            lines.append(json.dumps(row))
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_a_claim_is_checked_against_a_text(run: Run) -> None:
    ran = run("verify", FOUND, "--text", f"We studied them. {FOUND}", "--json")
    found = json.loads(ran.out)
    assert found["judgement"]["verdict"] == "supported"
    assert found["judgement"]["evidence"]["text"] == FOUND
    assert found["verifier"].startswith("learned-")


def test_for_people_it_prints_verdict_span_and_reasons(run: Run) -> None:
    ran = run("verify", FOUND.replace("shorter", "longer"), "--text", FOUND)
    assert ran.out.startswith("contradicted\n")
    assert FOUND in ran.out


def test_a_claim_is_checked_against_an_article_of_the_generation(run: Run, demo: Path) -> None:
    hit = json.loads(run("search", "carcinoma", "--limit", "1", "--home", str(demo), "--json").out)["data"]["hits"][0]
    ran = run("verify", hit["title"], "--pmid", str(hit["id"]), "--home", str(demo), "--json")
    found = json.loads(ran.out)
    assert (found["id"], found["judgement"]["verdict"]) == (hit["id"], "supported")


def test_a_file_of_pairs_gives_a_line_for_each(run: Run, pairs: Path) -> None:
    lines = [json.loads(line) for line in run("verify", "--pairs", str(pairs)).out.splitlines()]
    assert len(lines) == 60
    assert {line["label"] for line in lines} <= {"support", "contradict", "neutral"}
    first = lines[0]
    assert first["support"] + first["contradict"] + first["neutral"] == pytest.approx(1, abs=1e-3)
    start, end = first["span"]
    assert 0 <= start < end


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("claim",),
        ("claim", "--pmid", "1", "--text", "x"),
        ("claim", "--pairs", "x.jsonl"),
        ("--pairs", "nowhere.jsonl"),
        (" ", "--text", "x"),
    ],
)
def test_what_cannot_be_checked_is_refused(run: Run, words: tuple[str, ...]) -> None:
    ran = run("verify", *words)
    assert ran.code == 2
    assert ran.err.startswith("error")


def test_a_verifier_is_learned_used_and_measured(run: Run, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = pairs.with_name("mine.toml")
    assert run("train", "verifier", str(pairs), "--to", str(mine)).code == 0
    model = read_model(mine)
    assert {(one.trained_on, one.tested_on) for one in model.measured} == {("a", "b"), ("b", "a")}
    assert model.data[0].startswith("a: 10 support, 10 contradict, 10 neutral")
    assert "exists" in run("train", "verifier", str(pairs), "--to", str(mine)).err
    monkeypatch.setenv("PATHLIT_VERIFIER", str(mine))
    assert json.loads(run("verify", FOUND, "--text", FOUND, "--json").out)["verifier"].startswith("mine-")
    scores = json.loads(run("evaluate", "verifier", str(pairs), "--train-on", "a", "--test-on", "b", "--json").out)
    learned, baseline = scores["scores"].values()
    assert learned["pairs"] == baseline["pairs"] == 30
    assert learned["false_support"]["mean"] <= 0.1
    assert learned["auc"] > baseline["auc"]


def test_a_source_is_never_measured_on_itself_and_must_exist(run: Run, pairs: Path) -> None:
    assert "learned from" in run("evaluate", "verifier", str(pairs), "--train-on", "a").err
    assert "no pair is of the source 'c'" in run("train", "verifier", str(pairs), "--source", "c").err
