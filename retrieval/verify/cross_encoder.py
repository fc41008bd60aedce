"""Cross-encoders of natural language inference: evidence and claim are read together, which is slow and good.

Two kinds: three labels (entailment, neutral, contradiction), as models of MNLI have them, and two (supported or not),
as those of Tang, Laban, Durrett: MiniCheck: Efficient Fact-Checking of LLMs on Grounding Documents, EMNLP 2024.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.encoders.device import best_device, fastest_type
from retrieval.encoders.licences import require_consent
from retrieval.errors import ConfigurationError
from retrieval.records import Evidence
from retrieval.verify.base import Claim, Judgement, Verdict
from retrieval.verify.nli_labels import Labels, labels_of, licence_of_model
from retrieval.verify.spans import Span, spans_of_article, spans_of_text

_SUPPORTED_FROM: Final = 0.8
_CONTRADICTED_FROM: Final = 0.8
"""Such models are sure of themselves; nothing here calibrates them on a library's own papers."""
_BATCH: Final = 8
_MAX_TOKENS: Final = 512
_CLAIM_TOKENS: Final = 160
"""Of a longer claim the rest is not read."""
_MARKS: Final = 4
"""Tokens that a pair of texts needs beside its words."""
_LONGEST: Final = 1_000_000

FloatArray = npt.NDArray[np.float64]


class _Window(NamedTuple):
    """Neighbouring sentences that the model reads at once: spans[first:last]."""

    first: int
    last: int


