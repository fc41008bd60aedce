"""Cross-encoders through sentence-transformers: question and article are read together, which is slow and good.

Nogueira, Cho: Passage Re-ranking with BERT, 2019. ncbi/MedCPT-Cross-Encoder is trained for PubMed: Jin et al.: MedCPT:
Contrastive Pre-trained Transformers with large-scale PubMed search logs, Bioinformatics 39(11), 2023.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from retrieval.encoders.licences import licence_of
from retrieval.encoders.text import fastest_type
from retrieval.errors import ConfigurationError, OutOfTimeError
from retrieval.rerank.base import Candidate, Judged, Question

MEDCPT: Final = "ncbi/MedCPT-Cross-Encoder"
_DEPTH: Final = 30
_BATCH: Final = 8
"""Pairs between two looks at the clock."""
_MAX_TOKENS: Final = 512
_WARM_UP: Final = ("pathology of the carcinoma", "A carcinoma. Its pathology is described.")


class CrossEncoderReranker:
    """A model with one score for a pair, by its name on the hub or its folder; `revision` pins a hub model.

    One query at a time runs through the model; another one waits, and its budget runs on meanwhile.
    """

    depth = _DEPTH
    learned_from: tuple[str, ...] = ()

    def __init__(
        self, name: str = MEDCPT, *, revision: str | None = None, accepted_licences: frozenset[str] = frozenset()
    ) -> None:
        self._name = name
        self._revision = revision
        self._accepted_licences = accepted_licences
        self._turn = threading.Lock()
        self._slowest_batch_s = 0.0

    @property
    def name(self) -> str:
        return Path(self._name).name if Path(self._name).is_dir() else self._name

    def load(self) -> None:
        """ConfigurationError where the model cannot be had, or gives anything but one finite score for a pair."""
        self._scores([_WARM_UP] * _BATCH)

    def rerank(self, question: Question, candidates: Sequence[Candidate], deadline: float) -> list[Judged]:
        pairs = [(question.text, _text(candidate)) for candidate in candidates]
        if not self._turn.acquire(timeout=min(max(0.0, deadline - perf_counter()), threading.TIMEOUT_MAX)):
            raise OutOfTimeError("other queries kept the reranker busy")
        scores: list[float] = []
        try:
            for start in range(0, len(pairs), _BATCH):
                began = perf_counter()
                if began + self._slowest_batch_s > deadline:
                    raise OutOfTimeError(f"only {start} of {len(pairs)} candidates could be read in time")
                scores += self._scores(pairs[start : start + _BATCH])
                # Remembered between queries, but not for ever: one slow moment must not switch reranking off.
                self._slowest_batch_s = max(perf_counter() - began, 0.8 * self._slowest_batch_s)
        finally:
            self._slowest_batch_s *= 0.8
            self._turn.release()
        return [Judged(score) for score in scores]

    def _scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        try:
            found = self._model.predict(list(pairs), batch_size=_BATCH, show_progress_bar=False, convert_to_tensor=True)
            scores = np.asarray(found.float().cpu().numpy(), dtype=np.float32)
        except (RuntimeError, ValueError, TypeError, IndexError) as exc:
            raise ConfigurationError(
                f"the cross-encoder {self._name!r} cannot score a pair: {str(exc).splitlines()[0]}; choose another"
            ) from exc
        if scores.shape != (len(pairs),) or not np.isfinite(scores).all():
            raise ConfigurationError(
                f"the cross-encoder {self._name!r} gave scores of shape {scores.shape} for {len(pairs)} pairs, or no "
                "numbers; choose one that gives one score for a pair"
            )
        return [float(score) for score in scores]

    @cached_property
    def _model(self) -> Any:
        licence_of(self._name, self._accepted_licences)
        folder = Path(self._name) if Path(self._name).is_dir() else None
        # Imported here: torch takes seconds to load, and `pathlit --help` should not.
        import torch
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(
                str(folder) if folder else self._name,
                revision=self._revision,
                max_length=_MAX_TOKENS,
                trust_remote_code=False,
                local_files_only=folder is not None,
                # Scores only order; without it some models squeeze them into 0 to 1, where ties begin.
                activation_fn=torch.nn.Identity(),
                model_kwargs={"dtype": fastest_type(), "use_safetensors": True},
            )
        except (OSError, ValueError, RuntimeError) as exc:
            raise ConfigurationError(
                f"the cross-encoder {self._name!r} cannot be loaded: {str(exc).splitlines()[0]} Give the name of one "
                'that this machine can fetch, a folder with its model.safetensors, or "learned", which is packaged'
            ) from exc


def _text(candidate: Candidate) -> str:
    article = candidate.indexed.article
    return f"{article.title} {article.abstract}".strip()
