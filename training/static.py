"""A static encoder: a vector for each token, and a text is the mean of its tokens' vectors, scaled to length 1.

Kept as an ordinary sentence-transformers folder. How much a token counts is the length of its vector.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Vectors
from retrieval.encoders.matryoshka import unit
from retrieval.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TokenIds = npt.NDArray[np.int64]
_AT_ONCE: Final = 4_096
"""Texts; sums over their tokens are gathered in memory."""


class Bags(NamedTuple):
    """Texts as their tokens, one text after the other, as torch's EmbeddingBag takes them."""

    tokens: TokenIds
    starts: TokenIds
    """One more than there are texts: text i is `tokens[starts[i]:starts[i + 1]]`."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def chosen(self, texts: npt.NDArray[np.int64]) -> Bags:
        pieces = [self.tokens[self.starts[i] : self.starts[i + 1]] for i in texts]
        return _bags(pieces)


class StaticStudent(NamedTuple):
    tokenizer: Tokenizer
    weights: Vectors
    """Of shape (vocabulary, dimension)."""

    def bags(self, texts: Sequence[str]) -> Bags:
        return bags_of(self.tokenizer, texts)

    def encode(self, bags: Bags) -> Vectors:
        """Rows of length 1; of a text without a token, zeros."""
        import torch

        rows = []
        for first in range(0, len(bags), _AT_ONCE):
            starts = bags.starts[first : first + _AT_ONCE + 1]
            tokens = torch.from_numpy(bags.tokens[starts[0] : starts[-1]])
            begins = torch.from_numpy(starts[:-1] - starts[0])
            bag = torch.nn.functional.embedding_bag(tokens, torch.from_numpy(self.weights), begins, mode="mean")
            rows.append(bag.numpy())
        return unit(np.concatenate(rows)) if rows else np.empty((0, self.weights.shape[1]), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """A sentence-transformers model of two modules: the vectors, and the scaling to length 1."""
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

        module = StaticEmbedding(self.tokenizer, embedding_weights=np.ascontiguousarray(self.weights, dtype=np.float32))
        model = SentenceTransformer(modules=[module, Normalize()], device="cpu", similarity_fn_name="cosine")
        model.save(str(folder), create_model_card=False)


def bags_of(tokenizer: Tokenizer, texts: Sequence[str]) -> Bags:
    """All tokens of every text, without marks such as [CLS]."""
    encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return _bags([np.asarray(one.ids, dtype=np.int64) for one in encoded])


def whole_texts(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that neither cuts nor pads, for a student that reads texts to their end."""
    from tokenizers import Tokenizer as Copied

    copy: Tokenizer = Copied.from_str(tokenizer.to_str())
    copy.no_padding()
    copy.no_truncation()
    return copy


def is_static(folder: Path) -> bool:
    """Whether a folder holds a static model, as its modules say."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        return str(modules[0]["type"]).endswith("StaticEmbedding")
    except (OSError, ValueError, LookupError, TypeError):
        return False


def open_student(folder: Path) -> StaticStudent:
    """An earlier student, to go on from. InputError for anything else."""
    if not is_static(folder):
        raise InputError(f"{folder} holds no static student; give a folder that `pathlit distill` made")
    from sentence_transformers import SentenceTransformer

    try:
        module = SentenceTransformer(str(folder), device="cpu", trust_remote_code=False, local_files_only=True)[0]
    except (OSError, ValueError, RuntimeError, KeyError) as exc:
        raise ConfigurationError(f"the student {folder} cannot be read: {exc}; distill it again") from exc
    weights = module.embedding.weight.detach().float().numpy()  # type: ignore[union-attr,operator]
    return StaticStudent(whole_texts(module.tokenizer), weights)  # type: ignore[arg-type]


def _bags(pieces: Sequence[TokenIds]) -> Bags:
    starts = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum([len(piece) for piece in pieces], out=starts[1:])
    return Bags(np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64), starts)
