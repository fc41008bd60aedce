"""Fitting an adapter: separable captions are told apart, shares are probabilities, and odd input does not crash."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from retrieval.encoders.base import Vectors
from retrieval.encoders.matryoshka import unit
from retrieval.errors import InputError
from training.image_adapter import Adapted, fit_adapter

Features = npt.NDArray[np.float32]
WIDTH = 40


def encode(texts: Sequence[str]) -> Vectors:
    """A direction of its own for every text, the same each time."""
    return np.stack([np.random.default_rng([*text.encode()]).normal(size=16) for text in texts]).astype(np.float32)


def clouds(apart: float, sizes: Sequence[int], *, seed: int = 0) -> tuple[Features, list[str]]:
    """Images around one centre per caption, `apart` standard deviations from each other in one feature each."""
    rng = np.random.default_rng(seed)
    captions = [f"caption {n}" for n, size in enumerate(sizes) for _ in range(size)]
    features = rng.normal(size=(len(captions), WIDTH))
    for row, caption in enumerate(captions):
        features[row, int(caption.split()[1])] += apart
    return features.astype(np.float32), captions


def told(learned: Adapted, features: Features) -> list[str]:
    vectors = unit(learned.weights.shares(features, learned.temperature) @ learned.weights.captions)
    return [learned.captions[n] for n in (vectors @ learned.weights.captions.T).argmax(axis=1)]


def log_loss(learned: Adapted, features: Features, captions: Sequence[str], temperature: float) -> float:
    shares = learned.weights.shares(features, temperature)
    own = [shares[row, learned.captions.index(caption)] for row, caption in enumerate(captions)]
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def test_captions_that_lie_apart_are_told_apart_also_in_new_images() -> None:
    learned = fit_adapter(*clouds(9.0, (20, 20, 20)), encode)
    assert learned.measured["accuracy"] >= 0.98
    assert learned.measured["chance"] == pytest.approx(1 / 3, abs=1e-4)
    features, captions = clouds(9.0, (30, 30, 30), seed=1)
    assert np.mean([one == other for one, other in zip(told(learned, features), captions, strict=True)]) >= 0.98


def test_what_does_not_differ_is_measured_as_chance() -> None:
    measured = fit_adapter(*clouds(0.0, (60, 60)), encode).measured
    assert measured["accuracy"] == pytest.approx(measured["chance"], abs=0.15)


def test_chance_is_naming_the_commonest_caption() -> None:
    assert fit_adapter(*clouds(3.0, (30, 10)), encode).measured["chance"] == 0.75


def test_shares_are_as_sure_as_they_are_right() -> None:
    """Overlapping captions: of new images the mean share of the best caption is about how often it is right."""
    learned = fit_adapter(*clouds(2.0, (100, 100, 100)), encode)
    features, captions = clouds(2.0, (300, 300, 300), seed=1)
    shares = learned.weights.shares(features, learned.temperature)
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-5)
    own = np.array([learned.captions.index(caption) for caption in captions])
    assert shares.max(axis=1).mean() == pytest.approx((shares.argmax(axis=1) == own).mean(), abs=0.07)


def test_the_temperature_is_about_the_best_for_new_images() -> None:
    learned = fit_adapter(*clouds(2.0, (100, 100, 100)), encode)
    features, captions = clouds(2.0, (300, 300, 300), seed=1)
    chosen = log_loss(learned, features, captions, learned.temperature)
    for other in (learned.temperature / 4, learned.temperature * 4):
        assert chosen < log_loss(learned, features, captions, other)


def test_images_like_those_of_the_training_are_familiar_and_others_are_not() -> None:
    learned = fit_adapter(*clouds(9.0, (60, 60)), encode)
    known = learned.weights.distances(clouds(9.0, (60, 60), seed=1)[0])
    foreign = learned.weights.distances(np.full((1, WIDTH), 20, dtype=np.float32))
    assert (known <= learned.familiar).mean() > 0.9
    assert foreign[0] > 1.5 * learned.familiar


def test_captions_of_one_image_each_are_learned_but_not_measured() -> None:
    learned = fit_adapter(*clouds(9.0, (1,) * 12), encode)
    assert learned.measured == {"images": 12, "captions": 12}
    assert all(np.isfinite(part).all() for part in learned.weights)
    features, captions = clouds(9.0, (1,) * 12)
    assert [learned.captions[n] for n in learned.weights.shares(features, 1.0).argmax(axis=1)] == captions


def test_captions_of_one_image_among_others_leave_those_measured() -> None:
    measured = fit_adapter(*clouds(9.0, (20, 20, 1, 1)), encode).measured
    assert measured["images with a caption seen in training"] == 40
    assert measured["captions"] == 4
    assert measured["accuracy"] >= 0.95


@pytest.mark.parametrize("sizes", [(4, 5), (30,)])
def test_too_few_images_or_captions_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="too few to learn from; give at least 10 with two captions"):
        fit_adapter(*clouds(9.0, sizes), encode)


def test_features_that_are_all_the_same_teach_nothing_and_break_nothing() -> None:
    captions = ["lung", "colon"] * 10
    learned = fit_adapter(np.ones((20, 5), dtype=np.float32), captions, encode)
    assert learned.measured["accuracy"] == pytest.approx(0.5, abs=0.01)
    assert learned.familiar > 0
    assert learned.weights.shares(np.ones((1, 5), dtype=np.float32), learned.temperature)[0] == pytest.approx(0.5)


def test_features_of_one_value_among_others_change_nothing() -> None:
    features, captions = clouds(9.0, (20, 20))
    features[:, 5] = 7
    assert fit_adapter(features, captions, encode).measured["accuracy"] >= 0.98


def test_the_same_images_give_the_same_adapter() -> None:
    one, two = (fit_adapter(*clouds(3.0, (20, 20)), encode) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.weights, two.weights, strict=True))
    assert one[1:] == two[1:]
