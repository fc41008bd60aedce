"""Fit a static student to its teachers' vectors: each text's own, and how like its neighbours it is.

Tulkens, van Dongen: Model2Vec, 2024; Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015. The
second part of the loss makes an article stand to a question, among the others of a batch, as the teachers see it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final, NamedTuple

import numpy as np

from retrieval.encoders.base import Vectors
from retrieval.errors import InputError
from retrieval.records import Record
from training.static import Bags, StaticStudent

_MIN_RATE: Final = 0.01
"""Of the first learning rate; the last steps still move a little."""


class Lessons(NamedTuple):
    """Texts as the student's tokens, with the vectors (of length 1) that it should give them."""

    bags: Bags
    targets: Vectors


class Recipe(Record, frozen=True):
    """How to fit; what ends first, `seconds` or `passes` over the articles, ends it."""

    seconds: float = 300.0
    passes: float = 40.0
    batch: int = 512
    """Of articles, and as many questions."""
    rate: float = 0.01
    temperature: float = 0.05
    """Of the similarities: the smaller, the more the nearest articles decide."""
    neighbours: float = 0.1
    """How much the similarities count beside the vectors."""
    seed: int = 0


class Fitted(NamedTuple):
    student: StaticStudent
    steps: int
    seconds: float


def fit(
    student: StaticStudent,
    articles: Lessons,
    questions: Lessons,
    recipe: Recipe,
    hear: Callable[[float], None] = lambda share: None,
) -> Fitted:
    """Adam, its rate falling to nearly nothing; `hear` is told the share of the work that is done.

    The same seed gives the same student where `passes` ends the work, not the clock. InputError without articles.
    """
    import torch
    from torch.nn import functional

    if not len(articles.bags):
        raise InputError("there is no article to distill from; index some first")
    generator = np.random.default_rng(recipe.seed)
    weights = torch.nn.Parameter(torch.from_numpy(student.weights.copy()))
    adam = torch.optim.Adam([weights], lr=recipe.rate, betas=(0.9, 0.99), fused=True)
    size = min(recipe.batch, len(articles.bags))
    steps = max(1, round(recipe.passes * len(articles.bags) / size))
    began = monotonic()

    def sampled(lessons: Lessons) -> tuple[torch.Tensor, torch.Tensor]:
        rows = generator.choice(len(lessons.bags), min(size, len(lessons.bags)), replace=False)
        bags = lessons.bags.chosen(rows)
        means = functional.embedding_bag(
            torch.from_numpy(bags.tokens), weights, torch.from_numpy(bags.starts[:-1]), mode="mean"
        )
        return functional.normalize(means, dim=1), torch.from_numpy(lessons.targets[rows])

    done = 0
    while True:
        share = max(done / steps, (monotonic() - began) / recipe.seconds)
        hear(min(1.0, share))
        # One step at least, however short the time.
        if share >= 1 and done:
            break
        for group in adam.param_groups:
            group["lr"] = recipe.rate * max(_MIN_RATE, 1 - share)
        ours, theirs = sampled(articles)
        loss = 1 - (ours * theirs).sum(dim=1).mean()
        asked, wanted = sampled(questions if len(questions.bags) else articles)
        loss = loss + 1 - (asked * wanted).sum(dim=1).mean()
        given = functional.log_softmax(asked @ ours.T / recipe.temperature, dim=1)
        right = functional.log_softmax(wanted @ theirs.T / recipe.temperature, dim=1)
        loss = loss + recipe.neighbours * functional.kl_div(given, right, log_target=True, reduction="batchmean")
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        done += 1
    return Fitted(student._replace(weights=weights.detach().numpy()), done, monotonic() - began)
