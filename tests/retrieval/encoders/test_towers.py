"""Encoders of two towers: what each side reads, how exactly, and which folders are refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.base import Passage, Vectors
from retrieval.encoders.towers import TwoTowerEncoder
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.checkpoints import HIDDEN, save_bert, save_towers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "mine"
    save_towers(path)
    return path


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TwoTowerEncoder:
    return TwoTowerEncoder(str(folder))


def by_hand(folder: Path, text: str, pair: str | None, max_tokens: int) -> Vectors:
    """The first token's last state, in float32, one text at a time."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    read = tokenizer(text, pair, truncation=True, max_length=max_tokens, return_tensors="pt")
    with torch.inference_mode():
        state = AutoModel.from_pretrained(str(folder))(**read).last_hidden_state[0, 0]
    return np.asarray(state, dtype=np.float32)


def close(first: Vectors, second: Vectors) -> bool:
    """Up to the rounding of bfloat16."""
    return float(np.linalg.norm(first - second)) < 0.05 * float(np.linalg.norm(second))


def test_making_an_encoder_loads_nothing() -> None:
    TwoTowerEncoder("ncbi/MedCPT")


def test_the_spec_names_the_folder_and_what_is_in_it(encoder: TwoTowerEncoder, folder: Path, tmp_path: Path) -> None:
    spec = encoder.spec
    assert (spec.name, spec.dimension, spec.max_tokens) == ("mine", HIDDEN, 512)
    moved = Path(shutil.copytree(folder, tmp_path / "mine"))
    assert TwoTowerEncoder(str(moved)).spec == spec
    save_bert(moved / "query", seed=7)
    assert TwoTowerEncoder(str(moved)).spec.revision != spec.revision


def test_a_question_is_read_by_the_query_tower(encoder: TwoTowerEncoder, folder: Path) -> None:
    vector = encoder.encode_queries(["carcinoma of the lung"])[0]
    assert close(vector, by_hand(folder / "query", "carcinoma of the lung", None, 64))
    assert not close(vector, by_hand(folder / "article", "carcinoma of the lung", None, 64))


def test_an_article_is_read_by_the_article_tower_as_the_pair_of_title_and_abstract(
    encoder: TwoTowerEncoder, folder: Path
) -> None:
    vector = encoder.encode_documents([Passage("lung tumour", "malignant cells")])[0]
    assert close(vector, by_hand(folder / "article", "lung tumour", "malignant cells", 512))
    assert not close(vector, by_hand(folder / "article", "lung tumour malignant cells", None, 512))


def test_title_and_abstract_are_told_apart_by_their_token_types(folder: Path) -> None:
    from transformers import AutoTokenizer

    read = AutoTokenizer.from_pretrained(str(folder / "article"))([("lung tumour", "malignant cells")])
    assert read["token_type_ids"] == [[0, 0, 0, 0, 1, 1, 1]]


def test_vectors_keep_their_lengths(encoder: TwoTowerEncoder) -> None:
    lengths = np.linalg.norm(encoder.encode_queries(["lung", "benign tumour of the colon"]), axis=1)
    assert (np.abs(lengths - 1) > 0.1).all()


def test_vectors_are_finite_and_rounded_to_half_precision_as_they_are_kept(encoder: TwoTowerEncoder) -> None:
    vectors = encoder.encode_documents([Passage("", ""), Passage("lung", "cells")])
    assert vectors.shape == (2, HIDDEN)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.array_equal(vectors, vectors.astype(np.float16).astype(np.float32))


def test_vectors_come_in_the_order_of_their_texts(encoder: TwoTowerEncoder) -> None:
    texts = ["lung " * n + "tumour" for n in (9, 1, 14, 3, 7, 2, 11, 5, 4, 13, 6)]
    together = encoder.encode_queries(texts)
    assert all(close(row, encoder.encode_queries([text])[0]) for row, text in zip(together, texts, strict=True))


def test_nothing_gives_no_vectors(encoder: TwoTowerEncoder) -> None:
    assert encoder.encode_queries([]).shape == (0, HIDDEN)


@pytest.fixture(scope="module")
def exact(folder: Path) -> Iterator[TwoTowerEncoder]:
    """In float32, where one word of hundreds shows."""
    import torch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("retrieval.encoders.tower.fastest_type", lambda: torch.float32)
        encoder = TwoTowerEncoder(str(folder))
        encoder.encode_queries(["lung"])
        encoder.encode_documents([Passage("lung", "")])
        yield encoder


# 64 and 512 tokens, of which [CLS] and [SEP] take two of a question, and three of a pair.


@pytest.mark.parametrize(("words", "counts"), [(61, True), (62, False)])
def test_of_a_question_62_words_are_read(exact: TwoTowerEncoder, words: int, counts: bool) -> None:
    first, second = exact.encode_queries(["lung " * words + last for last in ("tumour", "colon")])
    assert np.array_equal(first, second) is not counts


@pytest.mark.parametrize(("words", "counts"), [(507, True), (508, False)])
def test_of_an_article_509_words_are_read(exact: TwoTowerEncoder, words: int, counts: bool) -> None:
    first, second = exact.encode_documents([Passage("lung", "lung " * words + last) for last in ("tumour", "colon")])
    assert np.array_equal(first, second) is not counts


@pytest.mark.parametrize("missing", ["query", "article"])
def test_a_folder_without_one_of_its_towers_is_refused(folder: Path, tmp_path: Path, missing: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "half"))
    shutil.rmtree(copy / missing)
    with pytest.raises(ConfigurationError, match=f"no tower for the {missing} side: .*holds no model; put one there"):
        _ = TwoTowerEncoder(str(copy)).spec


def test_towers_of_other_lengths_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "mixed"))
    shutil.rmtree(copy / "query")
    save_bert(copy / "query", hidden=16)
    with pytest.raises(ConfigurationError, match="vectors of queries have 16 numbers, those of articles 32"):
        _ = TwoTowerEncoder(str(copy)).spec


def test_weights_that_may_run_code_are_not_read(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "old"))
    (copy / "article" / "model.safetensors").rename(copy / "article" / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match=r"only pytorch_model\.bin, which is not read because it may run code"):
        _ = TwoTowerEncoder(str(copy)).spec


def test_damaged_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "damaged"))
    (copy / "article" / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ConfigurationError, match="article' cannot be loaded"):
        _ = TwoTowerEncoder(str(copy)).spec


def test_a_non_commercial_model_needs_consent(tmp_path: Path) -> None:
    path = tmp_path / "pritamdeka" / "S-PubMedBert-MS-MARCO"
    save_towers(path)
    with pytest.raises(ConfigurationError, match="forbids commercial use"):
        _ = TwoTowerEncoder(str(path)).spec
    accepted = TwoTowerEncoder(str(path), accepted_licences=frozenset({"CC-BY-NC-2.0"}))
    assert accepted.spec.licence == "CC-BY-NC-2.0"


def test_two_models_on_the_hub_are_pinned_by_two_commits() -> None:
    with pytest.raises(ConfigurationError, match="give both commits as QUERY\\+ARTICLE"):
        _ = TwoTowerEncoder("ncbi/MedCPT", revision="abc").spec


def test_a_name_that_is_neither_known_nor_a_folder_says_what_would_work() -> None:
    with pytest.raises(ConfigurationError, match="give 'ncbi/MedCPT', or a folder"):
        _ = TwoTowerEncoder("no/such-model").spec
