"""What learning a verifier makes of features: signs kept, thresholds safe, claims never on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.errors import InputError
from retrieval.verify.features import FEATURES
from training.verifier import (
    CONTRADICT,
    FALSE_SUPPORT,
    NEUTRAL,
    SIGNS,
    SUPPORT,
    Examples,
    contradict_threshold,
    fit,
    held_out_claims,
    held_out_sources,
    learn,
    safe_from,
    supports,
)


def made(count: int = 400, sources: tuple[str, ...] = ("a", "b"), *, backwards: bool = False) -> Examples:
    """Support is near and agrees, contradiction is near and opposes, neutral is far: with noise."""
    random = np.random.default_rng(0)
    labels = random.integers(3, size=count)
    features = random.normal(scale=0.1, size=(count, len(SIGNS)))
    names = list(SIGNS)
    features[:, names.index("sentence")] += np.where(labels == NEUTRAL, 0.2, 0.6)
    opposed = (labels == SUPPORT) if backwards else (labels == CONTRADICT)
    features[:, names.index("directions_oppose")] += np.where(opposed, 0.8, 0.1)
    return Examples(
        features,
        labels,
        np.asarray([sources[n % len(sources)] for n in range(count)]),
        np.asarray([f"claim {n // 4}" for n in range(count)]),
        (None,) * count,
        np.ones(count, dtype=bool),
    )


def test_every_feature_that_is_learned_exists() -> None:
    assert set(SIGNS) <= set(FEATURES)


def test_what_tells_the_labels_apart_gets_weight() -> None:
    examples = made()
    right = fit(examples).probabilities(examples.features).argmax(axis=1) == examples.labels
    assert right.mean() > 0.9


def test_a_feature_never_speaks_against_its_nature() -> None:
    """Opposed directions that happen to go with support get no weight, instead of a senseless one."""
    fitted = fit(made(backwards=True))
    place = list(SIGNS).index("directions_oppose")
    assert fitted.weights[0, place] == pytest.approx(0, abs=1e-9)
    assert fitted.weights[1, place] == pytest.approx(0, abs=1e-9)


def test_false_support_stays_within_its_bound_on_claims_that_were_not_seen() -> None:
    examples = made()
    model = learn(examples, "encoder@1")
    support = supports(held_out_claims(examples), examples)
    assert (support[examples.labels != SUPPORT] >= model.supported_from).mean() <= FALSE_SUPPORT
    assert list(model.weights) == list(SIGNS)


def test_one_source_alone_is_more_careful_about_each_wrong_label() -> None:
    examples = made(sources=("a",))
    assert held_out_sources(examples) == []
    support = supports(held_out_claims(examples), examples)
    model = learn(examples, "encoder@1")
    for label in (CONTRADICT, NEUTRAL):
        assert (support[examples.labels == label] >= model.supported_from).mean() <= FALSE_SUPPORT


def test_each_source_is_judged_by_the_others() -> None:
    examples = made()
    (first, part), _ = held_out_sources(examples)
    assert set(part.sources) == {"a"}
    weights = fit(examples.of(examples.sources == "b"))
    assert np.allclose(first, weights.probabilities(part.features))


def test_the_threshold_lies_where_the_interval_does_and_not_the_share_itself() -> None:
    support = np.linspace(0, 1, 200)
    wrong = np.ones(200, dtype=bool)
    claims = np.asarray([f"{n // 4}" for n in range(200)])
    at = safe_from(support, wrong, claims)
    assert 0.90 < at < 0.99
    assert safe_from(support, wrong, claims, percentile=50) < at


def test_nothing_safe_means_hardly_anything_is_supported() -> None:
    assert safe_from(np.ones(50), np.ones(50, dtype=bool), np.asarray([str(n) for n in range(50)])) == 0.99


def test_contradicted_needs_enough_that_are() -> None:
    contradict = np.linspace(0, 1, 300)
    labels = np.where(contradict > 0.5, CONTRADICT, NEUTRAL)
    assert 0.3 <= contradict_threshold(contradict, labels) <= 0.5
    assert contradict_threshold(contradict, np.full(300, NEUTRAL)) == 0.99


def test_a_veto_is_no_support() -> None:
    from retrieval.verify.vetoes import Veto

    examples = made(4)._replace(vetoed=(None, Veto.NUMBER, None, Veto.NAME))
    assert supports(np.full((4, 3), 0.5), examples).tolist() == [0.5, 0, 0.5, 0]


def test_all_three_labels_are_needed() -> None:
    examples = made()
    with pytest.raises(InputError, match="hold none that contradict"):
        learn(examples.of(examples.labels != CONTRADICT), "encoder@1")
