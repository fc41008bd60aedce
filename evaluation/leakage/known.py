"""What public encoders are known to have been trained on, from known_encoders.toml beside this file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from retrieval.records import Record

KNOWN_ENCODERS: Final = Path(__file__).parent / "known_encoders.toml"


class KnownEncoder(Record, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...]
    """As they begin, or stand behind a slash: "MedCPT" stands for ncbi/MedCPT-Query-Encoder as well."""
    trained_on: str
    known_from: str
    affects: tuple[str, ...]
    """Words in the names of tasks that are easier for it than for a model that never saw their texts; "*" for all."""
    why: str


class _File(Record, frozen=True, forbid_unknown_fields=True):
    encoder: tuple[KnownEncoder, ...]


def known_about(encoder: str) -> KnownEncoder | None:
    """The entry of an encoder by its name, revision or not; None where nothing is known."""
    name = encoder.partition("@")[0].rstrip("/").rpartition("/")[2].lower()
    return next((entry for entry in _entries() if name and name.startswith(_lower(entry.names))), None)


def affected(entry: KnownEncoder, task: str) -> bool:
    return any(word == "*" or word in task.lower() for word in entry.affects)


@cache
def _entries() -> tuple[KnownEncoder, ...]:
    content = tomllib.loads(KNOWN_ENCODERS.read_text(encoding="utf-8"))
    return msgspec.convert(content, type=_File).encoder


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)
