"""Is it the model that it is taken for? What a wrong load leaves behind, measured at each load."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval.encoders.base import Vectors
from retrieval.encoders.image.activation import count_activations, wanted_activation
from retrieval.encoders.image.network import Network
from retrieval.encoders.image.probe import (
    LARGEST_DISTANCE,
    TEXT,
    Probe,
    distance,
    keep_probe,
    kept_probe,
    make_probe,
    place_of,
    probe_image,
)
from retrieval.encoders.image.source import Source
from retrieval.encoders.matryoshka import unit
from retrieval.errors import ConfigurationError
from retrieval.records import Record

if TYPE_CHECKING:
    from torch import nn

_OTHER_TEXT: Final = "normal bone marrow"
_LONG_TEXT: Final = "carcinoma " * 600
_SCALES: Final = (1.0, 1000.0)
"""CLIP begins at 14 and is held below 100; SigLIP ends at 118."""
_SIZES: Final = (1e-6, 1e3)
_ALIKE: Final = 1e-6
"""One minus the cosine of two vectors that are the same but for rounding."""
_PROJECTION: Final = re.compile(
    r"^(inner\.)?(visual\.(proj|proj_contrast|head\..*weight)|(text\.)?text_projection(\.weight)?|text\.proj\b.*weight"
    r"|(vision|language)_head\.weight)$"
)
_FETCH: Final = "fetch the weights again"


class Check(Record, frozen=True):
    name: str
    value: float
    wanted: str
    passed: bool
    advice: str


class AuditReport(Record, frozen=True):
    model: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)

    def require(self) -> None:
        """ConfigurationError that names the first check that failed, its number, and what to do."""
        for check in self.failed:
            raise ConfigurationError(
                f"the image encoder {self.model} failed the check of its {check.name}: {check.value:.4g} where "
                f"{check.wanted} is right; {check.advice}"
            )


def audit(source: Source, network: Network, sha256: str) -> AuditReport:
    """Of a network in float32 on the processor. Keeps a probe of a model that passes for the first time."""
    try:
        images, words = _images(network), _texts(network)
    except (RuntimeError, IndexError, ValueError) as exc:
        raise ConfigurationError(
            f"the image encoder {source.name} cannot encode: {str(exc).splitlines()[0]}; the sizes, vocabulary or "
            "tokenizer in its files do not fit its weights, fetch the whole model again"
        ) from exc
    probe = make_probe(sha256, images[0], words[0])
    earlier = kept_probe(source.weights, sha256)
    checks = (
        *_weights(network),
        *_facts(source, network, images, words),
        *_differences(images, words),
        *_activation(source, network),
        *_probe(source, probe, earlier),
    )
    report = AuditReport(source.name, checks)
    if source.own and earlier is None and not report.failed:
        keep_probe(source.weights, probe)
    return report


def _weights(network: Network) -> list[Check]:
    flat = [
        name
        for name, one in network.model.named_parameters()
        if one.dim() > 1 and bool((one == one.flatten()[0]).all())
    ]
    sizes = _projection_sizes(network.model)
    worst = min(
        sizes, key=lambda size: -abs(np.log10(size)) if size > 0 and np.isfinite(size) else -np.inf, default=1.0
    )
    return [
        Check("weights", network.unset, f"0 of {network.tensors} tensors without numbers", network.unset == 0, _FETCH),
        Check(
            "matrices", len(flat), "none of one number only", not flat, f"{', '.join(flat[:3])} hold nothing; {_FETCH}"
        ),
        Check(
            "logit scale",
            network.logit_scale,
            f"{_SCALES[0]:g} to {_SCALES[1]:g}",
            _SCALES[0] <= network.logit_scale <= _SCALES[1],
            "the weights are of another kind of model, or damaged",
        ),
        Check(
            "projections",
            worst,
            f"a root mean square of {_SIZES[0]:g} to {_SIZES[1]:g}",
            _SIZES[0] <= worst <= _SIZES[1],
            _FETCH,
        ),
    ]


def _facts(source: Source, network: Network, images: Vectors, words: Vectors) -> list[Check]:
    known, found = source.known, source.preprocessing
    dimension = known.dimension if known else int(source.config["embed_dim"])
    context = known.context if known else int(source.config["text_cfg"].get("context_length", 77))
    length = int(network.tokenize([_LONG_TEXT]).shape[1])
    other_revision = "its files are not those that pathlit knows; choose the revision that it knows, or another name"
    lengths = {images.shape[1], words.shape[1]}
    wrong = next((one for one in sorted(lengths) if one != dimension), dimension)
    checks = [
        Check("dimension", wrong, str(dimension), wrong == dimension, other_revision),
        Check("context length", length, str(context), length == context, other_revision),
    ]
    if known:
        fields = ("size", "mean", "std", "interpolation", "resize")
        different = [name for name in fields if not _equal(getattr(found, name), getattr(known.preprocessing, name))]
        told = "; ".join(
            f"{name} is {getattr(found, name)}, not {getattr(known.preprocessing, name)}" for name in different
        )
        checks.append(
            Check("preprocessing", len(different), "no difference", not different, f"{told}: {other_revision}")
        )
    return checks


def _differences(images: Vectors, words: Vectors) -> list[Check]:
    checks = []
    for what, vectors in (("images", images), ("texts", words)):
        apart = float(1 - vectors[0] @ vectors[1])
        seen = bool(apart > _ALIKE)
        checks.append(
            Check(f"{what} told apart", apart, f"more than {_ALIKE:g}", seen, f"all {what} look alike; {_FETCH}")
        )
    return checks


def _activation(source: Source, network: Network) -> list[Check]:
    wanted = wanted_activation(source)
    if wanted is None:
        return []
    modules, other = count_activations(network.model, wanted)
    if not modules:
        return []
    advice = (
        f"the model was trained with {wanted} and its files say otherwise; set quick_gelu to "
        f"{str(wanted == 'quick_gelu').lower()} in its config, or choose the architecture "
        f"{'with' if wanted == 'quick_gelu' else 'without'} -quickgelu"
    )
    return [Check("activation", other, f"{wanted} in all {modules} layers, 0 others,", other == 0, advice)]


def _probe(source: Source, probe: Probe, earlier: Probe | None) -> list[Check]:
    if earlier is None:
        return []
    apart = distance(probe, earlier)
    advice = (
        "these weights gave other vectors when they were first loaded, with another activation (-quickgelu or not), "
        f"preprocessing or tokenizer; load them as then or, if that was the mistake, delete {place_of(source.weights)}"
    )
    return [Check("probe", apart, f"at most {LARGEST_DISTANCE:g}", apart <= LARGEST_DISTANCE, advice)]


def _images(network: Network) -> Vectors:
    import torch
    from PIL import Image

    pixels = [network.prepare(Image.fromarray(probe_image(turned))) for turned in (False, True)]
    with torch.inference_mode():
        return _unit(network.model.encode_image(torch.stack(pixels)))  # type: ignore[operator]


def _texts(network: Network) -> Vectors:
    import torch

    with torch.inference_mode():
        return _unit(network.model.encode_text(network.tokenize([TEXT, _OTHER_TEXT])))  # type: ignore[operator]


def _unit(tensor: object) -> Vectors:
    return unit(np.asarray(tensor, dtype=np.float32))


def _projection_sizes(model: nn.Module) -> list[float]:
    matrices = [one for name, one in model.named_parameters() if _PROJECTION.match(name)]
    return [float(one.detach().square().mean().sqrt()) for one in matrices]


def _equal(one: object, other: object) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and bool(np.allclose(one, other, atol=1e-6))
    return one == other
