"""Learns a verifier from labelled pairs of claim and evidence: weights, calibration and thresholds.

A multinomial regression with few features, each of which may only speak for what it is there to speak for: so weights
carry over to pairs of another kind, where free ones and trees were worse. Thresholds are found on claims that the
weights were not fitted to, and lie where the upper end of the interval of errors does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from retrieval.errors import InputError
from retrieval.sentences import split_sentences
from retrieval.verify.features import FEATURES, View
from retrieval.verify.learned import closest_view
from retrieval.verify.model import VerifierModel, Weighed
from retrieval.verify.pairs import LABELS, Pair
from retrieval.verify.reading import SentenceReader
from retrieval.verify.vetoes import Veto, veto

FALSE_SUPPORT: Final = 0.10
"""Share of contradicting and neutral pairs that may be called supported."""
CONTRADICT_PRECISION: Final = 0.55
"""Share of the pairs called contradicted that must be; features hardly reach more, where two pairs in ten are."""
_NARROWEST: Final = 1e-3
"""Spread of a feature that never changes; files hold four digits."""
_MARGIN: Final = 0.8
"""Of FALSE_SUPPORT, what is allowed where one source is all there is."""
_REGULAR: Final = 0.02
_FOLDS: Final = 5
_SAMPLES: Final = 1_000
_TWO: Final = 2
_FEWEST: Final = 40
"""Pairs called contradicted that are needed to tell how many are."""
SUPPORT, CONTRADICT, NEUTRAL = map(LABELS.index, LABELS)
_LOWEST, _HIGHEST, _STEPS = 0.30, 0.99, 139
_AT_ONCE: Final = 100
_LONG: Final = 3
"""Sentences of a text above which it is cut short for its second example."""
_ADDED: Final = 7
"""Sentences that a short text gets."""

FloatArray = npt.NDArray[np.float64]
Sign = Literal["+", "-", "0", "?"]

SIGNS: Final[Mapping[str, tuple[Sign, Sign]]] = {
    "sentence": ("+", "?"),
    "three_sentences": ("+", "?"),
    "weakest_words": ("+", "?"),
    "weakest_words_in_text": ("+", "?"),
    "contrast": ("+", "-"),
    "contrast_words": ("+", "-"),
    "names_missing": ("-", "-"),
    "numbers_differ": ("-", "+"),
    "numbers_missing": ("-", "-"),
    "directions_agree": ("+", "-"),
    "directions_oppose": ("-", "+"),
    "antonym": ("-", "+"),
    "negation_differs": ("-", "+"),
    "hedged": ("-", "0"),
    "sweeping": ("-", "0"),
    "aim": ("-", "0"),
    "sentences": ("-", "-"),
}
"""What each feature may add to support and to contradiction, both against neutral: more, less, nothing, anything."""


class Examples(NamedTuple):
    """Pairs as the verifier reads them, a row each."""

    features: FloatArray
    """Shape (pairs, SIGNS)."""
    labels: npt.NDArray[np.int64]
    """Places in LABELS."""
    sources: npt.NDArray[np.str_]
    claims: npt.NDArray[np.str_]
    vetoed: tuple[Veto | None, ...]
    given: npt.NDArray[np.bool_]
    """Whether the text is as it was given; else it was made shorter or longer, to learn what its length does."""

    def of(self, rows: npt.NDArray[np.bool_]) -> Examples:
        kept = tuple(found for found, there in zip(self.vetoed, rows, strict=True) if there)
        return Examples(
            self.features[rows], self.labels[rows], self.sources[rows], self.claims[rows], kept, self.given[rows]
        )


class Fitted(NamedTuple):
    middle: FloatArray
    spread: FloatArray
    start: FloatArray
    """Shape (2,): support, contradict."""
    weights: FloatArray
    """Shape (2, SIGNS)."""

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Shape (rows, 3), in the order of LABELS."""
        odds = ((features - self.middle) / self.spread) @ self.weights.T + self.start
        odds = np.column_stack([odds, np.zeros(len(odds))])
        shares = np.exp(odds - odds.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def make_examples(
    reader: SentenceReader, pairs: Sequence[Pair], hear: Callable[[int], None] = lambda done: None
) -> Examples:
    """Two examples of each pair: as given, and with its text in another length.

    A long text is cut to the sentence that is closest to the claim; a short one stands among sentences of other pairs
    of its source. A pair without evidence or without a label raises InputError.
    """
    texts = [[pair.evidence[a:b] for a, b in split_sentences(pair.evidence)] for pair in pairs]
    for pair, text in zip(pairs, texts, strict=True):
        if not text or pair.label is None:
            raise InputError(f"the pair with the claim {pair.claim[:80]!r} has no evidence or no label")
    others = _Others(pairs, texts)
    rows, vetoed = [], []
    for start in range(0, len(pairs), _AT_ONCE):
        group = range(start, min(start + _AT_ONCE, len(pairs)))
        for i, claim in zip(group, reader.claims([pairs[i].claim for i in group]), strict=True):
            view = closest_view(claim, reader.sentences(texts[i]))
            if len(texts[i]) > _LONG:
                other = View(claim, [view.sentence], 0)
            else:
                other = closest_view(claim, reader.sentences([*texts[i], *others.beside(i)]))
            rows += [[FEATURES[name](one) for name in SIGNS] for one in (view, other)]
            vetoed += [veto(view), veto(other)]
        hear(group.stop)
    return Examples(
        np.asarray(rows, dtype=np.float64),
        np.repeat([LABELS.index(pair.label) for pair in pairs if pair.label], 2),
        np.repeat([pair.source for pair in pairs], 2),
        np.repeat([pair.claim for pair in pairs], 2),
        tuple(vetoed),
        np.tile([True, False], len(pairs)),
    )


class _Others:
    """Sentences of pairs of the same source with other claims, chosen by a fixed seed."""

    def __init__(self, pairs: Sequence[Pair], texts: Sequence[Sequence[str]]) -> None:
        self._pairs = pairs
        self._texts = texts
        self._of_source: dict[str, list[int]] = {}
        for i, pair in enumerate(pairs):
            self._of_source.setdefault(pair.source, []).append(i)

    def beside(self, place: int) -> list[str]:
        here = self._pairs[place]
        able = self._of_source[here.source]
        drawn = np.random.default_rng(place).permutation(len(able))[: 4 * _ADDED]
        found = [
            self._texts[i][0]
            for i in (able[int(at)] for at in drawn)
            if self._pairs[i].claim != here.claim and self._pairs[i].evidence != here.evidence
        ]
        return list(dict.fromkeys(found))[:_ADDED]


def learn(examples: Examples, encoder: str) -> VerifierModel:
    """Weights of all pairs; thresholds of pairs that weights of the same recipe were not fitted to, the worst source's.

    Of each source the interval's upper end by weights of other claims stays within FALSE_SUPPORT, and the share itself
    by weights of the other sources alone, which is how unseen pairs will be.
    """
    present = set(examples.labels.tolist())
    if present != set(range(len(LABELS))):
        missing = ", ".join(label for i, label in enumerate(LABELS) if i not in present)
        raise InputError(f"the pairs hold none that {missing}; a verifier is learned from all three kinds")
    fitted = fit(examples)
    inside = held_out_claims(examples)
    asked = examples.of(examples.given)
    support = supports(inside, asked)
    wrong = asked.labels != SUPPORT
    supported = max(
        safe_from(support[rows], wrong[rows], asked.claims[rows])
        for rows in (asked.sources == source for source in np.unique(asked.sources))
    )
    others = held_out_sources(examples)
    for probabilities, part in others:
        at = safe_from(supports(probabilities, part), part.labels != SUPPORT, part.claims)
        supported = max(supported, at)
    if not others:
        # Nothing tells how other pairs differ; at least they will have another mixture of the two wrong labels.
        for label in (CONTRADICT, NEUTRAL):
            limit = _MARGIN * FALSE_SUPPORT
            supported = max(supported, safe_from(support, asked.labels == label, asked.claims, limit=limit))
    contradicted = contradict_threshold(inside[:, CONTRADICT], asked.labels)
    weights = {
        name: Weighed(
            float(fitted.middle[i]), float(fitted.spread[i]), float(fitted.weights[0, i]), float(fitted.weights[1, i])
        )
        for i, name in enumerate(SIGNS)
    }
    return VerifierModel(encoder, float(fitted.start[0]), float(fitted.start[1]), supported, contradicted, weights)


def fit(examples: Examples) -> Fitted:
    """Each source counts the same, and within it each label: probabilities are those where all three are as likely."""
    features, labels = examples.features, examples.labels
    middle, spread = features.mean(axis=0), np.maximum(features.std(axis=0), _NARROWEST)
    steps, count = (features - middle) / spread, len(labels)
    importance = np.zeros(count)
    for source in np.unique(examples.sources):
        for label in range(len(LABELS)):
            rows = (examples.sources == source) & (labels == label)
            importance[rows] = 1 / max(1, rows.sum())
    importance /= importance.sum()

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        weights = parameters[2:].reshape(2, -1)
        odds = np.column_stack([steps @ weights.T + parameters[:2], np.zeros(count)])
        log_shares = odds - np.logaddexp.reduce(odds, axis=1, keepdims=True)
        slope = np.exp(log_shares)
        slope[np.arange(count), labels] -= 1
        slope = slope[:, :2] * importance[:, None]
        value = -(importance * log_shares[np.arange(count), labels]).sum() + _REGULAR * (weights**2).sum()
        return float(value), np.concatenate([slope.sum(axis=0), (slope.T @ steps + 2 * _REGULAR * weights).ravel()])

    bounds = {"+": (0, None), "-": (None, 0), "0": (0, 0), "?": (None, None)}
    limits = [(None, None)] * 2 + [bounds[sign[side]] for side in (0, 1) for sign in SIGNS.values()]
    found = minimize(loss, np.zeros(2 + 2 * len(SIGNS)), jac=True, bounds=limits, method="L-BFGS-B")
    return Fitted(middle, spread, found.x[:2], found.x[2:].reshape(2, -1))


def supports(probabilities: FloatArray, part: Examples) -> FloatArray:
    """The probability of support, 0 under a veto."""
    return np.where([found is None for found in part.vetoed], probabilities[:, SUPPORT], 0.0)


def safe_from(
    support: FloatArray,
    wrong: npt.NDArray[np.bool_],
    claims: npt.NDArray[np.str_],
    *,
    limit: float = FALSE_SUPPORT,
    percentile: float = 97.5,
) -> float:
    """The lowest threshold with so small a share of false support that this percentile of it is within the limit.

    By bootstrap over claims: pairs of one claim are right or wrong together.
    """
    grid = np.linspace(_LOWEST, _HIGHEST, _STEPS)
    _, of_claim = np.unique(claims, return_inverse=True)
    count = int(of_claim.max()) + 1
    pairs = np.bincount(of_claim[wrong], minlength=count).astype(np.float64)
    called = np.stack([np.bincount(of_claim[wrong & (support >= at)], minlength=count) for at in grid], axis=1)
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=_SAMPLES)
    rates = (drawn @ called) / np.maximum(drawn @ pairs, 1)[:, None]
    allowed = np.percentile(rates, percentile, axis=0) <= limit
    return float(grid[int(allowed.argmax())]) if allowed.any() else _HIGHEST


