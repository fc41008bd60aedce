"""The folder of an image adapter: adapter.toml, which people read, and weights.safetensors."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Vectors
from retrieval.errors import ConfigurationError
from retrieval.records import Record
from retrieval.toml_record import toml_string

RECORD: Final = "adapter.toml"
WEIGHTS: Final = "weights.safetensors"
CLIP_AT: Final = 2.0
"""Standard deviations at which a feature is cut off: with few images, outliers decide too much."""

_TENSORS: Final = ("mean", "deviation", "projection", "bias", "precision", "captions")


class AdapterRecord(Record, frozen=True, forbid_unknown_fields=True):
    backbone: str
    """"histology", or the name of an image encoder."""
    backbone_id: str
    """With its revision; another one's features would be read wrongly."""
    text_encoder: str
    text_encoder_id: str
    temperature: float
    """Divides the log-odds of captions before they become shares."""
    logit_scale: float
    familiar: float
    """Squared Mahalanobis distance within which images like those of the training lie (99 % of held-out ones)."""
    licence: str = ""
    captions: tuple[str, ...] = ()
    """Distinct, in the order of the weights."""
    images: int = 0
    made_by: str = ""
    created: str = ""
    data: str = ""
    """What it was trained on, in words."""
    measured: dict[str, float] = msgspec.field(default_factory=dict)
    """In cross-validation over the training images."""


class AdapterWeights(NamedTuple):
    """Of n features, c captions, d dimensions of the text space."""

    mean: npt.NDArray[np.float32]
    """Shape (n,)."""
    deviation: npt.NDArray[np.float32]
    """Shape (n,)."""
    projection: npt.NDArray[np.float32]
    """Shape (n, c): standardised features to log-odds of captions."""
    bias: npt.NDArray[np.float32]
    """Shape (c,)."""
    precision: npt.NDArray[np.float32]
    """Shape (n, n): the inverse of the covariance within captions."""
    captions: Vectors
    """Shape (c, d): the captions in the text space."""

    def standardised(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(np.clip((features - self.mean) / self.deviation, -CLIP_AT, CLIP_AT), dtype=np.float32)

    def distances(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Squared Mahalanobis distance of each image to the nearest caption's images, shape (images,)."""
        z = self.standardised(features)
        own = np.einsum("ij,jk,ik->i", z, self.precision, z)
        return np.asarray(own - 2 * (z @ self.projection + self.bias).max(axis=1), dtype=np.float32)

    def shares(self, features: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float32]:
        """How much each image is like the images of each caption, shape (images, c); rows add up to 1."""
        odds = (self.standardised(features) @ self.projection + self.bias) / temperature
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


def read_adapter(folder: Path) -> tuple[AdapterRecord, AdapterWeights]:
    """ConfigurationError says what of the folder cannot be used."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        record = msgspec.convert(tomllib.loads((folder / RECORD).read_text(encoding="utf-8")), type=AdapterRecord)
        tensors = load_file(folder / WEIGHTS)
    except OSError as exc:
        raise ConfigurationError(f"the image adapter {folder} cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, msgspec.ValidationError, SafetensorError) as exc:
        raise ConfigurationError(
            f"{folder} is no image adapter: {exc}; make one with `pathlit train image-adapter`"
        ) from exc
    missing = [name for name in _TENSORS if name not in tensors]
    if missing:
        raise ConfigurationError(f"the image adapter {folder} lacks {', '.join(missing)}; train it again")
    weights = AdapterWeights(*(np.asarray(tensors[name], dtype=np.float32) for name in _TENSORS))
    features, captions = weights.projection.shape if weights.projection.ndim == 2 else (0, 0)
    fits = (
        weights.captions.ndim == 2
        and captions > 0
        and weights.mean.shape == weights.deviation.shape == (features,)
        and weights.bias.shape == (captions,)
        and weights.precision.shape == (features, features)
        and len(weights.captions) == captions == len(record.captions)
        and all(np.isfinite(part).all() for part in weights)
        and (weights.deviation > 0).all()
        and min(record.temperature, record.familiar) > 0
    )
    if not fits:
        raise ConfigurationError(f"the image adapter {folder} has weights that do not fit together; train it again")
    return record, weights


def write_adapter(folder: Path, record: AdapterRecord, weights: AdapterWeights) -> None:
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    # Not its save_file, which makes files that nobody else may read.
    (folder / WEIGHTS).write_bytes(save({name: np.ascontiguousarray(part) for name, part in weights._asdict().items()}))
    (folder / RECORD).write_text(_toml(record), encoding="utf-8")


def _toml(record: AdapterRecord) -> str:
    lines = ["# An image adapter of pathlit: from features of images to the space of a text encoder."]
    tables: list[str] = []
    for name, value in msgspec.to_builtins(record).items():
        if isinstance(value, dict):
            tables += ["", f"[{name}]", *(f"{toml_string(key)} = {number:.6g}" for key, number in value.items())]
        elif isinstance(value, list | tuple):
            lines += [f"{name} = [", *(f"  {toml_string(item)}," for item in value), "]"]
        else:
            lines.append(f"{name} = {toml_string(value) if isinstance(value, str) else repr(value)}")
    return "\n".join([*lines, *tables]) + "\n"
