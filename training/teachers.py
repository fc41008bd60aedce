"""What a student is to learn: the vectors of one or several teachers, in one space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from retrieval.encoders.base import Encoder, Vectors
from retrieval.encoders.known import usage_of
from retrieval.encoders.matryoshka import unit
from retrieval.encoders.packaged import DEFAULT_MODEL, packaged_model
from retrieval.encoders.towers import QUERY, holds_towers
from retrieval.errors import ConfigurationError
from training.static import Bags, is_static, open_student, whole_texts

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Hear = Callable[[int], None]
_AT_ONCE: Final = 256
"""Texts per call of a teacher, between which progress is told."""
_SIF: Final = 1e-3
"""Tokens that are more frequent than this count for less than half."""


class Space(NamedTuple):
    """Where inner products are the averages of the teachers' cosines."""

    axes: Vectors | None
    """Of shape (numbers of all teachers together, numbers of the student); None where nothing is to be reduced."""

    def place(self, parts: Sequence[Vectors]) -> Vectors:
        """One array per teacher, of the same texts; rows of length 1."""
        joined = _joined(parts)
        return unit(joined if self.axes is None else joined @ self.axes)


def find_space(parts: Sequence[Vectors], dimension: int) -> Space:
    """The directions that hold most of the teachers' vectors, by PCA around zero, so that inner products stay.

    ConfigurationError where the teachers have fewer numbers than the student should have.
    """
    joined = _joined(parts)
    if dimension > joined.shape[1]:
        raise ConfigurationError(
            f"the student cannot have {dimension} numbers where its teachers have {joined.shape[1]} together; give a "
            "smaller --dimension, or another --teacher"
        )
    if dimension == joined.shape[1]:
        return Space(None)
    _, vectors = np.linalg.eigh(joined.T @ joined)
    return Space(np.ascontiguousarray(vectors[:, ::-1][:, :dimension], dtype=np.float32))


def encode_questions(
    teachers: Sequence[Encoder], texts: Sequence[str], hear: Hear = lambda done: None
) -> list[Vectors]:
    """One array per teacher, by its side for queries; `hear` counts texts times teachers."""
    parts = []
    for number, teacher in enumerate(teachers):
        rows = [np.empty((0, teacher.spec.dimension), dtype=np.float32)]
        for first in range(0, len(texts), _AT_ONCE):
            rows.append(teacher.encode_queries(texts[first : first + _AT_ONCE]))
            hear(number * len(texts) + min(len(texts), first + _AT_ONCE))
        parts.append(np.concatenate(rows))
    return parts


def token_texts(tokenizer: Tokenizer) -> list[str]:
    """What each token stands for, by its number; empty for marks and unused ones."""
    size = tokenizer.get_vocab_size()
    marks = {n for n, added in tokenizer.get_added_tokens_decoder().items() if added.special}
    texts = ["" if n in marks else tokenizer.decode([n]).removeprefix("##").strip() for n in range(size)]
    return ["" if text.startswith("[unused") and text.endswith("]") else text for text in texts]


def first_weights(tokens: Vectors, known: Sequence[bool], bags: Bags) -> Vectors:
    """Tokens as their teacher reads them alone, without what they have in common, rare ones longer than common ones.

    Arora, Liang, Ma: A Simple but Tough-to-Beat Baseline for Sentence Embeddings, ICLR 2017.
    """
    used = np.asarray(known)
    counts = np.bincount(bags.tokens, minlength=len(tokens)) + 1.0
    share = _SIF / (_SIF + counts / counts.sum())
    centred = tokens - tokens[used].mean(axis=0) if used.any() else tokens
    return np.asarray(centred * (share * used)[:, None], dtype=np.float32)


def read_tokenizer(name: str, revision: str | None = None) -> Tokenizer:
    """Of a teacher by its name; a pair of towers lends that of its queries. ConfigurationError where it is not fast."""
    from transformers import AutoTokenizer

    folder = packaged_model() if name == DEFAULT_MODEL else Path(name)
    if is_static(folder):
        return open_student(folder).tokenizer
    towers = usage_of(name).towers
    if holds_towers(folder) if folder.is_dir() else towers:
        folder, name, revision = folder / QUERY, towers.query if towers else name, None
    # Models that are kept as modules have their tokenizer with the first one, or at the top.
    source = next((str(f.parent) for f in sorted(folder.glob("**/tokenizer*.json"))), "") if folder.is_dir() else name
    try:
        found = AutoTokenizer.from_pretrained(source, revision=revision, trust_remote_code=False)
    except (OSError, ValueError) as exc:
        raise ConfigurationError(
            f"the tokenizer of the teacher {name!r} cannot be read: {str(exc).splitlines()[0]}"
        ) from exc
    if not getattr(found, "is_fast", False):
        raise ConfigurationError(
            f"the teacher {name!r} has no fast tokenizer for a student to take; name another first"
        )
    return whole_texts(found.backend_tokenizer)


def _joined(parts: Sequence[Vectors]) -> Vectors:
    joined = np.concatenate([unit(np.asarray(part, dtype=np.float32)) for part in parts], axis=1)
    return np.asarray(joined / np.sqrt(len(parts)), dtype=np.float32)
