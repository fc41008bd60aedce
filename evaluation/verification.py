"""How well a verifier tells support from contradiction and from silence; first of all, how often it errs to support.

Intervals are by bootstrap over claims, since the pairs of one claim are right or wrong together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from evaluation.significance import Interval
from retrieval.errors import InputError
from retrieval.records import Record
from retrieval.verify.base import Verifier
from retrieval.verify.pairs import LABELS, Label, Pair, label_of

_SAMPLES: Final = 2_000
_AT_ONCE: Final = 100
_FIGURES: Final = (
    "false_support",
    "recall",
    "precision",
    "f1",
    "macro_f1",
    "contradict_precision",
    "contradict_recall",
)

Whole = npt.NDArray[np.int64]


class Outcome(NamedTuple):
    claim: str
    label: Label
    called: Label
    """PARTLY counts as neutral: it does not claim that the text supports."""
    support: float
    """What ranks: a probability, or a similarity."""


class VerificationScores(Record, frozen=True):
    """Each with the 95 % interval in which it lies for other claims of the same kind."""

    pairs: int
    claims: int
    false_support: Interval
    """Share of the contradicting and neutral pairs that were called supported."""
    recall: Interval
    """Share of the supporting pairs that were called supported."""
    precision: Interval
    """Share of the pairs called supported that are; 0 where none was."""
    f1: Interval
    """Of support."""
    macro_f1: Interval
    contradict_precision: Interval
    contradict_recall: Interval
    auc: float
    """How often a supporting pair ranks above another one: support alone, without any threshold."""


def judged(verifier: Verifier, pairs: Sequence[Pair], hear: Callable[[int], None] = lambda done: None) -> list[Outcome]:
    """InputError where a pair has no label."""
    outcomes: list[Outcome] = []
    for start in range(0, len(pairs), _AT_ONCE):
        group = pairs[start : start + _AT_ONCE]
        for pair, found in zip(group, verifier.judge_texts([(p.claim, p.evidence) for p in group]), strict=True):
            if pair.label is None:
                raise InputError(f"the pair with the claim {pair.claim[:80]!r} has no label to compare with")
            outcomes.append(Outcome(pair.claim, pair.label, label_of(found.verdict), found.support))
        hear(start + len(group))
    return outcomes


def by_threshold(pairs: Sequence[Pair], similarities: Sequence[float], threshold: float) -> list[Outcome]:
    """The baseline: supported is what is similar enough; it never says contradicted."""
    return [
        Outcome(pair.claim, pair.label, "support" if similarity >= threshold else "neutral", similarity)
        for pair, similarity in zip(pairs, similarities, strict=True)
        if pair.label is not None
    ]


def measure(outcomes: Sequence[Outcome], *, seed: int = 0) -> VerificationScores:
    """InputError without supporting pairs or without others: there is nothing to tell apart."""
    labels = {outcome.label for outcome in outcomes}
    if "support" not in labels or labels == {"support"}:
        raise InputError("pairs that support and pairs that do not are needed to measure a verifier")
    names, of_claim = np.unique([outcome.claim for outcome in outcomes], return_inverse=True)
    cells = [3 * LABELS.index(outcome.label) + LABELS.index(outcome.called) for outcome in outcomes]
    # For each claim how many of its pairs have which label and were called what.
    counts = np.zeros((len(names), 9), dtype=np.int64)
    np.add.at(counts, (of_claim, np.asarray(cells)), 1)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=_SAMPLES)
    observed, sampled = _figures(counts.sum(axis=0)[None]), _figures(drawn @ counts)
    low, high = np.percentile(sampled, (2.5, 97.5), axis=1)
    figures = [Interval(float(observed[i, 0]), float(low[i]), float(high[i])) for i in range(len(observed))]
    truth = [outcome.label == "support" for outcome in outcomes]
    auc = float(roc_auc_score(truth, [outcome.support for outcome in outcomes]))
    by_name = dict(zip(_FIGURES, figures, strict=True))
    return VerificationScores(pairs=len(outcomes), claims=len(names), auc=auc, **by_name)


def _figures(cells: Whole) -> npt.NDArray[np.float64]:
    """From shape (samples, 9) to (figures, samples), in the order of _FIGURES."""
    table = cells.reshape(-1, 3, 3)  # label, called
    had, called = table.sum(axis=2), table.sum(axis=1)
    right = np.diagonal(table, axis1=1, axis2=2)
    recall, precision = _share(right, had), _share(right, called)
    f1 = _share(2 * right, had + called)
    wrong = _share(called[:, 0] - right[:, 0], had[:, 1] + had[:, 2])
    return np.stack([wrong, recall[:, 0], precision[:, 0], f1[:, 0], f1.mean(axis=1), precision[:, 1], recall[:, 1]])


def _share(part: Whole, whole: Whole) -> npt.NDArray[np.float64]:
    return part / np.maximum(whole, 1)
