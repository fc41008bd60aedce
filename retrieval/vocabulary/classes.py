"""Reads a table of classes (organs.toml, species.toml, study_types.toml); organs.toml explains its fields."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Final, Literal

import msgspec

from retrieval.analysis import fold
from retrieval.errors import ConfigurationError
from retrieval.records import Record

_FOLDER: Final = Path(__file__).parent
ORGANS: Final = _FOLDER / "organs.toml"
SPECIES: Final = _FOLDER / "species.toml"
STUDY_TYPES: Final = _FOLDER / "study_types.toml"


class ArticleClass(Record, frozen=True, forbid_unknown_fields=True):
    """What an article may be, and by what it is told."""

    name: str
    also: tuple[str, ...] = ()
    """Other words to ask for it with."""
    mesh: tuple[str, ...] = ()
    """Headings, with all below them where the tree is known."""
    mesh_alone: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    """Headings that forbid it."""
    types: tuple[str, ...] = ()
    title: tuple[str, ...] = ()


class ClassTable(Record, frozen=True, forbid_unknown_fields=True, rename={"classes": "class"}):
    title_words: Literal["always", "without mesh"]
    """Whether words of the title count for every article, or only where it has no MeSH headings."""
    classes: tuple[ArticleClass, ...]
    ignored: tuple[str, ...] = ()
    """Words in a row that tell nothing, though a part of them would."""


def read_classes(path: Path) -> ClassTable:
    """ConfigurationError names the file and what in it is wrong."""
    try:
        table = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ClassTable)
    except OSError as exc:
        raise ConfigurationError(f"the table {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise ConfigurationError(f"the table {path} cannot be used: {exc}; correct it") from exc
    owner: dict[str, str] = {}
    for known in table.classes:
        for name in map(fold, (known.name, *known.also)):
            if owner.setdefault(name, known.name) != known.name:
                raise ConfigurationError(
                    f"the table {path}: {name!r} stands for {owner[name]!r} and for {known.name!r}; keep it in one"
                )
    return table


def fingerprint(*tables: ClassTable) -> str:
    """Changes whenever one of the tables says something else."""
    return hashlib.sha256(msgspec.json.encode(tables)).hexdigest()[:12]
