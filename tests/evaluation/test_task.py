"""Tasks: what averages divide by, and what cannot be measured."""

import pytest

from evaluation.task import Task, require_usable
from retrieval.errors import InputError


def test_each_kind_divides_by_the_questions_that_it_judges() -> None:
    queries = {"a": "x", "b": "y", "c": "z"}
    assert Task("t", queries, {"a": {"pmid:1": 1}}).judged == ["a"]
    assert Task("t", queries, {"a": {"pmid:1": 1}}, "no-answer").judged == ["b", "c"]
    assert Task("t", queries, kind="aliases", groups={"a": "g", "b": "g", "c": "h"}).judged == ["b"]


def test_a_fingerprint_tells_other_questions_apart_and_their_order_not() -> None:
    one = Task("t", {"a": "x", "b": "y"}, {"a": {"pmid:1": 1}})
    assert one.fingerprint == Task("other", {"b": "y", "a": "x"}, {"a": {"pmid:1": 1}}).fingerprint
    assert one.fingerprint != Task("t", {"a": "x", "b": "y"}, {"a": {"pmid:2": 1}}).fingerprint


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Task("t", {"a": "x"}), "holds no question that is judged"),
        (Task("t", {"a b": "x"}, {"a b": {"pmid:1": 1}}), "the query id 'a b' is empty or holds a blank"),
        (Task("t", {"a": "x"}, {"b": {"pmid:1": 1}}), "judges the query 'b', which it does not hold"),
        (Task("../t", {"a": "x"}, {"a": {"pmid:1": 1}}), "'../t' is no name for a task"),
        (
            Task("t", {"a": "x", "b": "x", "c": "x"}, kind="aliases", groups={"a": "g", "b": "g"}),
            "the query 'c' is in no group",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(task: Task, message: str) -> None:
    with pytest.raises(InputError, match=message):
        require_usable(task)
