"""Weights from a file: tensors only, never code, and every one of them in its place."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import BadZipFile, ZipFile

from retrieval.encoders.image.transformers_clip import has_transformers_names, renamed
from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    from torch import Tensor, nn

SUFFIXES: Final = (".safetensors", ".bin", ".pt", ".pth")
_HOLDERS: Final = ("state_dict", "model", "module")
"""Under which of these names trainings keep the weights, beside epoch, optimizer and the like."""
_PREFIXES: Final = ("module.", "_orig_mod.")
"""What torch's wrappers for several GPUs and for compiling put before each name."""
_NUMBERS: Final = frozenset({"input_resolution", "context_length", "vocab_size"})
"""OpenAI keeps these among the weights."""
_BUFFERS: Final = ("embeddings.position_ids", "attn_mask")
"""Counted, not learned; older versions saved them."""
_SHOWN: Final = 4


def read_weights(path: Path) -> dict[str, Tensor]:
    """By the names of open_clip; ConfigurationError for what is no file of tensors, or would run code."""
    tensors = _unwrapped(path, _safetensors(path) if path.suffix == ".safetensors" else _torch(path))
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    kept = {name: one for name, one in tensors.items() if name not in _NUMBERS and not name.endswith(_BUFFERS)}
    return renamed(kept) if has_transformers_names(kept) else kept


def load_weights(model: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Into the model, all or nothing; ConfigurationError names what is missing, too much, or of another shape."""
    import torch
    from open_clip.model import convert_to_custom_text_state_dict

    wanted = {name: one for name, one in model.state_dict().items() if not name.endswith(_BUFFERS)}
    given = dict(weights)
    if "text_projection" in given and "text_projection" not in wanted:
        given = convert_to_custom_text_state_dict(given)
    for name in wanted.keys() & given.keys():
        # One number is one number, whether it lies in a list or not.
        if name in ("logit_scale", "logit_bias") and given[name].numel() == wanted[name].numel() == 1:
            given[name] = given[name].reshape(wanted[name].shape)
    faults = [
        _listed("lacks", sorted(wanted.keys() - given.keys())),
        _listed("has what the model does not know:", sorted(given.keys() - wanted.keys())),
        _listed(
            "has other shapes:",
            [
                f"{name} {_shape(given[name])} instead of {_shape(wanted[name])}"
                for name in sorted(wanted.keys() & given.keys())
                if given[name].shape != wanted[name].shape
            ],
        ),
    ]
    if any(faults):
        raise ConfigurationError(
            f"the weights in {source} are not those of this architecture: the file {'; it '.join(filter(None, faults))}"
            "; give the architecture that it was trained as, or the right file"
        )
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(given[name])


def _safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as exc:
        raise ConfigurationError(f"{path} cannot be read: {exc}; fetch it again") from exc


def _torch(path: Path) -> Any:
    import torch

    if _is_torchscript(path):
        raise ConfigurationError(
            f"{path} is a TorchScript program, not a file of weights, and is not run; take its weights out where you "
            'trust it: torch.save(torch.jit.load("OLD").state_dict(), "NEW")'
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:
        # The first sentence of the reason is advice to read the file nevertheless.
        reason = next((line.strip() for line in str(exc).splitlines() if "Unsupported" in line or "GLOBAL" in line), "")
        raise ConfigurationError(
            f"{path} holds more than tensors and plain values, and is not read because that may run code"
            f"{f' ({reason})' if reason else ''}; save its weights alone where you trust it: "
            'torch.save(torch.load("OLD", weights_only=False)["state_dict"], "NEW")'
        ) from exc
    except (OSError, EOFError, RuntimeError, ValueError, KeyError) as exc:
        reason = next(iter(str(exc).splitlines()), type(exc).__name__)
        raise ConfigurationError(f"{path} cannot be read as a file of weights: {reason}; fetch it again") from exc


def _is_torchscript(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (BadZipFile, OSError):
        return False


def _unwrapped(path: Path, content: Any) -> dict[str, Tensor]:
    import torch

    if isinstance(content, dict):
        content = next((content[name] for name in _HOLDERS if isinstance(content.get(name), dict)), content)
    if not isinstance(content, dict) or not content:
        raise ConfigurationError(
            f"{path} holds {type(content).__name__}, not weights by their names; give another file"
        )
    others = sorted(str(name) for name, one in content.items() if not isinstance(one, torch.Tensor))
    if others:
        raise ConfigurationError(
            f"{path} holds no weights by their names: {', '.join(others[:_SHOWN])} "
            f"{'is no tensor' if len(others) == 1 else 'are no tensors'}; give the file of a trained model"
        )
    return {str(name): one for name, one in content.items()}


def _listed(what: str, names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{what} {', '.join(names[:_SHOWN])}{more}" if names else ""


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "1 number"
