"""Weak labels: which articles answer an image of a class, by the words of labels.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from retrieval.errors import ConfigurationError
from retrieval.records import Article, Record

LABELS: Final = Path(__file__).parent / "labels.toml"


class _Entry(Record, frozen=True, forbid_unknown_fields=True):
    name: str
    organ: str
    diagnosis: str
    classes: tuple[str, ...] = ()
    concept: str = ""


class _File(Record, frozen=True, forbid_unknown_fields=True):
    words: dict[str, tuple[str, ...]]
    label: tuple[_Entry, ...]


class Label:
    """A class of images, and the words by which an article is about it."""

    def __init__(
        self, name: str, organ: Sequence[str], diagnosis: Sequence[str], classes: Sequence[str] = (), concept: str = ""
    ) -> None:
        self.name = name
        self.names = frozenset(map(key, (name, *classes)))
        self.concept = concept or name
        self.organ = pattern(organ)
        self.diagnosis = pattern(diagnosis)

    def fits(self, text: str) -> bool:
        return bool(self.organ.search(text) and self.diagnosis.search(text))

    def names_part_of_it(self, text: str) -> bool:
        """Whether a text gives away the organ or the diagnosis."""
        return bool(self.organ.search(text) or self.diagnosis.search(text))


def read_labels(path: Path = LABELS) -> tuple[Label, ...]:
    """ConfigurationError names the file and what in it is wrong."""
    try:
        content = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except OSError as exc:
        raise ConfigurationError(f"the labels {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise ConfigurationError(f"the labels {path} cannot be used: {exc}; correct them") from exc
    lacking = {word for e in content.label for word in (e.organ, e.diagnosis) if not content.words.get(word)}
    if lacking:
        raise ConfigurationError(f"the labels {path} use {', '.join(sorted(lacking))}, which [words] lacks")
    labels = tuple(
        Label(e.name, content.words[e.organ], content.words[e.diagnosis], e.classes, e.concept) for e in content.label
    )
    taken: set[str] = set()
    for label in labels:
        if taken & label.names:
            raise ConfigurationError(f"the labels {path}: {min(taken & label.names)!r} names two labels")
        taken |= label.names
    return labels


def find_label(labels: Iterable[Label], *names: str) -> Label | None:
    """By the first of the names (a caption, a folder) that a label has."""
    known = {name: label for label in labels for name in label.names}
    return next((known[key(name)] for name in names if key(name) in known), None)


def text_of(article: Article) -> str:
    """What is looked at: title, abstract, MeSH headings."""
    return "\n".join([article.title, article.abstract, *(heading.name for heading in article.mesh)])


def random_levels(labels: Sequence[Label], articles: Iterable[Article]) -> dict[str, float]:
    """The share of the articles that fit each label: the precision of any order that knows nothing."""
    counts = dict.fromkeys((label.name for label in labels), 0)
    total = 0
    for text in map(text_of, articles):
        total += 1
        for label in labels:
            counts[label.name] += label.fits(text)
    return {name: count / max(total, 1) for name, count in counts.items()}


def key(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    parts = (re.escape(word.rstrip("*")).replace(r"\ ", r"[\s-]+") + r"\w*" * word.endswith("*") for word in words)
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)
