"""Learning to rerank: the features that help elsewhere are taken, the others are not."""

import numpy as np
import pytest

from retrieval.errors import InputError
from training.reranker import Course, Lesson, dcg, fit, learn, ndcg

NAMES = ("fused", "good", "deceiving", "noise")


def course(name: str, questions: int = 60, *, deceived: bool, seed: int) -> Course:
    """The right one of five candidates stands out in `good`; in `deceiving` only where the task is deceived."""
    random = np.random.default_rng(seed)
    lessons = []
    for number in range(questions):
        right = int(random.integers(5, size=2).min())
        features = random.uniform(0, 1, (5, 4)).astype(np.float32)
        features[:, 0] = np.linspace(0.6, 0.4, 5)
        features[right, 1] += 0.5
        features[right, 2] += 1.0 if deceived else -0.5
        grades = np.zeros(5, dtype=np.int64)
        grades[right] = 1
        lessons.append(Lesson(f"{name}{number}", features, grades, 1.0))
    return Course(name, lessons)


def test_a_feature_that_helps_on_every_task_is_taken_one_that_helps_on_one_alone_is_not() -> None:
    learned = learn([course("a", deceived=True, seed=1), course("b", deceived=False, seed=2)], NAMES)
    assert list(learned.weights) == ["fused", "good"]
    assert learned.weights["good"] > 0
    assert learned.weights["fused"] == pytest.approx(1.0)


def test_the_record_tells_each_step_and_each_question_before_and_after() -> None:
    heard: list[object] = []
    learned = learn([course("a", deceived=False, seed=1), course("b", deceived=False, seed=2)], NAMES, heard.append)
    assert heard == learned.steps
    assert learned.steps[0].features == ("fused",)
    assert learned.steps[-1].ndcg > learned.steps[0].ndcg
    assert set(learned.scores) == {"a", "b"}
    before, after = np.mean(list(learned.scores["a"].values()), axis=0)
    assert after > before


def test_one_task_alone_is_cut_into_parts() -> None:
    learned = learn([course("a", deceived=True, seed=1)], NAMES)
    assert "deceiving" in learned.weights
    assert len(learned.scores["a"]) == 60


def test_weights_do_not_depend_on_what_they_are_fitted_to_twice() -> None:
    lessons = course("a", deceived=False, seed=3).lessons
    once = fit(lessons, [0, 1], [1.0] * len(lessons))
    again = fit(lessons, [0, 1], [1.0] * len(lessons))
    assert np.array_equal(once, again)


def test_too_few_questions_are_refused_by_the_name_of_their_task() -> None:
    with pytest.raises(InputError, match="the task few has 3 questions"):
        learn([course("few", 3, deceived=False, seed=1)], NAMES)


def test_ndcg_is_that_of_trec_eval_over_all_judged_articles() -> None:
    lesson = Lesson("q", np.zeros((3, 1), np.float32), np.array([0, 2, 1]), dcg(np.array([2, 1, 1])))
    scores = np.array([0.1, 0.3, 0.2], dtype=np.float32)
    assert ndcg(lesson, scores) == pytest.approx((2 + 1 / np.log2(3)) / (2 + 1 / np.log2(3) + 1 / np.log2(4)))
    assert ndcg(Lesson("q", lesson.features, np.zeros(3, np.int64), 0.0), scores) == 0.0
