"""Models that only their authors' own packages can read. Both are gated, and neither package is on PyPI."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retrieval.encoders.image.hub import fetch
from retrieval.encoders.image.known import Checkpoint
from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    from torch import Tensor, nn

_DECODER: Final = "text_decoder."
"""Writes captions; not needed, and not in what is handed out."""
_START, _PADDING, _END, _UNKNOWN, _OFFSET = 0, 1, 2, 3, 1
"""How XLM-RoBERTa numbers its marks, and how far its other numbers are from those of SentencePiece."""


class Parts(NamedTuple):
    model: nn.Module
    tokenize: Callable[[list[str]], Tensor]
    weights: dict[str, Tensor]


def conch(known: Checkpoint, path: Path, weights: Mapping[str, Tensor]) -> Parts:
    """Lu et al., Nature Medicine 30, 2024."""
    import torch

    names = ("coca_model", "custom_tokenizer", "factory")
    network, reading, factory = _import(
        known, [f"conch.open_clip_custom.{name}" for name in names], "git+https://github.com/mahmoodlab/CONCH.git"
    )
    config: dict[str, Any] = json.loads((Path(factory.CFG_DIR) / "conch_ViT-B-16.json").read_bytes())
    config.pop("custom_text", None)
    config["multimodal_cfg"] |= {"layers": 0}
    tokenizer = reading.get_tokenizer()

    def tokenize(texts: list[str]) -> Tensor:
        # The last place is the model's own.
        read = tokenizer(
            texts, max_length=known.context - 1, truncation=True, padding="max_length", return_tensors="pt"
        ).input_ids
        tokens: Tensor = torch.nn.functional.pad(read, (0, 1), value=tokenizer.pad_token_id)
        return tokens

    kept = {name: tensor for name, tensor in weights.items() if not name.startswith(_DECODER)}
    return Parts(network.CoCa(**config), tokenize, kept)


def musk(known: Checkpoint, path: Path, weights: Mapping[str, Tensor]) -> Parts:
    """Xiang et al., Nature 638, 2025. Its tokenizer.spm is looked for beside the weights, then on the hub."""
    import timm
    import torch

    # The first makes the architecture known to timm.
    _, reading = _import(
        known,
        ["musk.modeling", "sentencepiece"],
        "fairscale sentencepiece git+https://github.com/lilab-stanford/MUSK.git",
    )
    inner: nn.Module = timm.create_model("musk_large_patch16_384")

    class Both(torch.nn.Module):
        """The two sides of its one network, by open_clip's names for them."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = inner
            self.logit_scale = inner.logit_scale

        def encode_image(self, images: Tensor) -> Tensor:
            vectors: Tensor = self.inner(image=images, with_head=True, out_norm=False)[0]
            return vectors

        def encode_text(self, tokens: Tensor) -> Tensor:
            vectors: Tensor = self.inner(
                text_description=tokens, padding_mask=tokens == _PADDING, with_head=True, out_norm=False
            )[1]
            return vectors

    beside = path.with_name("tokenizer.spm")
    spelling = beside if beside.is_file() else fetch(known.hub, [beside.name], known.revision)
    pieces = reading.SentencePieceProcessor(model_file=str(spelling))

    def tokenize(texts: list[str]) -> Tensor:
        rows = []
        for text in texts:
            ids = [number + _OFFSET if number else _UNKNOWN for number in pieces.encode(text)][: known.context - 2]
            row = [_START, *ids, _END]
            rows.append(row + [_PADDING] * (known.context - len(row)))
        return torch.tensor(rows, dtype=torch.long)

    named = {f"inner.{name}": tensor for name, tensor in weights.items()}
    return Parts(Both(), tokenize, named | {"logit_scale": weights["logit_scale"]})


def _import(known: Checkpoint, modules: list[str], install: str) -> list[Any]:
    try:
        return [import_module(name) for name in modules]
    except ImportError as exc:
        raise ConfigurationError(
            f"{known.name} needs its authors' own package, which is not installed ({exc}); install it with `uv pip "
            f"install {install}`. Its weights are handed only to accounts that its authors have let in: ask for access "
            f"at https://huggingface.co/{known.hub}, then log in with `hf auth login` or set HF_TOKEN"
        ) from exc