class CrossEncoderVerifier:
    """A model by its name on the hub or its folder; `revision` pins a hub model. Loads safetensors only.

    A long text is read in windows of whole sentences. The window that decides is the one surest of support, or else of
    contradiction, and its sentences read one by one tell the span.
    """

    def __init__(
        self, name: str, *, revision: str | None = None, accepted_licences: frozenset[str] = frozenset()
    ) -> None:
        self._name = name
        self._revision = revision
        self._accepted_licences = accepted_licences
        self._turn = threading.Lock()

    @property
    def id(self) -> str:
        shown = Path(self._name).resolve().name if Path(self._name).is_dir() else self._name
        return f"{shown}@{self._revision}" if self._revision else shown

    def load(self) -> None:
        """ConfigurationError where the model cannot be had, or its labels say neither entailment nor support."""
        self._probabilities([("The tumour was benign.", "The tumour was benign.")])

    def judge(self, claims: Sequence[Claim]) -> list[Judgement]:
        return self._judge([(claim.text, spans_of_article(claim.article)) for claim in claims])

    def judge_texts(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        return self._judge([(claim, spans_of_text(text)) for claim, text in pairs])

    def _judge(self, asked: Sequence[tuple[str, Sequence[Span]]]) -> list[Judgement]:
        windows = [self._windows(claim, spans) for claim, spans in asked]
        read = self._each(
            [
                [(_joined(spans[window.first : window.last]), claim) for window in found]
                for (claim, spans), found in zip(asked, windows, strict=True)
            ]
        )
        best = [_decisive(rows) for rows in read]
        alone = self._each(
            [
                [(span.text, claim) for span in spans[found[at].first : found[at].last]] if found else []
                for (claim, spans), found, at in zip(asked, windows, best, strict=True)
            ]
        )
        return [
            _judgement(rows[at], spans[found[at].first : found[at].last], single) if found else _NO_TEXT
            for (_, spans), found, rows, at, single in zip(asked, windows, read, best, alone, strict=True)
        ]

    def _windows(self, claim: str, spans: Sequence[Span]) -> list[_Window]:
        limit = max(1, self._limit - _MARKS - min(self._count([claim])[0], _CLAIM_TOKENS)) if spans else 0
        windows: list[_Window] = []
        first, used = 0, 0
        for i, tokens in enumerate(self._count([span.text for span in spans]) if spans else []):
            if i > first and used + tokens > limit:
                windows.append(_Window(first, i))
                first, used = i, 0
            used += tokens
        return [*windows, _Window(first, len(spans))] if spans else []

    def _count(self, texts: Sequence[str]) -> list[int]:
        tokens = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        return [len(ids) for ids in tokens]

    def _each(self, lists: Sequence[Sequence[tuple[str, str]]]) -> list[FloatArray]:
        """One array of shape (pairs, 3) for each list, all read in the same batches, a repeated pair once."""
        pairs = list(dict.fromkeys(chain.from_iterable(lists)))
        found = dict(zip(pairs, self._probabilities(pairs), strict=True)) if pairs else {}
        return [np.stack([found[pair] for pair in one]) if one else np.zeros((0, 3)) for one in lists]

    def _probabilities(self, pairs: Sequence[tuple[str, str]]) -> FloatArray:
        """Shape (pairs, 3): support, contradict, neutral."""
        import torch

        order = sorted(range(len(pairs)), key=lambda i: sum(map(len, pairs[i])))
        found = np.zeros((len(pairs), 3))
        with self._turn, torch.inference_mode():
            for start in range(0, len(order), _BATCH):
                places = order[start : start + _BATCH]
                inputs = self._tokenizer(
                    [(pairs[i][0], self._cut(pairs[i][1])) for i in places],
                    truncation="only_first",
                    max_length=self._limit,
                    padding=True,
                    return_tensors="pt",
                ).to(self._model.device)
                logits = self._model(**inputs).logits.float().cpu().numpy()
                found[places] = self._labels.probabilities(logits)
        if not np.isfinite(found).all():
            raise ConfigurationError(f"the verifier {self._name!r} gave no numbers; choose another model")
        return found

    def _cut(self, claim: str) -> str:
        if len(claim) <= _CLAIM_TOKENS:  # a token has one character at least
            return claim
        ids = self._tokenizer(claim, add_special_tokens=False, verbose=False)["input_ids"]
        return claim if len(ids) <= _CLAIM_TOKENS else str(self._tokenizer.decode(ids[:_CLAIM_TOKENS]))

    @cached_property
    def _labels(self) -> Labels:
        return labels_of(self._name, self._model.config)

    @cached_property
    def _limit(self) -> int:
        longest = int(self._tokenizer.model_max_length)
        return min(_MAX_TOKENS, longest if longest < _LONGEST else _MAX_TOKENS)

    @cached_property
    def _tokenizer(self) -> Any:
        return self._loaded[0]

    @cached_property
    def _model(self) -> Any:
        return self._loaded[1]

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        require_consent("verifier", self._name, licence_of_model(self._name), self._accepted_licences)
        folder = Path(self._name) if Path(self._name).is_dir() else None
        # Imported here: torch takes seconds to load, and `pathlit --help` should not.
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        place: dict[str, Any] = {
            "revision": self._revision,
            "trust_remote_code": False,
            "local_files_only": folder is not None,
        }
        source = str(folder) if folder else self._name
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, **place)
            model = AutoModelForSequenceClassification.from_pretrained(
                source, dtype=fastest_type(), use_safetensors=True, **place
            )
        except (OSError, ValueError, RuntimeError, KeyError, ImportError) as exc:
            raise ConfigurationError(
                f"the verifier {self._name!r} cannot be loaded: {str(exc).splitlines()[0]} Give the name of an NLI "
                "model that this machine can fetch, a folder with its model.safetensors, a .toml file of `pathlit "
                'train verifier`, or "learned", which is packaged'
            ) from exc
        return tokenizer, model.to(best_device()).eval()


_NO_TEXT: Final = Judgement(Verdict.NOT_FOUND, 0.0, 0.0, 1.0)


def _joined(spans: Sequence[Span]) -> str:
    return " ".join(span.text for span in spans)


def _decisive(rows: FloatArray) -> int:
    """The window surest of support or of contradiction, whichever is surer."""
    return int(rows[:, :2].max(axis=1).argmax()) if len(rows) else 0


def _judgement(row: FloatArray, spans: Sequence[Span], alone: FloatArray) -> Judgement:
    support, contradict, neutral = (float(value) for value in row)
    side = int(contradict > support)
    at = int(alone[:, side].argmax())
    span = spans[at]
    evidence = Evidence(span.field, span.start, span.end, span.text, float(alone[at, side]))
    return Judgement(_verdict(support, contradict, neutral), support, contradict, neutral, evidence)


def _verdict(support: float, contradict: float, neutral: float) -> Verdict:
    if support >= _SUPPORTED_FROM:
        return Verdict.SUPPORTED
    if contradict >= _CONTRADICTED_FROM:
        return Verdict.CONTRADICTED
    return Verdict.PARTLY if support > max(contradict, neutral) else Verdict.NOT_FOUND
