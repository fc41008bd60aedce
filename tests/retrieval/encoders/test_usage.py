"""How a sentence-transformers model is used: prompts, lengths, pooling, normalisation, cuts; and that its id tells."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.base import Passage
from retrieval.encoders.known import Usage
from retrieval.encoders.text import TextEncoder
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.checkpoints import HIDDEN, save_sentence_model, save_static_model

Open = Callable[..., TextEncoder]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_sentence_model(tmp_path / "mine")
    return tmp_path / "mine"


@pytest.fixture(autouse=True)
def _in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one word of many shows, and equal texts have equal vectors whatever stands beside them."""
    import torch

    monkeypatch.setattr("retrieval.encoders.text.fastest_type", lambda: torch.float32)


def test_prompts_stand_before_the_texts_of_their_side(model: Path) -> None:
    plain = TextEncoder(str(model))
    prompted = TextEncoder(str(model), usage=Usage(query_prompt="query: ", document_prompt="passage: "))
    assert np.array_equal(prompted.encode_queries(["lung"]), plain.encode_queries(["query: lung"]))
    as_passage = [Passage("lung", "tumour")], [Passage("passage: lung", "tumour")]
    assert np.array_equal(prompted.encode_documents(as_passage[0]), plain.encode_documents(as_passage[1]))
    assert not np.array_equal(prompted.encode_queries(["lung"]), plain.encode_queries(["lung"]))


def test_prompts_that_a_model_stores_are_used(tmp_path: Path) -> None:
    save_sentence_model(tmp_path, prompts={"query": "query: ", "passage": "passage: "})
    stored = TextEncoder(str(tmp_path))
    unprompted = TextEncoder(str(tmp_path), usage=Usage(query_prompt="", document_prompt=""))
    assert np.array_equal(stored.encode_queries(["lung"]), unprompted.encode_queries(["query: lung"]))
    document = stored.encode_documents([Passage("lung", "")])
    assert np.array_equal(document, unprompted.encode_documents([Passage("passage: lung", "")]))


# Of 12 tokens [CLS] and [SEP] take two, which leaves ten words.


@pytest.mark.parametrize(("words", "counts"), [(9, True), (10, False)])
def test_what_is_beyond_the_limit_of_a_question_does_not_count(model: Path, words: int, counts: bool) -> None:
    encoder = TextEncoder(str(model), usage=Usage(query_tokens=12))
    first, second = encoder.encode_queries(["lung " * words + last for last in ("tumour", "colon")])
    assert np.array_equal(first, second) is not counts
    whole = encoder.encode_documents([Passage("lung", "lung " * words + last) for last in ("tumour", "colon")])
    assert not np.array_equal(*whole)


@pytest.mark.parametrize(("words", "counts"), [(8, True), (9, False)])
def test_what_is_beyond_the_limit_of_an_article_does_not_count(model: Path, words: int, counts: bool) -> None:
    encoder = TextEncoder(str(model), usage=Usage(document_tokens=12))
    assert encoder.spec.max_tokens == 12
    passages = [Passage("lung", "lung " * words + last) for last in ("tumour", "colon")]
    assert np.array_equal(*encoder.encode_documents(passages)) is not counts
    assert not np.array_equal(*encoder.encode_queries(["lung " * (words + 1) + last for last in ("tumour", "colon")]))
    assert encoder.count_tokens(passages) == [words + 4, words + 4]


@pytest.mark.parametrize(
    "usage",
    [
        Usage(query_prompt="query: "),
        Usage(document_prompt="passage: "),
        Usage(query_tokens=12),
        Usage(document_tokens=12),
    ],
)
def test_whatever_changes_vectors_is_part_of_the_id(model: Path, usage: Usage) -> None:
    assert TextEncoder(str(model), usage=usage).spec.id != TextEncoder(str(model)).spec.id


