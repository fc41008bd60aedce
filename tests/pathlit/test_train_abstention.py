"""`pathlit train abstention` and `pathlit evaluate answers` as they are typed."""

import json
from pathlib import Path

import numpy as np
import pytest

from retrieval.answer.abstention import read_abstention
from retrieval.encoders.text import TextEncoder
from tests.pathlit.conftest import Run
from tests.retrieval.encoders.checkpoints import WORDS, save_sentence_model


@pytest.fixture
def place(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of a hundred articles, a tiny encoder that reads them, and two tasks that ask for them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATHLIT_ENCODER", "base")
    monkeypatch.setenv("PATHLIT_RERANKER", "reranker.toml")
    save_sentence_model(Path("base"))
    reranker = f'encoder = "{TextEncoder("base").spec.id}"\ndepth = 12\n\n[weights]\nfused = 1.0\nwords = 1.0\n'
    (tmp_path / "reranker.toml").write_text(reranker)
    choice = np.random.default_rng(0)
    texts = {f"a{n}": " ".join(choice.choice(WORDS, 12)) for n in range(100)}
    lines = [json.dumps({"id": key, "title": "", "abstract": f"{text}."}) for key, text in texts.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    assert run("index", "corpus.jsonl", "--home", "lib").code == 0
    for name, keys in (("one", list(texts)[:50]), ("two", list(texts)[50:])):
        (tmp_path / name / "qrels").mkdir(parents=True)
        queries = [json.dumps({"_id": f"{name}-{key}", "text": texts[key]}) for key in keys]
        (tmp_path / name / "queries.jsonl").write_text("\n".join(queries))
        qrels = ["query-id\tcorpus-id\tscore", *(f"{name}-{key}\t{key}\t1" for key in keys)]
        (tmp_path / name / "qrels" / "test.tsv").write_text("\n".join(qrels))
    return tmp_path


def test_a_model_is_learned_that_says_what_it_was_tried_on(run: Run, place: Path) -> None:
    ran = run("train", "abstention", "one", "two", "--home", "lib", "--to", "mine.toml", "--probes", "10")
    assert ran.code == 0, ran.err
    model = read_abstention(place / "mine.toml")
    assert model.encoder == TextEncoder("base").spec.id
    assert {"one", "two", "elsewhere", "invented", "subjects"} <= {tried.kind for tried in model.tried}
    assert model.weights.features["weakest"] > 0
    assert "--probes 10" in model.made_by
    for tried in model.tried:
        assert tried.kind in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "mine.txt"), "ending .toml"),
        (("--to", "reranker.toml"), "exists"),
    ],
)
def test_a_file_that_is_there_or_is_none_of_ours_is_not_written(
    run: Run, place: Path, words: tuple[str, ...], said: str
) -> None:
    ran = run("train", "abstention", "one", "two", "--home", "lib", *words)
    assert ran.code == 2
    assert said in ran.err


def test_without_a_reranker_that_reads_words_there_is_nothing_to_learn_from(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATHLIT_RERANKER", "none")
    ran = run("train", "abstention", "one", "two", "--home", "lib")
    assert ran.code == 2
    assert "reranker" in ran.err


def test_answers_are_measured_on_questions_and_on_probes(run: Run, place: Path) -> None:
    words = ("--questions", "4", "--probes", "2", "--half", "all", "--to", "outcomes.jsonl", "--json")
    ran = run("evaluate", "answers", "one", "--home", "lib", *words)
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    (measured,) = told["tasks"].values()
    assert 0 <= measured["answered"]["mean"] <= 1
    assert told["probes"]["elsewhere"] == 2
    assert told["abstained"]["elsewhere"]["mean"] == 1.0
    asked = [json.loads(line) for line in (place / "outcomes.jsonl").read_text().splitlines()]
    assert len(asked) == 4 + sum(told["probes"].values())
