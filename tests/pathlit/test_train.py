"""`pathlit train` as it is typed."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.base import Passage
from retrieval.encoders.text import TextEncoder
from tests.pathlit.conftest import Run
from tests.retrieval.encoders.checkpoints import WORDS, save_sentence_model


@pytest.fixture
def place(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of eighty articles, its tiny encoder, and a task that asks for forty of them by their words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATHLIT_ENCODER", "base")
    monkeypatch.setenv("PATHLIT_RERANKER", "none")
    save_sentence_model(Path("base"))
    choice = np.random.default_rng(0)

    def words(count: int) -> str:
        return " ".join(choice.choice(WORDS, count))

    articles = {f"a{n}": (words(6), f"{words(20)}. {words(12)}.") for n in range(1, 81)}
    lines = [f'{{"id": "{key}", "title": "{t}", "abstract": "{a}"}}' for key, (t, a) in articles.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines))
    assert run("index", "corpus.jsonl", "--home", "lib").code == 0
    asked = dict(list(articles.items())[:40])
    (tmp_path / "asked" / "qrels").mkdir(parents=True)
    queries = [f'{{"_id": "q{key}", "text": "{t}"}}' for key, (t, _) in asked.items()]
    (tmp_path / "asked" / "queries.jsonl").write_text("\n".join(queries))
    qrels = ["query-id\tcorpus-id\tscore", *(f"q{key}\t{key}\t1" for key in asked)]
    (tmp_path / "asked" / "qrels" / "test.tsv").write_text("\n".join(qrels))
    return tmp_path


def test_an_adapted_encoder_is_a_folder_with_a_card_and_other_vectors(run: Run, place: Path) -> None:
    run("train", "encoder", "mine", "--home", "lib", "--steps", "2", "--check", "asked")
    before, after = (TextEncoder(name).encode_documents([Passage("lung", "lung")]) for name in ("base", "mine"))
    assert before.shape == after.shape
    assert not np.array_equal(before, after)
    card = (place / "mine" / "README.md").read_text()
    for said in ("base@", "| articles | 80 |", "| held out | 4 |", "| steps | 2 |", "nDCG@10, titles of 4 held-out"):
        assert said in card
    assert "| asked-test | 40 |" in card or "| asked | 40 |" in card
    assert sorted(p.name for p in place.iterdir()) == ["asked", "base", "corpus.jsonl", "lib", "mine"]


def test_all_the_way_back_nothing_has_changed(run: Run, place: Path) -> None:
    run("train", "encoder", "mine", "--home", "lib", "--steps", "1", "--back", "1")
    before, after = (TextEncoder(name).encode_documents([Passage("lung", "lung")]) for name in ("base", "mine"))
    assert np.allclose(before, after, atol=2e-3)


def test_a_stopped_run_goes_on_and_one_of_other_settings_is_refused(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **more: object) -> None:
        raise OSError("the machine stopped")

    with monkeypatch.context() as broken:
        broken.setattr("training.encoder._go_back", stop)
        assert run("train", "encoder", "mine", "--home", "lib", "--steps", "2").code
    assert not (place / "mine").exists()
    assert "unfinished run with other settings" in run("train", "encoder", "mine", "--home", "lib", "--steps", "3").err
    assert run("train", "encoder", "mine", "--home", "lib", "--steps", "2").code == 0
    assert (place / "mine" / "model.safetensors").is_file()


def test_a_model_that_exists_is_not_overwritten_unless_told_so(run: Run, place: Path) -> None:
    assert "base exists" in run("train", "encoder", "base", "--home", "lib").err


def test_pairs_of_an_unknown_kind_are_refused_with_those_there_are(run: Run, place: Path) -> None:
    assert (
        "there are no pairs 'dreams'; there are title, conclusion"
        in run("train", "encoder", "mine", "--home", "lib", "--pairs", "dreams").err
    )


def test_a_reranker_is_learned_from_a_task_and_used_by_a_search(run: Run, place: Path) -> None:
    ran = run("train", "reranker", "asked", "--home", "lib", "--to", "mine.toml", "--depth", "8")
    model = tomllib.loads((place / "mine.toml").read_text())
    assert model["encoder"].startswith("base@")
    assert model["depth"] == 8
    assert model["weights"]["fused"] == 1.0
    assert model["made_by"] == "pathlit train reranker asked --home lib --to mine.toml --depth 8"
    assert model["trained"][0]["questions"] >= 20
    assert "use it with PATHLIT_RERANKER=mine.toml" in ran.out


def test_a_reranker_is_not_learned_from_another_corpus_or_over_a_file(run: Run, place: Path) -> None:
    (place / "there.toml").write_text("")
    assert "there.toml exists" in run("train", "reranker", "asked", "--home", "lib", "--to", "there.toml").err
    assert "give it the ending .toml" in run("train", "reranker", "asked", "--home", "lib", "--to", "there.json").err