def contradict_threshold(contradict: FloatArray, labels: npt.NDArray[np.int64]) -> float:
    """The lowest from which CONTRADICT_PRECISION of the pairs called contradicted are, as far as enough are called."""
    for at in np.linspace(_LOWEST, _HIGHEST, _STEPS):
        called = labels[contradict >= at]
        if len(called) < _FEWEST:
            break
        if (called == CONTRADICT).mean() >= CONTRADICT_PRECISION:
            return float(at)
    return _HIGHEST


def held_out_sources(examples: Examples) -> list[tuple[FloatArray, Examples]]:
    """Probabilities of each source's pairs by weights of the other sources; none where there is one source."""
    sources = np.unique(examples.sources)
    if len(sources) < _TWO:
        return []
    parts = [
        (examples.of(examples.sources != s), examples.of((examples.sources == s) & examples.given)) for s in sources
    ]
    return [(fit(others).probabilities(part.features), part) for others, part in parts]


def held_out_claims(examples: Examples) -> FloatArray:
    """Probabilities of the pairs as given, by weights of other claims: no claim is on both sides."""
    _, of_claim = np.unique(examples.claims, return_inverse=True)
    fold = np.random.default_rng(0).permutation(int(of_claim.max()) + 1)[of_claim] % _FOLDS
    found = np.zeros((len(fold), len(LABELS)))
    for number in range(_FOLDS):
        rows = fold == number
        if rows.any() and not rows.all():
            found[rows] = fit(examples.of(~rows)).probabilities(examples.features[rows])
    return found[examples.given]
