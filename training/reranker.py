"""Learning to rerank: which features, and how much each weighs, from questions whose answers are known.

The loss is that of ListNet's top one: the softmax over a question's candidates should fall on the judged ones. Cao et
al.: Learning to Rank: From Pairwise Approach to Listwise Approach, ICML 2007. Features are taken one by one as long as
each raises nDCG@10, by more than chance, on the task that was left out of the fitting: what helps only where it was
learned hurts elsewhere. Questions that quote their article, for one, reward every count of shared words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.errors import InputError

FloatArray = npt.NDArray[np.float32]

FIRST: Final = "fused"
_CERTAIN: Final = 1.96
"""Standard errors that the gain of a further feature must exceed."""
_REGULAR: Final = 1e-3
_FOLDS: Final = 5
_DISCOUNTED: Final = 10
_FEWEST: Final = 20
"""Questions of a task that can teach something."""


class Lesson(NamedTuple):
    """One question with its candidates, in fused order."""

    key: str
    features: FloatArray
    """Shape (candidates, features)."""
    grades: npt.NDArray[np.int64]
    """Shape (candidates,); 0 where nobody judged."""
    ideal: float
    """DCG@10 of the best order of all judged articles, found or not."""


class Course(NamedTuple):
    """All questions of one task."""

    task: str
    lessons: Sequence[Lesson]


class Step(NamedTuple):
    features: tuple[str, ...]
    ndcg: float
    """Of questions that the weights were not fitted to, averaged over tasks."""


class Learned(NamedTuple):
    weights: dict[str, float]
    steps: list[Step]
    scores: dict[str, dict[str, tuple[float, float]]]
    """Task -> question -> nDCG@10 in fused order, and reranked by weights fitted to the other tasks."""


def learn(courses: Sequence[Course], names: Sequence[str], hear: Callable[[Step], None] = lambda step: None) -> Learned:
    """Choose features and fit their weights. InputError where there is too little to learn from.

    With several tasks each is left out in turn; one alone is cut into five parts by its questions.
    """
    for course in courses:
        able = sum(_teaches(lesson) for lesson in course.lessons)
        if able < _FEWEST:
            raise InputError(
                f"the task {course.task} has {able} questions with both a judged and another article among their "
                f"candidates; {_FEWEST} are the least to learn from"
            )
    chosen, steps = [FIRST], []
    best = _left_out(courses, names, chosen)
    steps.append(Step(tuple(chosen), _mean(best)))
    hear(steps[-1])
    while rest := [name for name in names if name not in chosen]:
        tried = {name: _left_out(courses, names, [*chosen, name]) for name in rest}
        name = max(tried, key=lambda name: _mean(tried[name]))
        if _mean(tried[name]) - _mean(best) < _CERTAIN * _error(best, tried[name]):
            break
        chosen.append(name)
        best = tried[name]
        steps.append(Step(tuple(chosen), _mean(best)))
        hear(steps[-1])
    weights = fit([lesson for course in courses for lesson in course.lessons], _places(names, chosen), _even(courses))
    # Scores are compared within a question only: the fused score keeps its size, which reads better.
    scale = abs(float(weights[0])) or 1.0
    return Learned(
        {name: float(weight) / scale for name, weight in zip(chosen, weights, strict=True)},
        steps,
        {course.task: dict(scores) for course, scores in _tested(courses, names, chosen)},
    )


def fit(lessons: Sequence[Lesson], places: Sequence[int], importance: Sequence[float]) -> FloatArray:
    """Weights of the features at `places`, shape (places,), by L-BFGS on the listwise loss."""
    import torch

    able = [(lesson, weight) for lesson, weight in zip(lessons, importance, strict=True) if _teaches(lesson)]
    deepest = max(len(lesson.grades) for lesson, _ in able)
    features = np.zeros((len(able), deepest, len(places)), dtype=np.float32)
    target = np.zeros((len(able), deepest), dtype=np.float32)
    there = np.zeros((len(able), deepest), dtype=bool)
    for row, (lesson, _) in enumerate(able):
        count = len(lesson.grades)
        features[row, :count] = lesson.features[:, places]
        target[row, :count] = lesson.grades / lesson.grades.sum()
        there[row, :count] = True
    spread = np.maximum(features[there].std(axis=0), 1e-6)
    x, y = torch.tensor(features / spread), torch.tensor(target)
    absent = torch.tensor(~there)
    share = torch.tensor(np.asarray([weight for _, weight in able], dtype=np.float32))
    weights = torch.zeros(len(places), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = (x @ weights).masked_fill(absent, -1e4)
        losses = -(y * torch.log_softmax(scores, dim=1)).sum(dim=1)
        loss = (losses * share).sum() / share.sum() + _REGULAR * (weights**2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return np.asarray(weights.detach().numpy() / spread, dtype=np.float32)


def ndcg(lesson: Lesson, scores: FloatArray) -> float:
    """nDCG@10 with linear gain, as trec_eval counts it; equal scores stay in fused order."""
    order = np.argsort(-scores, kind="stable")
    return dcg(lesson.grades[order]) / lesson.ideal if lesson.ideal else 0.0


def dcg(grades: npt.NDArray[np.int64]) -> float:
    top = grades[:_DISCOUNTED]
    return float((top / np.log2(np.arange(2, 2 + len(top)))).sum())


def _teaches(lesson: Lesson) -> bool:
    return bool((lesson.grades > 0).any() and (lesson.grades <= 0).any())


def _places(names: Sequence[str], chosen: Sequence[str]) -> list[int]:
    return [list(names).index(name) for name in chosen]


def _even(courses: Sequence[Course]) -> list[float]:
    """Each task counts the same, however many questions it has."""
    return [1 / len(course.lessons) for course in courses for _ in course.lessons]


def _splits(courses: Sequence[Course]) -> Iterator[tuple[Sequence[Course], Course]]:
    """(fitted to, tested on)."""
    if len(courses) > 1:
        for course in courses:
            yield [other for other in courses if other is not course], course
        return
    (course,) = courses
    for fold in range(_FOLDS):
        inside = [lesson for i, lesson in enumerate(course.lessons) if i % _FOLDS != fold]
        outside = [lesson for i, lesson in enumerate(course.lessons) if i % _FOLDS == fold]
        yield [Course(course.task, inside)], Course(course.task, outside)


def _tested(
    courses: Sequence[Course], names: Sequence[str], chosen: Sequence[str]
) -> Iterator[tuple[Course, Mapping[str, tuple[float, float]]]]:
    places, first = _places(names, chosen), list(names).index(FIRST)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for taught, tested in _splits(courses):
        weights = fit([lesson for course in taught for lesson in course.lessons], places, _even(taught))
        for lesson in tested.lessons:
            pair = (ndcg(lesson, lesson.features[:, first]), ndcg(lesson, lesson.features[:, places] @ weights))
            found.setdefault(tested.task, {})[lesson.key] = pair
    for course in courses:
        yield course, found[course.task]


def _left_out(courses: Sequence[Course], names: Sequence[str], chosen: Sequence[str]) -> list[npt.NDArray[np.float64]]:
    """nDCG@10 of each question by weights that it had no part in, a row for each task."""
    return [np.asarray([after for _, after in scores.values()]) for _, scores in _tested(courses, names, chosen)]


def _mean(rows: Sequence[npt.NDArray[np.float64]]) -> float:
    return float(np.mean([row.mean() for row in rows]))


def _error(before: Sequence[npt.NDArray[np.float64]], after: Sequence[npt.NDArray[np.float64]]) -> float:
    """Standard error of the difference of two such means, question by question."""
    variances = [(b - a).var(ddof=1) / len(a) for b, a in zip(before, after, strict=True)]
    return float(np.sqrt(np.sum(variances))) / len(variances)
