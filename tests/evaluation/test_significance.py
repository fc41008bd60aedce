"""Intervals, randomisation tests and their correction."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.significance import Interval, holm, interval, paired_p
from retrieval.errors import InputError


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert interval([0.5, 0.5, 0.5]) == Interval(0.5, 0.5, 0.5)


def test_an_interval_is_as_wide_as_the_normal_one_where_there_are_many_questions() -> None:
    found = interval([0.0, 1.0] * 200)
    assert found.mean == 0.5
    assert (found.low, found.high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.004)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_a_mean_lies_in_its_interval_and_the_interval_among_the_values(values: list[float]) -> None:
    found = interval(values)
    assert min(values) - 1e-9 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= max(values) + 1e-9


def test_an_average_over_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="an average over no question"):
        interval([])


def test_a_p_value_is_the_share_of_sign_changes_that_do_as_much() -> None:
    differences = [0.1, 0.2, 0.3, 0.4, -0.1, 0.2]
    signs = list(product((1, -1), repeat=6))
    exact = sum(abs(sum(s * d for s, d in zip(row, differences, strict=True))) >= 1.1 - 1e-9 for row in signs) / 64
    assert paired_p(differences, [0.0] * 6) == pytest.approx(exact, abs=0.01)


def test_equal_systems_differ_by_chance_and_consistent_ones_do_not() -> None:
    assert paired_p([0.1, 0.9], [0.1, 0.9]) == 1.0
    assert paired_p([0.6] * 30, [0.5] * 30) < 0.001


def test_values_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(InputError, match="2 values cannot be paired with 1"):
        paired_p([0.1, 0.2], [0.1])


def test_holm_multiplies_the_smallest_by_all_and_never_lets_the_order_turn() -> None:
    assert holm({"a": 0.04, "b": 0.01, "c": 0.03}) == pytest.approx({"a": 0.06, "b": 0.03, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}
