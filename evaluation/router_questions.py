"""Questions that routers are compared on: text, patches and slides, answered by literature or not."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from evaluation.image.labels import Label, find_label
from evaluation.image.samples import Sample
from evaluation.task import Task
from evaluation.tasks.sampling import fraction, sample
from retrieval.errors import ConfigurationError
from retrieval.records import Record
from retrieval.router.base import Asked

WORDINGS: Final = Path(__file__).with_name("router_questions.toml")
REGIONS: Final = 8
"""Patches that stand for one slide: as many as the regions that a slide is searched with."""
_FOREIGN: Final = 0.3
"""Share of the images beside which something else is asked."""
_ALONE: Final = 0.15

Half = Literal["learnt from", "held out"]


class RouterQuestion(Record, frozen=True):
    id: str
    kind: Literal["text", "patch", "slide"]
    half: Half
    text: str = ""
    answers: tuple[str, ...] = ()
    """Articles that are known to answer it, as their judgments name them."""
    label: str = ""
    """Or the label of an image that articles must fit."""
    images: tuple[str, ...] = ()
    """Names of the patches that it shows: one, or those that stand for a slide."""

    @property
    def needs_literature(self) -> bool:
        return bool(self.answers or self.label)

    @property
    def asked(self) -> Asked:
        return Asked(self.text, has_image=self.kind == "patch", has_slide=self.kind == "slide")


class Wordings(Record, frozen=True, forbid_unknown_fields=True):
    no_literature: tuple[str, ...]
    beside_image: tuple[str, ...]
    image_alone: tuple[str, ...]


def read_wordings(path: Path = WORDINGS) -> Wordings:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Wordings)
    except OSError as exc:
        raise ConfigurationError(f"the questions {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise ConfigurationError(f"the questions {path} cannot be used: {exc}; correct them") from exc


def make_questions(
    tasks: Sequence[Task],
    samples: Sequence[Sample],
    labels: Sequence[Label],
    wordings: Wordings,
    *,
    size: int,
    slides: int,
    seed: int,
) -> list[RouterQuestion]:
    """`size` questions of each task, all that need no literature, one beside each patch, and `slides` of each class.

    Halves are decided by hashes; no patch is in both, nor any question of a task.
    """
    judged = list(_judged(tasks, size, seed))
    talk = [
        RouterQuestion(id=f"talk:{number}", kind="text", half=_half(seed, text), text=text)
        for number, text in enumerate(wordings.no_literature)
    ]
    shown = [
        (one.name, label.name) for one in samples if (label := find_label(labels, one.caption, one.path.parent.name))
    ]
    patches = [
        _beside(f"patch:{name}", "patch", _half(seed, name), label, (name,), judged, wordings, seed)
        for name, label in shown
    ]
    return [*judged, *talk, *patches, *_slides(shown, judged, wordings, slides, seed)]


def _judged(tasks: Sequence[Task], size: int, seed: int) -> Iterator[RouterQuestion]:
    for task in tasks:
        for key in sample(sorted(task.qrels), size, seed, str):
            name = f"{task.name}:{key}"
            answers = tuple(article for article, grade in task.qrels[key].items() if grade > 0)
            yield RouterQuestion(id=name, kind="text", half=_half(seed, name), text=task.queries[key], answers=answers)


def _slides(
    shown: Sequence[tuple[str, str]], judged: Sequence[RouterQuestion], wordings: Wordings, count: int, seed: int
) -> Iterator[RouterQuestion]:
    generator = np.random.default_rng(seed)
    halves: tuple[Half, Half] = ("learnt from", "held out")
    for label in dict.fromkeys(label for _, label in shown):
        for half in halves:
            own = [name for name, of in shown if of == label and _half(seed, name) == half]
            if len(own) < REGIONS:
                continue
            for number in range(count):
                chosen = tuple(own[i] for i in sorted(generator.choice(len(own), REGIONS, replace=False)))
                name = f"slide:{label}:{half}:{number}".replace(" ", "-")
                yield _beside(name, "slide", half, label, chosen, judged, wordings, seed)


def _beside(
    name: str,
    kind: Literal["patch", "slide"],
    half: Half,
    label: str,
    images: tuple[str, ...],
    judged: Sequence[RouterQuestion],
    wordings: Wordings,
    seed: int,
) -> RouterQuestion:
    """What is asked beside an image: of the image, nothing beyond it, or something else altogether."""
    turn, pick = fraction(seed, f"turn {name}"), fraction(seed, f"pick {name}")
    others = [question for question in judged if question.half == half]
    if turn < _FOREIGN and others:
        other = others[int(pick * len(others))]
        return RouterQuestion(id=name, kind=kind, half=half, text=other.text, answers=other.answers, images=images)
    texts = wordings.image_alone if turn < _FOREIGN + _ALONE else wordings.beside_image
    return RouterQuestion(id=name, kind=kind, half=half, text=texts[int(pick * len(texts))], label=label, images=images)


def _half(seed: int, name: str) -> Half:
    return "learnt from" if fraction(seed, f"half {name}") < 0.5 else "held out"
