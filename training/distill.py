"""Distillation from end to end: from articles and their teachers' vectors to a static student and what it gained."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Encoder, Passage, Vectors
from retrieval.errors import InputError
from retrieval.sentences import split_sentences
from training.card import Metric
from training.fitting import Lessons, Recipe, fit
from training.squares import nearest_weights
from training.static import StaticStudent, bags_of
from training.teachers import Space, encode_questions, find_space, first_weights, token_texts

Hear = Callable[[str, int, int], None]
"""Hears (stage, done, in all)."""
Rows = npt.NDArray[np.int64]
_HELD_OUT: Final = 300
"""Articles at most, and a tenth of all; the teachers read each of their abstracts once more, alone."""
_SHORTEST_SENTENCE: Final = 30
"""Characters; below stand headings and leftovers."""
_FEWEST: Final = 10
_PER_MILLE: Final = 1_000


class Material(NamedTuple):
    """What is distilled from; `kept` holds one array of document vectors per teacher, in the order of `passages`."""

    passages: Sequence[Passage]
    kept: Sequence[Vectors]


class Distilled(NamedTuple):
    student: StaticStudent
    metrics: tuple[Metric, ...]
    data: dict[str, str | int]
    steps: dict[str, str | int | float]


def distill(
    teachers: Sequence[Encoder],
    start: StaticStudent,
    material: Material,
    recipe: Recipe,
    *,
    dimension: int,
    questions: int,
    hear: Hear = lambda stage, done, total: None,
) -> Distilled:
    """A student of `dimension` numbers that reads with the tokenizer of `start`.

    Where `start` has vectors of that length, it goes on from them; otherwise (shape (0, 0)) from what the teachers
    make of each token alone. The teachers encode `questions` titles and sentences. InputError for too few articles.
    """
    count = len(material.passages)
    if count < _FEWEST:
        raise InputError(f"there are {count} articles to distill from, too few to learn anything; index at least 10")
    order = np.random.default_rng(recipe.seed).permutation(count)
    apart = min(_HELD_OUT, count // 10)
    held_out, used = np.sort(order[:apart]), np.sort(order[apart:])
    taught = [material.passages[i] for i in used]
    vectors = [part[used] for part in material.kept]
    space = find_space(vectors, dimension)

    asked = questions_of(taught, questions, recipe.seed)
    told = len(asked) * len(teachers)
    answers = space.place(encode_questions(teachers, asked, lambda done: hear("Encoding questions", done, told)))
    articles = Lessons(bags_of(start.tokenizer, list(map(_text, taught))), space.place(vectors))
    short = Lessons(bags_of(start.tokenizer, asked), answers)
    both = bags_of(start.tokenizer, [*map(_text, taught), *asked])

    first = start
    if start.weights.shape[1] != dimension:
        words = token_texts(start.tokenizer)
        told_words = len(words) * len(teachers)
        alone = space.place(encode_questions(teachers, words, lambda done: hear("Encoding tokens", done, told_words)))
        first = start._replace(weights=first_weights(alone, [bool(word) for word in words], articles.bags))
        hear("Encoding tokens", told_words, told_words)
    solved = first._replace(weights=nearest_weights(both, np.concatenate([articles.targets, answers]), first.weights))
    done = fit(solved, articles, short, recipe, lambda share: hear("Fitting", int(share * _PER_MILLE), _PER_MILLE))
    return Distilled(
        done.student,
        _metrics(teachers, space, material, held_out, first, done.student, hear),
        {"articles": len(taught), "titles and sentences": len(asked), "articles held out": len(held_out)},
        {
            "gradient steps": done.steps,
            "seconds of fitting": round(done.seconds, 1),
            "batch": recipe.batch,
            "rate": recipe.rate,
            "temperature": recipe.temperature,
            "weight of neighbours": recipe.neighbours,
            "seed": recipe.seed,
            "dimension": dimension,
            "tokens": len(done.student.weights),
        },
    )


def questions_of(passages: Sequence[Passage], most: int, seed: int) -> list[str]:
    """Texts as short as questions: titles, and as many sentences; fewer where there are fewer."""
    choice = random.Random(seed)  # noqa: S311 - a reproducible sample, not a secret
    titles = [p.title for p in passages if p.title.strip()]
    sentences = [
        p.abstract[begin:end]
        for p in passages
        for begin, end in split_sentences(p.abstract)
        if end - begin >= _SHORTEST_SENTENCE
    ]
    chosen = choice.sample(titles, min(len(titles), most // 2))
    return chosen + choice.sample(sentences, min(len(sentences), most - len(chosen)))


def _metrics(
    teachers: Sequence[Encoder],
    space: Space,
    material: Material,
    held_out: Rows,
    first: StaticStudent,
    last: StaticStudent,
    hear: Hear,
) -> tuple[Metric, ...]:
    """On articles that nothing was fitted to; "before" is the teachers' value, or the student's that was begun with."""
    passages = [material.passages[i] for i in held_out]
    if not passages:
        return ()
    targets = space.place([part[held_out] for part in material.kept])
    titles = [p.title for p in passages]
    hear("Measuring", 0, len(teachers))
    parts = []
    for number, teacher in enumerate(teachers, 1):
        parts.append(teacher.encode_documents([Passage("", p.abstract) for p in passages]))
        hear("Measuring", number, len(teachers))
    right = known_item(space.place(encode_questions(teachers, titles)), space.place(parts))

    def closeness(student: StaticStudent) -> float:
        return float((student.encode(student.bags(list(map(_text, passages)))) * targets).sum(axis=1).mean())

    def found(student: StaticStudent) -> float:
        asked = student.encode(student.bags(titles))
        return known_item(asked, student.encode(student.bags([p.abstract for p in passages])))

    on = f"{len(passages)} articles held out"
    begun, ended = found(first), found(last)
    return (
        Metric(f"cosine to the teacher, {on}; before: unfitted student", closeness(first), closeness(last)),
        Metric(f"nDCG@10 of titles for their abstracts, {on}; before: teacher", right, ended),
        Metric(f"nDCG@10 of titles for their abstracts, {on}; before: unfitted student", begun, ended),
    )


def known_item(questions: Vectors, documents: Vectors) -> float:
    """nDCG@10 where question i asks for document i alone; documents of equal similarity count as found before it."""
    scores = questions @ documents.T
    ahead = (scores >= np.diag(scores)[:, None]).sum(axis=1) - 1
    return float(np.where(ahead < 10, 1 / np.log2(ahead + 2), 0.0).mean())


def _text(passage: Passage) -> str:
    return f"{passage.title} {passage.abstract}".strip()
