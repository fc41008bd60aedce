"""The file of a learned reranker: written, read back, and refused where it makes no sense."""

from pathlib import Path

import pytest

from retrieval.errors import ConfigurationError
from retrieval.rerank.features import FEATURES
from retrieval.rerank.model import SHIPPED, RerankModel, Trained, read_model, write_model

MODEL = RerankModel(
    encoder="mini@1",
    depth=20,
    weights={"fused": 1.0, "words": 1.8512},
    made_by='pathlit train reranker "a task"',
    created="2026-11-21",
    steps=("fused: 0.9400", "fused, words: 0.9500"),
    trained=(Trained("a", 100, 0.9, 0.95, 0.01, 0.08),),
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_model(tmp_path / "m.toml", MODEL)
    assert read_model(tmp_path / "m.toml") == MODEL


def test_the_packaged_one_names_its_encoder_and_how_it_was_found() -> None:
    model = read_model(SHIPPED)
    assert model.encoder == "all-MiniLM-L6-v2@53aa51172d142c89"
    assert set(model.weights) <= set(FEATURES)
    assert model.trained
    assert not any("scifact" in task.task for task in model.trained)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("weights", "is no reranker"),
        ('encoder = "e"\ndepth = 10\n[weights]\nmagic = 1.0', "weighs 'magic', which is no feature; there are fused,"),
        ('encoder = "e"\ndepth = 10\n[weights]\n', "weighs nothing"),
        ('encoder = "e"\ndepth = 0\n[weights]\nfused = 1.0', "has depth 0; it lies between 1 and 200"),
        ('encoder = "e"\ndepth = 1\ncolour = 1\n[weights]\nfused = 1.0', "is no reranker"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_model(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_model(tmp_path / "none.toml")