def test_what_the_files_say_as_well_changes_no_id(model: Path) -> None:
    said = Usage("MIT", "", "", 512, 512, "mean", True)
    assert TextEncoder(str(model), usage=said).spec.id == TextEncoder(str(model)).spec.id


def test_a_model_compared_by_cosine_gets_vectors_of_length_1(tmp_path: Path) -> None:
    save_sentence_model(tmp_path / "cosine", normalised=False, similarity_fn_name="cosine")
    save_sentence_model(tmp_path / "dot", normalised=False, similarity_fn_name="dot")
    lengths = {
        name: float(np.linalg.norm(TextEncoder(str(tmp_path / name)).encode_queries(["lung tumour"])))
        for name in ("cosine", "dot")
    }
    assert lengths["cosine"] == pytest.approx(1, abs=2e-3)
    assert lengths["dot"] > 1.1


def test_files_that_pool_otherwise_than_the_model_was_trained_are_refused(tmp_path: Path) -> None:
    save_sentence_model(tmp_path, pooling="mean")
    with pytest.raises(ConfigurationError, match="pools by 'mean', but it was trained with 'cls'"):
        _ = TextEncoder(str(tmp_path), usage=Usage(pooling="cls")).spec


def test_vectors_cut_short_are_the_first_numbers_at_length_1(model: Path) -> None:
    usage = Usage(dimensions=(32, 16, 8))
    full = TextEncoder(str(model), usage=usage).encode_queries(["lung tumour"])[0]
    encoder = TextEncoder(str(model), usage=usage, dimension=8)
    cut = encoder.encode_queries(["lung tumour"])[0]
    assert encoder.spec.dimension == 8
    assert cut.shape == (8,)
    assert np.allclose(cut, full[:8] / np.linalg.norm(full[:8]), atol=2e-3)
    assert encoder.encode_documents([Passage("lung", ""), Passage("colon", "")]).shape == (2, 8)


def test_the_id_tells_how_short_vectors_are_cut(model: Path) -> None:
    ids = {n: TextEncoder(str(model), usage=Usage(dimensions=(16, 8)), dimension=n).spec.id for n in (None, 8, 16, 32)}
    assert ids[8] == f"{ids[None]}/8"
    assert ids[16] == f"{ids[None]}/16"
    assert ids[32] == ids[None]


def test_a_model_that_was_not_trained_for_it_is_not_cut(model: Path) -> None:
    with pytest.raises(ConfigurationError, match="it was not trained to be cut short, and has 32"):
        _ = TextEncoder(str(model), dimension=16).spec


def test_another_length_than_those_of_the_training_is_refused_with_their_names(model: Path) -> None:
    with pytest.raises(ConfigurationError, match="12 numbers; it was trained to be cut to 16, 8, and has 32 uncut"):
        _ = TextEncoder(str(model), usage=Usage(dimensions=(32, 16, 8)), dimension=12).spec


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("config_sentence_transformers.json", {"matryoshka_dims": [32, 16]}),
        ("config_sentence_transformers.json", {"truncate_dim": 16}),
        ("config.json", {"matryoshka_dimensions": [16]}),
    ],
)
def test_the_files_of_a_model_may_say_what_it_was_trained_for(model: Path, file: str, said: dict[str, object]) -> None:
    path = model / file
    path.write_text(json.dumps(json.loads(path.read_text()) | said))
    assert TextEncoder(str(model), dimension=16).spec.dimension == 16


def test_a_static_model_has_no_limit_and_gives_vectors_of_length_1(tmp_path: Path) -> None:
    save_static_model(tmp_path)
    encoder = TextEncoder(str(tmp_path))
    assert (encoder.spec.max_tokens, encoder.spec.dimension) == (0, HIDDEN)
    vectors = encoder.encode_documents([Passage("lung", "lung " * 2_000 + last) for last in ("tumour", "")])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=2e-3)
    assert encoder.encode_queries(["lung"]).shape == (1, HIDDEN)
