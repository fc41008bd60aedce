"""Two systems question by question."""

from pathlib import Path

import pytest

from evaluation.comparison import Difference, compare_systems
from retrieval.errors import InputError
from tests.evaluation.boards import store


def test_the_greatest_difference_comes_first_with_what_only_one_found(tmp_path: Path) -> None:
    store(tmp_path, "t", "one", {"a": 0.5, "b": 1.0, "c": 0.0}, hits={"a": ["x", "y"], "c": ["x"]})
    store(tmp_path, "t", "two", {"a": 0.75, "b": 1.0, "c": 1.0}, hits={"a": ["y", "z"], "c": ["w", "x"]})
    comparison = compare_systems(tmp_path, "t", "one", "two")
    assert comparison.differences == [
        Difference("c", "question c", 0.0, 1.0, (), ("w",)),
        Difference("a", "question a", 0.5, 0.75, ("x",), ("z",)),
    ]
    assert comparison.equal == 1
    assert comparison.change.mean == pytest.approx(1.25 / 3)


def test_runs_and_measures_that_are_not_there_are_named(tmp_path: Path) -> None:
    store(tmp_path, "t", "one", {"a": 0.5})
    with pytest.raises(InputError, match="there is no run of 'two' on 't'; there are one"):
        compare_systems(tmp_path, "t", "one", "two")
    with pytest.raises(InputError, match="t was not measured by 'MAP'; choose among nDCG@10"):
        compare_systems(tmp_path, "t", "one", "one", measure="MAP")
