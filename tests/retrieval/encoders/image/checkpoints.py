"""Tiny image encoders with random weights, in the files that real ones come in."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from retrieval.image.picture import Pixels

if TYPE_CHECKING:
    import torch

DIMENSION: Final = 32
TINY: Final[dict[str, Any]] = {
    "embed_dim": DIMENSION,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
"""The parts of a ViT-B/16 of CLIP, few and small of each."""


def tiny(*, quick_gelu: bool = False, **changed: Any) -> dict[str, Any]:
    return {**deepcopy(TINY), "quick_gelu": quick_gelu, **changed}


def random_model(config: dict[str, Any], *, seed: int = 0) -> torch.nn.Module:
    import open_clip
    import torch

    torch.manual_seed(seed)
    text = config["text_cfg"]
    made = open_clip.CustomTextCLIP if text.get("hf_model_name") or config.get("custom_text") else open_clip.CLIP
    model: torch.nn.Module = made(**{name: value for name, value in config.items() if name != "custom_text"})
    return model.eval()


def random_weights(config: dict[str, Any] | None = None, *, seed: int = 0) -> dict[str, torch.Tensor]:
    return dict(random_model(config or tiny(), seed=seed).state_dict())


def save_folder(
    folder: Path,
    config: dict[str, Any] | None = None,
    *,
    weights: str = "open_clip_model.safetensors",
    **preprocess: Any,
) -> Path:
    """As the hub has models of open_clip: open_clip_config.json and weights."""
    folder.mkdir(parents=True, exist_ok=True)
    config = config or tiny()
    save(random_weights(config), folder / weights)
    describe(folder, config, **preprocess)
    return folder


def describe(folder: Path, config: dict[str, Any], **preprocess: Any) -> None:
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}))


def save(weights: dict[str, Any], path: Path) -> Path:
    import torch
    from safetensors.torch import save_file

    if path.suffix == ".safetensors":
        save_file({name: tensor.contiguous().clone() for name, tensor in weights.items()}, path)
    else:
        torch.save(weights, path)
    return path


def images(count: int = 3, *, height: int = 40, width: int = 56) -> list[Pixels]:
    return list(np.random.default_rng(0).integers(0, 255, (count, height, width, 3), dtype=np.uint8))
