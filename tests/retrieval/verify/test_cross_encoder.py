"""NLI cross-encoders, on tiny checkpoints with random weights: labels, windows, spans, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval.errors import ConfigurationError
from retrieval.records import Article, Section
from retrieval.verify.base import Claim, Verdict
from retrieval.verify.cross_encoder import CrossEncoderVerifier
from retrieval.verify.opening import open_verifier
from tests.retrieval.encoders.checkpoints import WORDS, save_bert

MNLI = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")


def save_nli(folder: Path, *labels: str) -> str:
    """A Bert of one layer with these labels, and the tokenizer of the encoders' checkpoints."""
    import torch
    from transformers import BertForSequenceClassification

    save_bert(folder)
    torch.manual_seed(3)
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=len(labels))
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: place for place, label in enumerate(labels)}
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def mnli(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_nli(tmp_path_factory.mktemp("nli") / "tiny-mnli", *MNLI)


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_nli(tmp_path_factory.mktemp("nli") / "tiny-MiniCheck", "LABEL_0", "LABEL_1")


def test_a_model_of_three_labels_gives_three_probabilities(mnli: str) -> None:
    verifier = open_verifier(mnli)
    (judgement,) = verifier.judge_texts([("lung carcinoma", "benign lung. carcinoma of the lung.")])
    assert judgement.support + judgement.contradict + judgement.neutral == pytest.approx(1, abs=1e-5)
    assert judgement.contradict > 0
    assert verifier.id == "tiny-mnli"


def test_labels_are_read_from_the_config_wherever_they_stand(mnli: str, tmp_path: Path) -> None:
    other = save_nli(tmp_path / "turned", "entailment", "neutral", "contradiction")
    pair = ("lung carcinoma", "benign lung.")
    ours, theirs = (CrossEncoderVerifier(name).judge_texts([pair])[0] for name in (mnli, other))
    assert (ours.support, ours.contradict) == pytest.approx((theirs.contradict, theirs.support))


def test_a_model_of_two_labels_never_says_contradicted(binary: str) -> None:
    (judgement,) = CrossEncoderVerifier(binary).judge_texts([("lung carcinoma", "benign lung.")])
    assert judgement.contradict == 0
    assert judgement.verdict is not Verdict.CONTRADICTED


def test_spans_are_of_the_article_and_may_be_its_title(mnli: str) -> None:
    article = Article(pmid=1, title="lung", sections=(Section("benign. carcinoma of the lung.", label="RESULTS"),))
    (judgement,) = CrossEncoderVerifier(mnli).judge([Claim("carcinoma", article)])
    assert judgement.evidence is not None
    field = article.title if judgement.evidence.field == "title" else article.abstract
    assert field[judgement.evidence.start : judgement.evidence.end] == judgement.evidence.text


def test_a_text_longer_than_the_model_is_read_in_windows_to_its_end(mnli: str) -> None:
    sentences = [f"{' '.join(WORDS[n % 5 :][:6])} {n}." for n in range(200)]
    (judgement,) = CrossEncoderVerifier(mnli).judge_texts([("lung carcinoma " * 300, " ".join(sentences))])
    assert judgement.evidence is not None


def test_company_makes_no_difference(mnli: str) -> None:
    verifier = CrossEncoderVerifier(mnli)
    pairs = [(f"{word} carcinoma", f"benign {word}. {word}.") for word in WORDS[:12]]
    together = [one.support for one in verifier.judge_texts(pairs)]
    assert together == pytest.approx([verifier.judge_texts([pair])[0].support for pair in pairs], abs=0.03)


def test_nothing_to_read_is_not_found(mnli: str) -> None:
    assert CrossEncoderVerifier(mnli).judge_texts([("lung", "")])[0].verdict is Verdict.NOT_FOUND


@pytest.mark.parametrize("labels", [("LABEL_0", "LABEL_1"), ("positive", "negative"), ("entailment", "odd", "neutral")])
def test_labels_that_leave_it_open_are_refused(tmp_path: Path, labels: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="has the labels"):
        CrossEncoderVerifier(save_nli(tmp_path / "tiny", *labels)).load()


def test_weights_that_are_no_safetensors_are_refused(mnli: str, tmp_path: Path) -> None:
    import shutil

    import torch

    folder = Path(shutil.copytree(mnli, tmp_path / "pickled"))
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        CrossEncoderVerifier(str(folder)).load()


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        CrossEncoderVerifier(str(tmp_path)).load()


def test_nothing_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    assert CrossEncoderVerifier(str(tmp_path / "nothing")).id == str(tmp_path / "nothing")
