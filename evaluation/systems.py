"""Systems: named configurations of the search, built in or from a TOML file, that are measured against each other."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from evaluation.task import require_name
from retrieval.errors import InputError
from retrieval.records import LEGS, Record
from retrieval.search import DEFAULT_WEIGHTS


class System(Record, frozen=True, forbid_unknown_fields=True):
    """One entry of the leaderboard: all that it differs in from the others."""

    name: str
    legs: tuple[Literal["lexical", "dense"], ...] = ("lexical", "dense")
    fusion: Literal["minmax", "rrf"] = "minmax"
    lexical_weight: float = DEFAULT_WEIGHTS["lexical"]
    """The dense leg has the rest."""
    expand: bool = True
    rerank: bool = True
    """Whether the best of the fused order are reranked; of both legs only."""
    reranker: str = ""
    """As the setting of that name; empty: that of the settings."""
    encoder: str = ""
    """Name or folder of the encoder that its home was indexed with; empty: that of the settings."""
    home: str = ""
    """Its own home folder, for another encoder or another build; empty: that of the command."""
    trained_on: tuple[str, ...] = ()
    """Files (JSON lines or text, may be .gz) with what its models were trained on, to be searched for test texts."""
    about: str = ""


BUILT_IN: Final = (
    System("default", about="Words and meaning, fused and reranked, with synonyms: what every search does."),
    System("both", rerank=False, about="Words and meaning, min-max fusion, synonyms; not reranked."),
    System("both-even", rerank=False, expand=False, lexical_weight=0.5, about="Plain min-max fusion, half and half."),
    System("lexical", legs=("lexical",), about="BM25 with synonyms."),
    System("dense", legs=("dense",), about="Vectors alone, with synonyms."),
    System("both-rrf", rerank=False, fusion="rrf", about="Reciprocal rank fusion instead of min-max."),
    System("no-synonyms", expand=False, about="The default without synonyms."),
    System("lexical-no-synonyms", legs=("lexical",), expand=False, about="BM25 on the words as typed."),
)


def read_systems(path: Path) -> tuple[System, ...]:
    """The [[system]] tables of a TOML file, fields as in `System`. InputError names what cannot be used."""
    try:
        content = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), type=_File)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, msgspec.ValidationError) as exc:
        fields = ", ".join(System.__struct_fields__)
        raise InputError(f"{path} is no list of systems: {exc}; write [[system]] tables with {fields}") from exc
    for system in content.system:
        _require_usable(system)
    return content.system


def chosen(names: Sequence[str], known: Sequence[System]) -> list[System]:
    """The named systems, in this order; all without names. A later one of the same name replaces a built-in one."""
    by_name = {system.name: system for system in known}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise InputError(f"there is no system {unknown[0]!r}; there are {', '.join(by_name)}, or write --systems FILE")
    return [by_name[name] for name in dict.fromkeys(names)] if names else list(by_name.values())


class _File(Record, frozen=True, forbid_unknown_fields=True):
    system: tuple[System, ...]


def _require_usable(system: System) -> None:
    require_name("system", system.name)
    if not 0 <= system.lexical_weight <= 1:
        raise InputError(
            f"the system {system.name}: lexical_weight is {system.lexical_weight}; it lies between 0 and 1"
        )
    if not system.legs:
        raise InputError(f"the system {system.name} has no leg; choose at least one of {list(LEGS)}")
