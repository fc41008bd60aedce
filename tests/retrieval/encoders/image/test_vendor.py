"""CONCH and MUSK need packages of their authors; stand-ins show that they would be used as those document it."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import timm
import torch

from retrieval.encoders.image.clip import ClipEncoder
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.image.checkpoints import images, save

CONSENT = frozenset({"CC-BY-NC-ND-4.0"})


@pytest.mark.parametrize(
    ("name", "install"), [("CONCH", "git+https://github.com/mahmoodlab/CONCH.git"), ("MUSK", "lilab-stanford/MUSK.git")]
)
def test_without_its_package_a_model_says_what_to_install_and_where_to_ask(
    tmp_path: Path, name: str, install: str
) -> None:
    path = save({"logit_scale": torch.tensor(2.6)}, tmp_path / "weights.safetensors")
    encoder = ClipEncoder(f"{name}:{path}", accepted_licences=CONSENT)
    with pytest.raises(ConfigurationError) as caught:
        encoder.encode_texts(["lung"])
    assert f"{name} needs its authors' own package" in str(caught.value)
    assert install in str(caught.value)
    assert "ask for access" in str(caught.value)


class Towers(torch.nn.Module):
    """Stands in for both networks: means of pixels and of tokens."""

    def __init__(self, dimension: int, words: int, **_: Any) -> None:
        super().__init__()
        self.see = torch.nn.Linear(16, dimension)
        self.read = torch.nn.Embedding(words, dimension)
        self.logit_scale = torch.nn.Parameter(torch.tensor(2.6))

    def encode_image(self, batch: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.see(torch.nn.functional.adaptive_avg_pool2d(batch, 4).mean(dim=1).flatten(1))
        return seen

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        read: torch.Tensor = self.read(tokens).mean(dim=1)
        return read

    def forward(
        self,
        image: torch.Tensor | None = None,
        text_description: torch.Tensor | None = None,
        padding_mask: torch.Tensor | None = None,
        **options: bool,
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        assert options == {"with_head": True, "out_norm": False}
        if text_description is None:
            assert image is not None
            return self.encode_image(image), None
        assert padding_mask is not None
        assert bool((padding_mask == (text_description == 1)).all())
        return None, self.encode_text(text_description)


def test_conch_is_built_without_its_decoder_and_pads_the_place_of_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tokenizer:
        pad_token_id = 0

        def __call__(self, texts: list[str], max_length: int, **options: Any) -> SimpleNamespace:
            assert options == {"truncation": True, "padding": "max_length", "return_tensors": "pt"}
            rows = [([5 + len(word) % 90 for word in text.split()] + [0] * max_length)[:max_length] for text in texts]
            return SimpleNamespace(input_ids=torch.tensor(rows))

    def coca(multimodal_cfg: dict[str, int], text_cfg: dict[str, int]) -> Towers:
        assert multimodal_cfg["layers"] == 0
        return Towers(512, text_cfg["vocab_size"])

    (tmp_path / "conch_ViT-B-16.json").write_text(
        json.dumps({"custom_text": True, "multimodal_cfg": {"layers": 12}, "text_cfg": {"vocab_size": 100}})
    )
    stand_in(monkeypatch, "conch", "conch.open_clip_custom")
    stand_in(monkeypatch, "conch.open_clip_custom.coca_model", CoCa=coca)
    stand_in(monkeypatch, "conch.open_clip_custom.custom_tokenizer", get_tokenizer=Tokenizer)
    stand_in(monkeypatch, "conch.open_clip_custom.factory", CFG_DIR=tmp_path)
    weights = {**Towers(512, 100).state_dict(), "text_decoder.a": torch.ones(2)}
    path = save(weights, tmp_path / "pytorch_model.bin")
    encoder = ClipEncoder(f"CONCH:{path}", accepted_licences=CONSENT)
    assert (encoder.spec.name, encoder.spec.dimension, encoder.spec.max_tokens) == ("MahmoodLab/CONCH", 512, 128)
    assert encoder.encode_images(images(2, height=500, width=500)).shape == (2, 512)
    assert encoder.encode_texts(["benign", "malignant tumour"]).shape == (2, 512)


def test_musk_reads_texts_by_its_sentence_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pieces:
        def __init__(self, model_file: str) -> None:
            assert Path(model_file).name == "tokenizer.spm"

        def encode(self, text: str) -> list[int]:
            return [len(word) % 40 for word in text.split()]

    (tmp_path / "tokenizer.spm").write_bytes(b"")
    stand_in(monkeypatch, "musk", "musk.modeling")
    stand_in(monkeypatch, "sentencepiece", SentencePieceProcessor=Pieces)
    monkeypatch.setattr(timm, "create_model", lambda name: Towers(1024, 64))
    path = save(dict(Towers(1024, 64).state_dict()), tmp_path / "model.safetensors")
    encoder = ClipEncoder(f"MUSK:{path}", accepted_licences=CONSENT)
    assert encoder.encode_images(images(1, height=400, width=400)).shape == (1, 1024)
    beyond = encoder.encode_texts(["word " * 98, "word " * 98 + "more"])
    assert np.array_equal(beyond[0], beyond[1])
    assert encoder.logit_scale == pytest.approx(np.exp(2.6))


def stand_in(monkeypatch: pytest.MonkeyPatch, *names: str, **contents: Any) -> None:
    for name in names:
        module = ModuleType(name)
        module.__path__ = []
        for key, value in contents.items():
            setattr(module, key, value)
        monkeypatch.setitem(sys.modules, name, module)
