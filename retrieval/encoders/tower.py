"""One tower of an encoder that has two: a transformer whose first token's last state stands for the whole text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from retrieval.encoders.base import Vectors
from retrieval.encoders.batching import BatchFinder
from retrieval.encoders.device import best_device, fastest_type
from retrieval.encoders.side_by_side import encode_by_length, encode_side_by_side
from retrieval.errors import ConfigurationError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# As for other transformers: small batches keep the activations in the processor's cache.
_BATCH_CPU: Final = 8

Pair = tuple[str, str]


class _Loaded(NamedTuple):
    tokenizer: PreTrainedTokenizerBase
    model: PreTrainedModel


class Tower:
    """Loaded at its first use, from a folder or by its name on the hub; `revision` pins the latter.

    On a processor, the tower of articles encodes its batches side by side; that of queries, which come one by one,
    gives all threads to each.
    """

    def __init__(
        self, source: Path | str, *, max_tokens: int, revision: str | None = None, side_by_side: bool = False
    ) -> None:
        self._source = source
        self._max_tokens = max_tokens
        self._revision = revision
        self._side_by_side = side_by_side

    @property
    def dimension(self) -> int:
        return int(self._loaded.model.config.hidden_size)

    @property
    def commit(self) -> str:
        """On the hub; "unpinned" where that is not known."""
        return str(getattr(self._loaded.model.config, "_commit_hash", None) or self._revision or "unpinned")

    def encode(self, texts: Sequence[str] | Sequence[Pair]) -> Vectors:
        """Float32 of shape (n, dimension), in the order of `texts`; a pair is read as two segments of one input."""
        read: Sequence[str | Pair] = texts
        if self._loaded.model.device.type == "cuda":
            return self._finder.encode(read, self._one_by_one, sum(map(_length, read)))
        if self._side_by_side:
            return encode_side_by_side(read, self._encode, size=_BATCH_CPU, length=_length)
        return self._one_by_one(read, _BATCH_CPU)

    @cached_property
    def _finder(self) -> BatchFinder:
        return BatchFinder()

    def _one_by_one(self, texts: Sequence[str | Pair], size: int) -> Vectors:
        return encode_by_length(texts, self._encode, size=size, length=_length)

    def _encode(self, batch: Sequence[str | Pair]) -> Vectors:
        import torch

        tokenizer, model = self._loaded
        if not batch:
            return np.empty((0, self.dimension), dtype=np.float32)
        read = tokenizer(
            list(batch), padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            states = model(**read).last_hidden_state
        return np.asarray(states[:, 0].float().cpu().numpy())

    @cached_property
    def _loaded(self) -> _Loaded:
        # Imported here: these take seconds to load, and `pathlit --help` should not.
        import transformers
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        local = isinstance(self._source, Path)
        if local:
            _require_safetensors(Path(self._source))
        where: dict[str, Any] = {"revision": self._revision} if self._revision else {}
        where |= {"trust_remote_code": False, "local_files_only": local}
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(self._source), **where)
            model = AutoModel.from_pretrained(str(self._source), use_safetensors=True, dtype=fastest_type(), **where)
        except (OSError, ValueError, SafetensorError) as exc:
            raise ConfigurationError(
                f"the model {str(self._source)!r} cannot be loaded: {str(exc).splitlines()[0]} Give the name of a "
                "model that this machine can fetch, or a folder with its config.json, model.safetensors and "
                "tokenizer files"
            ) from exc
        return _Loaded(tokenizer, model.eval().to(best_device()))


def _length(text: str | Pair) -> int:
    return len(text) if isinstance(text, str) else sum(map(len, text))


def _require_safetensors(folder: Path) -> None:
    if any(folder.glob("*.safetensors")):
        return
    older = sorted(path.name for path in folder.glob("*.bin"))
    raise ConfigurationError(
        f"{folder} holds no weights in the safetensors format"
        + (f", only {', '.join(older)}, which is not read because it may run code" if older else "")
        + '; fetch the revision that has model.safetensors, or convert it: AutoModel.from_pretrained("OLD", '
        'weights_only=True).save_pretrained("NEW")'
    )
