"""Reads the table of regions that can be asked for by name; region_categories.toml explains its fields."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from retrieval.errors import ConfigurationError, InputError
from retrieval.records import Record

CATEGORIES: Final = Path(__file__).parents[1] / "region_categories.toml"

Method = Literal["glands", "stroma", "nuclei", "dense nuclei", "tissue", "background", "fat", "brown"]

_WORD: Final = re.compile(r"[^\W_]+")
_FILLERS: Final = frozenset({"the", "a", "an", "all", "only", "region", "area"})


class Category(Record, frozen=True, forbid_unknown_fields=True):
    """A kind of region, how it is found, and how far that can be trusted."""

    name: str
    means: str
    method: Method
    checked: str
    coarsest: float
    """Microns per pixel above which too little can be seen."""
    also: tuple[str, ...] = ()


class _Table(Record, frozen=True, forbid_unknown_fields=True):
    category: tuple[Category, ...]


def read_categories(path: Path = CATEGORIES) -> tuple[Category, ...]:
    """ConfigurationError names the file and what in it is wrong."""
    try:
        table = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Table)
    except OSError as exc:
        raise ConfigurationError(f"the table {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise ConfigurationError(f"the table {path} cannot be used: {exc}; correct it") from exc
    owner: dict[str, str] = {}
    for known in table.category:
        for phrase in (known.name, *known.also):
            key = _key(phrase)
            if not key:
                raise ConfigurationError(f"the table {path}: {phrase!r} under {known.name!r} has no word to ask with")
            if owner.setdefault(key, known.name) != known.name:
                raise ConfigurationError(
                    f"the table {path}: {phrase!r} stands for {owner[key]!r} and for {known.name!r}; keep it in one"
                )
    return table.category


@cache
def categories() -> tuple[Category, ...]:
    """All regions that can be asked for, in the order of the table."""
    return read_categories()


def find_category(text: str) -> Category:
    """The category that a phrase names. InputError lists what can be asked for."""
    asked = _key(text)
    for known in categories():
        if asked in map(_key, (known.name, *known.also)):
            return known
    names = ", ".join(known.name for known in categories())
    raise InputError(
        f"no region is known by the name {text!r}; ask for one of: {names}; or give a box x,y,width,height"
    )


def _key(phrase: str) -> str:
    words = (_singular(word) for word in _WORD.findall(phrase.casefold()))
    return " ".join(_american(word) for word in words if word not in _FILLERS)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")) else word


def _american(word: str) -> str:
    return re.sub(r"our\b", "or", word).replace("haem", "hem").replace("oedem", "edem")
