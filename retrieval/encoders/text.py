"""Text encoders through sentence-transformers: the offline default, and any model by name or folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import EncoderSpec, Passage, Vectors
from retrieval.encoders.batching import BatchFinder
from retrieval.encoders.device import best_device
from retrieval.encoders.device import fastest_type as fastest_type
from retrieval.encoders.half import rounded
from retrieval.encoders.identity import digest_of_folder, with_settings
from retrieval.encoders.known import Usage, usage_of
from retrieval.encoders.licences import licence_of
from retrieval.encoders.matryoshka import require_trained, trained_dimensions, unit
from retrieval.encoders.packaged import DEFAULT_MODEL as DEFAULT_MODEL
from retrieval.encoders.packaged import DEFAULT_SHA256, packaged_model
from retrieval.encoders.side_by_side import encode_side_by_side
from retrieval.encoders.tokens import ReadText
from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Small batches keep the activations in the processor's cache: 110 abstracts/s with 8, 81 with 32 (2 cores, bfloat16).
_BATCH_CPU: Final = 8
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
    `dimension` cuts vectors short, where the model was trained for that; `usage` replaces what pathlit knows of it.
    What is too long for the model is cut off: other ways gained nothing that is certain (benchmarks/long_abstracts.py).
    Runs in bfloat16 where the processor has instructions for it, on a GPU where there is one.
    """

    def __init__(
        self,
        name: str = DEFAULT_MODEL,
        *,
        revision: str | None = None,
        accepted_licences: frozenset[str] = frozenset(),
        dimension: int | None = None,
        usage: Usage | None = None,
    ) -> None:
        self._name = name
        self._revision = revision
        self._accepted_licences = accepted_licences
        self._dimension = dimension
        self._usage = usage or usage_of(name)

    @cached_property
    def spec(self) -> EncoderSpec:
        if self._dimension is not None:
            trained = self._usage.dimensions or (trained_dimensions(self._folder) if self._folder else ())
            require_trained(self._name, self._dimension, self._full_dimension, trained)
        cut = self._dimension not in (None, self._full_dimension)
        return EncoderSpec(
            name=self._shown_name,
            revision=f"{self._found_revision}/{self._dimension}" if cut else self._found_revision,
            dimension=self._dimension or self._full_dimension,
            max_tokens=self._usage.document_tokens or self._own["document_tokens"],
            licence=licence_of(self._name, self._accepted_licences),
        )

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._finished(self._encoded(texts, "query"))

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        texts, size = _texts(passages), self._batch
        if size is None:
            return self._finished(self._encoded(texts, "document"))

        def encode(batch: list[str]) -> Any:
            return self._encoded(batch, "document")

        return self._finished(encode_side_by_side(texts, encode, size=size, length=len))

    def count_tokens(self, passages: Sequence[Passage]) -> list[int]:
        """Of each article as the model gets it, its marks included, however much of that it reads."""
        texts = [self._prompt("document") + text for text in _texts(passages)]
        return [len(ids) for ids in self._model.tokenizer(texts, truncation=False, verbose=False)["input_ids"]]

    def read_queries(self, texts: Sequence[str]) -> list[ReadText]:
        return self._read(texts, "query")

    def read_sentences(self, texts: Sequence[str]) -> list[ReadText]:
        return self._read(texts, "document")

    def _encoded(self, texts: Sequence[str], side: Literal["query", "document"], **options: Any) -> Any:
        model = self._model
        encode: Any = model.encode_query if side == "query" else model.encode_document
        arguments = self._arguments(side) | options
        if self._batch is not None:
            return encode(list(texts), batch_size=self._batch, **arguments)

        def sized(texts: Sequence[str], size: int) -> Any:
            return encode(list(texts), batch_size=size, **arguments)

        return self._finder.encode(texts, sized, sum(map(len, texts)))

    def _read(self, texts: Sequence[str], side: Literal["query", "document"]) -> list[ReadText]:
        model = self._model
        read = self._encoded(texts, side, output_value=None)
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
            return packaged_model()
        return Path(self._name) if Path(self._name).is_dir() else None

    @cached_property
    def _model(self) -> SentenceTransformer:
        licence_of(self._name, self._accepted_licences)
        folder = self._folder
        # Imported here: torch takes seconds to load, and `pathlit --help` should not.
        import transformers
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(
                str(folder) if folder else self._name,
                revision=self._revision,
                device=best_device(),
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

        _require_pooling(self._name, model, self._usage.pooling)
        return model

    @cached_property
    def _full_dimension(self) -> int:
        dimension = self._model.get_embedding_dimension()
        if not dimension:
            raise ConfigurationError(f"the model {self._name} does not say how long its vectors are; choose another")
        return dimension

    @cached_property
    def _own(self) -> dict[str, Any]:
        """What the model's files say of what a `Usage` may say otherwise."""
        from sentence_transformers.sentence_transformer.modules import Normalize

        model = self._model
        longest = model.max_seq_length or 0
        tokens = int(longest) if longest < _LONGEST else 0
        return {
            "query_prompt": model.prompts.get("query", ""),
            # The first that is not empty: versions of sentence-transformers add empty ones of their own.
            "document_prompt": next(filter(None, map(model.prompts.get, _DOCUMENT_PROMPTS)), ""),
            "query_tokens": tokens,
            "document_tokens": tokens,
            "normalised": any(isinstance(module, Normalize) for module in model),
        }

    @cached_property
    def _changed(self) -> dict[str, Any]:
        """What is done otherwise than the model's files say."""
        wanted = {name: getattr(self._usage, name) for name in self._own}
        if wanted["normalised"] is None:
            wanted["normalised"] = self._model.similarity_fn_name == "cosine"
        # What a module of the model's own normalises stays so.
        wanted["normalised"] |= self._own["normalised"]
        return {name: value for name, value in wanted.items() if value is not None and value != self._own[name]}

    def _prompt(self, side: Literal["query", "document"]) -> str:
        return str(self._changed.get(f"{side}_prompt", self._own[f"{side}_prompt"]))

    def _arguments(self, side: Literal["query", "document"]) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "show_progress_bar": False,
            "prompt": self._prompt(side),
        }
        if tokens := self._changed.get(f"{side}_tokens"):
            arguments["processing_kwargs"] = {"text": {"max_length": tokens}}
        return arguments

    @cached_property
    def _finder(self) -> BatchFinder:
        return BatchFinder()

    @cached_property
    def _batch(self) -> int | None:
        """None where it is found: on a GPU."""
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding

        if isinstance(self._model[0], StaticEmbedding):
            return _BATCH_STATIC
        return None if self._model.device.type == "cuda" else _BATCH_CPU

    def _finished(self, output: object) -> Vectors:
        vectors = np.asarray(output, dtype=np.float32).reshape(-1, self._full_dimension)[:, : self.spec.dimension]
        cut = self.spec.dimension < self._full_dimension
        if self._changed.get("normalised") or (cut and self._own["normalised"]):
            vectors = unit(vectors)
        return rounded(vectors, self._shown_name)

    @cached_property
    def _found_revision(self) -> str:
        if self._name == DEFAULT_MODEL:
            return with_settings(DEFAULT_SHA256[:16], self._changed)
        if self._folder:
            return digest_of_folder(self._folder, self._changed)
        config = getattr(getattr(self._model[0], "auto_model", None), "config", None)
        return with_settings(str(getattr(config, "_commit_hash", None) or self._revision or "unpinned"), self._changed)


def _texts(passages: Sequence[Passage]) -> list[str]:
    return [f"{p.title} {p.abstract}".strip() for p in passages]


def _require_pooling(name: str, model: SentenceTransformer, pooling: str | None) -> None:
    from sentence_transformers.sentence_transformer.modules import Pooling

    for module in model:
        if isinstance(module, Pooling) and pooling not in (None, module.pooling_mode):
            raise ConfigurationError(
                f"the files of the encoder {name} say that it pools by {module.pooling_mode!r}, but it was trained "
                f"with {pooling!r}; fetch the whole model, with modules.json and the folder 1_Pooling"
            )


def _read_text(features: Mapping[str, Any], marks: npt.NDArray[np.int64]) -> ReadText:
    """From what sentence-transformers knows of one text: its vectors, its tokens, and which of them are padding."""
    words = ~np.isin(features["input_ids"].cpu().numpy(), marks)
    tokens = features["token_embeddings"].float().cpu().numpy()[words]
    return ReadText(_unit(features["sentence_embedding"].float().cpu().numpy()), _unit(tokens))


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, _SHORTEST), dtype=np.float16)
