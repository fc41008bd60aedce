"""Calibration error, F1 and bootstrap on values that can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.image.calibration import calibration_error, macro_f1, reliability, resampled


def test_certainty_that_is_always_right_has_no_error_and_always_wrong_has_all() -> None:
    sure = np.ones(4)
    assert calibration_error(sure, np.ones(4)) == 0.0
    assert calibration_error(sure, np.zeros(4)) == 1.0
    assert calibration_error(np.zeros(0), np.zeros(0)) == 0.0


def test_the_error_weighs_bins_by_their_images() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.5])
    correct = np.array([1, 1, 0, 1])
    assert calibration_error(confidence, correct) == pytest.approx((abs(2.7 - 2) + abs(0.5 - 1)) / 4)


def test_bins_are_open_below_and_closed_above() -> None:
    bins = reliability(np.array([0.0, 0.5, 0.51, 1.0]), np.array([0, 1, 1, 1]), bins=2)
    assert [(own.low, own.high, own.n) for own in bins] == [(0.0, 0.5, 2), (0.5, 1.0, 2)]
    assert [own.accuracy for own in bins] == [0.5, 1.0]


def test_macro_f1_is_the_mean_over_the_classes_of_the_truth() -> None:
    truth, told = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])
    assert macro_f1(truth, told) == pytest.approx((1.0 + 2 / 3) / 2)


def test_a_bootstrap_holds_the_figure_and_repeats_itself() -> None:
    values = np.array([0.0, 1.0, 1.0, 1.0])
    first = resampled(lambda rows: float(values[rows].mean()), 4)
    assert first.low <= first.mean == 0.75 <= first.high
    assert first == resampled(lambda rows: float(values[rows].mean()), 4)
