"""Image encoders through open_clip: models that pathlit knows, and any other of its architectures.

Radford et al.: Learning Transferable Visual Models From Natural Language Supervision, ICML 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from retrieval.checksums import sha256_of
from retrieval.encoders.base import EncoderSpec, Vectors
from retrieval.encoders.device import best_device, fastest_type
from retrieval.encoders.half import rounded
from retrieval.encoders.identity import with_settings
from retrieval.encoders.image.audit import AuditReport, audit
from retrieval.encoders.image.known import DEFAULT
from retrieval.encoders.image.network import Network, load_network
from retrieval.encoders.image.source import Source, find_source, known_of
from retrieval.encoders.known import UNKNOWN
from retrieval.encoders.licences import require_consent
from retrieval.encoders.matryoshka import unit
from retrieval.errors import ConfigurationError, ImageError
from retrieval.image.picture import Pixels

if TYPE_CHECKING:
    import torch

_IMAGES_CPU: Final = 8
_IMAGES_GPU: Final = 128
_TEXTS_CPU: Final = 16
_TEXTS_GPU: Final = 256
_SHA_SHOWN: Final = 16


class _Loaded(NamedTuple):
    network: Network
    report: AuditReport
    device: str
    type: torch.dtype


PROMPT_TEMPLATES: Final = (
    "a histopathology image of {}",
    "an H&E stained section showing {}",
    "a photomicrograph of {}",
)
"""Captions of figures, which these models were trained on, speak like this."""


class ClipEncoder:
    """A model of two towers in one space, loaded and audited at its first use; safe to share between threads.

    `name` is PathCLIP, QuiltNet, BiomedCLIP, PLIP, CONCH or MUSK, or their name on the hub, either with :FILE for
    weights that lie here; open_clip:ARCHITECTURE:FILE or :TAG; hf-hub:OWNER/MODEL; or a folder. `revision` is a commit
    on the hub, `sha256` is checked before weights are read. Vectors are rounded to half precision, as they are kept.
    Runs in bfloat16 where the processor has instructions for it, on a GPU where there is one.
    """

    def __init__(
        self,
        name: str = DEFAULT.hub,
        *,
        revision: str | None = None,
        accepted_licences: frozenset[str] = frozenset(),
        sha256: str | None = None,
    ) -> None:
        self._name = name
        self._revision = revision
        self._accepted_licences = accepted_licences
        self._sha256 = sha256
        self._lock = RLock()
        self._kept: _Loaded | None = None

    @cached_property
    def spec(self) -> EncoderSpec:
        """Reads and fetches files; loads nothing. The revision is the start of the weights' SHA-256 and, where files
        beside them decide what is computed, a checksum of that."""
        source, known = self._source, self._source.known
        return EncoderSpec(
            name=source.name,
            revision=with_settings(self._found_sha256[:_SHA_SHOWN], source.decided_by_files),
            dimension=known.dimension if known else int(source.config["embed_dim"]),
            max_tokens=known.context if known else int(source.config["text_cfg"].get("context_length", 77)),
            licence=self._licence,
        )

    @property
    def text_id(self) -> str:
        return self.spec.id

    @property
    def logit_scale(self) -> float:
        return self._loaded.network.logit_scale

    @property
    def prompt_templates(self) -> tuple[str, ...]:
        return PROMPT_TEMPLATES

    @property
    def audit(self) -> AuditReport:
        """What was measured when the model was loaded; one that failed a check is not loaded."""
        return self._loaded.report

    def encode_images(self, images: Sequence[Pixels]) -> Vectors:
        """The shorter side is resized and the middle cut out; what lies beyond it is not seen."""
        import torch
        from PIL import Image

        loaded = self._loaded
        size = _IMAGES_GPU if loaded.device == "cuda" else _IMAGES_CPU
        vectors = np.empty((len(images), self.spec.dimension), dtype=np.float32)
        for start in range(0, len(images), size):
            some = [_checked(image) for image in images[start : start + size]]
            batch = torch.stack([loaded.network.prepare(Image.fromarray(image)) for image in some])
            vectors[start : start + size] = self._computed("encode_image", batch.to(loaded.device, loaded.type))
        return self._finished(vectors)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """What is longer than the context of the model is cut off."""
        loaded = self._loaded
        size = _TEXTS_GPU if loaded.device == "cuda" else _TEXTS_CPU
        vectors = np.empty((len(texts), self.spec.dimension), dtype=np.float32)
        for start in range(0, len(texts), size):
            tokens = loaded.network.tokenize(list(texts[start : start + size]))
            vectors[start : start + size] = self._computed("encode_text", tokens.to(loaded.device))
        return self._finished(vectors)

    def _computed(self, side: str, batch: torch.Tensor) -> Any:
        import torch

        with torch.inference_mode():
            return getattr(self._loaded.network.model, side)(batch).float().cpu().numpy()

    def _finished(self, vectors: Vectors) -> Vectors:
        return rounded(unit(vectors), self.spec.name)

    @property
    def _licence(self) -> str:
        known = known_of(self._name)
        licence = known.licence if known else UNKNOWN
        return require_consent("image encoder", self._name, licence, self._accepted_licences)

    @cached_property
    def _source(self) -> Source:
        # Consent comes before anything is fetched.
        _ = self._licence
        return find_source(self._name, self._revision)

    @cached_property
    def _found_sha256(self) -> str:
        """Of the weights; ConfigurationError where another was asked for, or is known."""
        source = self._source
        found = sha256_of(source.weights)
        wanted = self._sha256 or (source.pinned_sha256 if self._revision is None else None)
        if wanted and found != wanted.lower():
            raise ConfigurationError(
                f"the weights {source.weights.name} of {source.name} are not the ones that are wanted: their SHA-256 "
                f"is {found}, not {wanted.lower()}; fetch them again, or give the checksum of these if you trust them"
            )
        return found

    @property
    def _loaded(self) -> _Loaded:
        with self._lock:
            if self._kept is None:
                self._kept = self._load()
            return self._kept

    def _load(self) -> _Loaded:
        sha256, source = self._found_sha256, self._source
        network = load_network(source)
        report = audit(source, network, sha256)
        report.require()
        device, kind = best_device(), fastest_type()
        network.model.to(device, kind)
        return _Loaded(network, report, device, kind)


def _checked(image: Pixels) -> Pixels:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ImageError(
            "not_an_image",
            f"an image to encode has the shape {image.shape} and the type {image.dtype}; it must be (height, width, 3) "
            "and uint8, as retrieval.image.picture.read_picture gives it",
        )
    return image
