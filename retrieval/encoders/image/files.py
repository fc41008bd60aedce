"""What the files of a model say: its weights among them, its architecture, its preprocessing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from retrieval.encoders.image.known import Checkpoint, Preprocessing
from retrieval.encoders.image.weights import SUFFIXES
from retrieval.errors import ConfigurationError

CONFIG: Final = "open_clip_config.json"
TRANSFORMERS_CONFIG: Final = "config.json"
OPEN_CLIP_WEIGHTS: Final = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
TRANSFORMERS_WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin")


def architecture_config(architecture: str) -> dict[str, Any]:
    from open_clip import get_model_config, list_models

    config = get_model_config(architecture)
    if config is None:
        alike = [one for one in list_models() if one.lower().startswith(architecture[:5].lower())]
        raise ConfigurationError(
            f"open_clip knows no architecture {architecture!r}; choose one of {', '.join(alike or list_models())}"
        )
    return dict(config)


def preprocessing_of(facts: Mapping[str, Any], config: Mapping[str, Any]) -> Preprocessing:
    size = config["vision_cfg"].get("image_size", 224)
    if not isinstance(size, int):
        if len(set(size)) != 1:
            raise ConfigurationError(f"the model wants images of {size} pixels; only square ones can be made")
        size = size[0]
    usual = Preprocessing()
    return Preprocessing(
        size,
        tuple(facts.get("mean") or usual.mean),
        tuple(facts.get("std") or usual.std),
        facts.get("interpolation") or usual.interpolation,
        facts.get("resize_mode") or usual.resize,
    )


def weights_in(folder: Path, known: Checkpoint | None) -> Path:
    preferred = [*([known.file] if known else []), *OPEN_CLIP_WEIGHTS, *TRANSFORMERS_WEIGHTS]
    for name in preferred:
        if (folder / name).is_file():
            return folder / name
    found = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise ConfigurationError(
            f"{folder} holds {f'several files of weights ({names})' if found else 'no weights'}; have one there, best "
            f"called {OPEN_CLIP_WEIGHTS[0]}"
        )
    return found[0]


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError as exc:
        raise ConfigurationError(f"{path} cannot be read: {exc}; fetch the model again") from exc
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} is no config: it holds {type(content).__name__}; fetch the model again")
    return content
