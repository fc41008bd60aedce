"""Reads concepts.toml: what an image may show, and how literature names it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, Literal

import msgspec

from retrieval.errors import ConfigurationError
from retrieval.records import Record
from retrieval.vocabulary.classes import ORGANS, read_classes

CONCEPTS: Final = Path(__file__).parent / "concepts.toml"

ConceptKind = Literal["entity", "organ", "tissue", "pattern", "stain", "specimen", "cytology"]


class _Entry(Record, frozen=True, forbid_unknown_fields=True):
    name: str
    organ: str = ""
    terms: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    query: str = ""


class Concept(Record, frozen=True):
    name: str
    kind: ConceptKind
    query: str
    """Words to search the literature with."""
    organ: str = ""
    organ_words: tuple[str, ...] = ()
    """Any of which names the organ in a text."""
    terms: tuple[str, ...] = ()
    """Any of which names the diagnosis in a text."""
    prompts: tuple[str, ...] = ()
    """All texts that images are compared with, the name first."""


class _File(Record, frozen=True, forbid_unknown_fields=True):
    concepts: dict[ConceptKind, tuple[_Entry, ...]]


def read_concepts(path: Path = CONCEPTS) -> tuple[Concept, ...]:
    """ConfigurationError names the file and what in it is wrong."""
    try:
        content = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except OSError as exc:
        raise ConfigurationError(
            f"the concepts {path} cannot be read: {exc.strerror}; correct the setting `concepts`"
        ) from exc
    except ValueError as exc:
        raise ConfigurationError(f"the concepts {path} cannot be used: {exc}; correct them") from exc
    organs = {known.name: known for known in read_classes(ORGANS).classes}
    concepts: dict[str, Concept] = {}
    for kind, entries in content.concepts.items():
        for entry in entries:
            if not entry.name.strip() or entry.name in concepts:
                raise ConfigurationError(f"the concepts {path}: {entry.name!r} stands there twice, or is empty")
            if not all(word.strip() for word in (*entry.terms, *entry.prompts)):
                raise ConfigurationError(f"the concepts {path}: {entry.name!r} has an empty term or prompt; remove it")
            if entry.organ and entry.organ not in organs:
                raise ConfigurationError(
                    f"the concepts {path}: {entry.name!r} has the organ {entry.organ!r}, which {ORGANS.name} lacks; it "
                    f"has {', '.join(organs)}"
                )
            organ = organs.get(entry.organ)
            concepts[entry.name] = Concept(
                name=entry.name,
                kind=kind,
                query=entry.query or entry.name,
                organ=entry.organ,
                organ_words=(organ.name, *organ.also, *organ.title) if organ else (),
                terms=entry.terms or (() if kind == "organ" else (entry.name,)),
                prompts=(entry.name, *entry.prompts),
            )
    if not concepts:
        raise ConfigurationError(f"the concepts {path} hold none; write [concepts] with a list for each kind")
    return tuple(concepts.values())
