"""The whole table of rewards: every question sent to every set of experts that it may be sent to, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

import msgspec
import numpy as np

from evaluation.image.labels import Label, text_of
from evaluation.router_questions import RouterQuestion
from retrieval.encoders.base import Vectors
from retrieval.errors import InputError
from retrieval.image.records import ImageQuery
from retrieval.image.search import ImageSearch
from retrieval.records import LEGS, Article, Query, Record
from retrieval.router.actions import NONE, allowed, experts_of, name_of
from retrieval.router.features import features_of
from retrieval.router.rules import RuleRouter
from retrieval.search import Searcher
from retrieval.verify.base import Claim, Verdict, Verifier

DEPTH: Final = 3
"""Articles that an answer mostly rests on."""
_SPEAKS: Final = frozenset({Verdict.SUPPORTED, Verdict.PARTLY, Verdict.CONTRADICTED})


class Row(Record, frozen=True):
    """One question with what each of its actions brought."""

    question: RouterQuestion
    features: dict[str, float]
    allowed: tuple[str, ...]
    rules: str
    found: dict[str, tuple[str, ...]]
    """By action: the ids of the first articles."""
    rewards: dict[str, float]
    """By action; in 0..1."""
    cost_ms: dict[str, float]
    """By action: the median over all questions, so that one slow moment decides nothing."""


class Ways(NamedTuple):
    """What questions are sent to."""

    searcher: Searcher
    images: ImageSearch | None = None
    vectors: Mapping[str, Vectors] = {}
    """Of each patch by its name, shape (1, dimension)."""
    encode_ms: float = 0.0
    """What a patch costs before it is searched with."""
    slide_ms: float = 0.0
    """What a slide costs before it is searched with: read, its regions found and encoded."""


class Judges(NamedTuple):
    """What decides whether an article answers."""

    labels: Sequence[Label] = ()
    verifier: Verifier | None = None
    claims: frozenset[str] = frozenset()
    """Names of the tasks whose questions are statements, which a verifier can check."""


def reward_table(
    questions: Sequence[RouterQuestion],
    ways: Ways,
    judges: Judges,
    hear: Callable[[int], None] = lambda done: None,
) -> list[Row]:
    measured = []
    for done, question in enumerate(questions, 1):
        rules = name_of(RuleRouter().decide(question.asked).experts)
        actions = tuple(dict.fromkeys((*allowed(question.asked), rules)))
        found = {action: _found(question, action, ways) for action in actions}
        rewards = {action: _reward(question, action, articles, judges) for action, (articles, _) in found.items()}
        measured.append((question, rules, rewards, found))
        hear(done)
    times: dict[str, list[float]] = {}
    for _, _, _, found in measured:
        for action, (_, ms) in found.items():
            times.setdefault(action, []).append(ms)
    costs = {action: float(median(values)) for action, values in times.items()}
    return [
        Row(
            question,
            features_of(question.asked),
            allowed(question.asked),
            rules,
            {action: tuple(article.id for article in articles) for action, (articles, _) in found.items()},
            rewards,
            {action: costs[action] for action in rewards},
        )
        for question, rules, rewards, found in measured
    ]


def write_table(path: Path, rows: Sequence[Row]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def read_table(path: Path) -> list[Row]:
    """InputError where it is no such table."""
    try:
        return [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines() if line]
    except (OSError, ValueError) as exc:
        raise InputError(f"{path} is no table of rewards: {exc}; make it again") from exc


def _found(question: RouterQuestion, action: str, ways: Ways) -> tuple[list[Article], float]:
    """The first articles, and the milliseconds that they took."""
    experts = experts_of(action)
    if action == NONE:
        return [], 0.0
    legs = tuple(leg for leg in LEGS if leg in experts)
    start = perf_counter()
    if not {"image", "slide"} & set(experts):
        result = ways.searcher.search(Query(text=question.text, limit=DEPTH, legs=legs))
        return [hit.article for hit in result.hits], (perf_counter() - start) * 1000
    if ways.images is None:
        raise InputError(f"{question.id} shows images, and no image search is at hand")
    vectors = np.concatenate([ways.vectors[name] for name in question.images])
    query = ImageQuery(words=question.text if legs else "", limit=DEPTH)
    shown = ways.images.search_vectors(query, vectors, [1.0] * len(vectors))
    before = ways.slide_ms if question.kind == "slide" else ways.encode_ms
    return [hit.article for hit in shown.hits], before + (perf_counter() - start) * 1000


def _reward(question: RouterQuestion, action: str, articles: Sequence[Article], judges: Judges) -> float:
    """What is said on the strength of these articles and holds; a question without literature wants none."""
    if not question.needs_literature:
        return float(action == NONE)
    if question.label:
        label = next(label for label in judges.labels if label.name == question.label)
        return sum(label.fits(text_of(article)) for article in articles) / DEPTH
    right = [article for article in articles if _is_answer(article, question.answers)]
    if right and judges.verifier is not None and _task(question) in judges.claims:
        return float(any(j.verdict in _SPEAKS for j in judges.verifier.judge([Claim(question.text, a) for a in right])))
    return float(bool(right))


def _task(question: RouterQuestion) -> str:
    return question.id.partition(":")[0]


def _is_answer(article: Article, answers: Sequence[str]) -> bool:
    # Judgments name articles as their corpus does; an index of several corpora puts the corpus's name before it.
    return article.id in answers or article.id.partition(":")[2] in answers


def by_half(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    return (
        [row for row in rows if row.question.half == "learnt from"],
        [row for row in rows if row.question.half == "held out"],
    )


def kinds(rows: Sequence[Row]) -> Iterator[tuple[str, list[int]]]:
    """Groups of questions with the places of their rows: text and image, with literature and without."""
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        name = row.question.kind if row.question.needs_literature else f"{row.question.kind}, no literature"
        groups.setdefault(name, []).append(place)
    yield from groups.items()
