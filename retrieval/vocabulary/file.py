"""Reads a vocabulary: a TOML file of groups, each the names of one and the same thing; its head says how to edit it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from retrieval.analysis import fold
from retrieval.errors import ConfigurationError
from retrieval.records import Record

PATHOLOGY: Final = Path(__file__).parent / "pathology.toml"

Kind = Literal["marker", "entity", "cytology", "stain", "technique", "MeSH heading"]

_SYMBOL: Final = re.compile(r"(?=(?:.*[A-Z]){2})")
_WORD: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_NUMBERED: Final = re.compile(r"(?<![^\W\d_])([^\W\d_]{2,})(\d)")


class SynonymGroup(Record, frozen=True):
    """Names of one thing, written as people write them; `name` is the best known."""

    name: str
    kind: Kind
    terms: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    """Names that mean other things, too: they count only as they are written here, and in company."""
    company: tuple[str, ...] = ()
    """Words one of which makes an ambiguous name this group's; without any, the kind's own words do."""
    source: str = "vocabulary"

    @property
    def names(self) -> tuple[str, ...]:
        """Those that mean nothing else, the best known first."""
        return (self.name, *self.terms)


class Vocabulary(Record, frozen=True):
    groups: tuple[SynonymGroup, ...]
    company: dict[str, tuple[str, ...]]
    """By kind: words that make an ambiguous name a group's of that kind."""

    def with_more(self, more: Iterable[SynonymGroup]) -> Vocabulary:
        """With groups of another source behind its own: one that shares a name with a group here adds names to it.

        One that shares names with several groups says something else than they do and is left out.
        """
        groups = list(self.groups)
        known = {key: i for i, group in enumerate(groups) for key in map(_key, (*group.names, *group.ambiguous))}
        for group in more:
            shared = {known[key] for key in map(_key, group.names) if key in known}
            if len(shared) > 1:
                continue
            if shared:
                i = shared.pop()
                groups[i] = _joined(groups[i], group, known)
            else:
                i = len(groups)
                groups.append(group)
            known |= dict.fromkeys(map(_key, groups[i].names), i)
        return Vocabulary(tuple(groups), self.company)

    def symbols(self) -> frozenset[str]:
        """The words of marker names that are no plain words, in small letters: what the analyzer must not stem.

        They are names of one word, and words with two or more capitals.
        """
        found: set[str] = set()
        for group in self.groups:
            if group.kind == "marker":
                for name in (*group.names, *group.ambiguous):
                    words = _WORD.findall(name)
                    parts = [part for word in words for part in word.split("-")]
                    whole = len(words) == 1
                    found.update(parts if whole else filter(_SYMBOL.match, parts))
                    found.update(word.replace("-", "") for word in words if whole)
        return frozenset(fold(word) for word in found if word.isalpha() and len(word) > 1)


def read_vocabulary(path: Path = PATHOLOGY) -> Vocabulary:
    """The groups of a file. ConfigurationError names the file and what in it is wrong."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigurationError(
            f"the vocabulary {path} cannot be read: {exc.strerror}; correct the setting `vocabulary`"
        ) from exc
    except ValueError as exc:
        raise ConfigurationError(f"the vocabulary {path} is no TOML file: {exc}") from exc
    unknown = set(content) - {"company", "groups"}
    if unknown or not isinstance(content.get("groups"), dict):
        raise ConfigurationError(
            f"the vocabulary {path} has {', '.join(sorted(content)) or 'nothing'}; it takes [groups] and [company]"
        )
    groups = tuple(
        _group(path, kind, entry)
        for kind, entries in content["groups"].items()
        for entry in _listed(path, kind, entries)
    )
    _require_distinct(path, groups)
    try:
        company = msgspec.convert(content.get("company", {}), dict[str, tuple[str, ...]])
    except msgspec.ValidationError as exc:
        raise ConfigurationError(f"the vocabulary {path}, [company]: {exc}; it takes lists of words by kind") from exc
    return Vocabulary(groups, company)


def spellings(name: str) -> tuple[str, ...]:
    """As it is written, with a hyphen before a number (CD-20 stands for CD 20, CD-20 and CD20), in plural (HCCs)."""
    plural = f"{name}s" if name.isalpha() and name.isupper() else name
    return tuple(dict.fromkeys((name, _NUMBERED.sub(r"\1-\2", name), plural)))


def _listed(path: Path, kind: str, entries: Any) -> list[Any]:
    if kind not in get_args(Kind) or not isinstance(entries, list):
        kinds = ", ".join(known for known in get_args(Kind) if known.islower())
        raise ConfigurationError(f"the vocabulary {path}, groups.{kind}: it takes lists of groups under {kinds}")
    return entries


def _group(path: Path, kind: str, entry: Any) -> SynonymGroup:
    name = entry.get("name", "?") if isinstance(entry, dict) else entry
    known = {"name", "terms", "ambiguous", "company"}
    if not isinstance(entry, dict) or set(entry) - known:
        raise ConfigurationError(
            f"the vocabulary {path}, {kind} {name!r}: a group takes {', '.join(sorted(known))} and nothing else"
        )
    try:
        group = msgspec.convert({**entry, "kind": kind}, SynonymGroup)
    except msgspec.ValidationError as exc:
        raise ConfigurationError(f"the vocabulary {path}, {kind} {name!r}: {exc}") from exc
    for term in (*group.names, *group.ambiguous):
        if not any(c.isalnum() for c in term):
            raise ConfigurationError(f"the vocabulary {path}, {kind} {name!r}: {term!r} holds no letter or digit")
    return group


def _require_distinct(path: Path, groups: Sequence[SynonymGroup]) -> None:
    """A name belongs to one group, unless it is ambiguous in all of them."""
    owner: dict[str, str] = {}
    for group in groups:
        for key in dict.fromkeys(map(_key, group.names)):
            if owner.setdefault(key, group.name) != group.name:
                raise ConfigurationError(
                    f"the vocabulary {path}: {key!r} stands in {owner[key]!r} and in {group.name!r}; "
                    "keep it in one of them, or make it `ambiguous` in both and give each its `company`"
                )
    for group in groups:
        for term in group.ambiguous:
            if _key(term) in owner:
                raise ConfigurationError(
                    f"the vocabulary {path}: {term!r} is ambiguous in {group.name!r} and a name of "
                    f"{owner[_key(term)]!r}; make it ambiguous there, too"
                )


def _key(name: str) -> str:
    """What two spellings of a name have in common: small letters and digits, and the & that tells H&E from HE."""
    return "".join(c for c in fold(name) if c.isalnum() or c == "&")


def _joined(group: SynonymGroup, more: SynonymGroup, known: dict[str, int]) -> SynonymGroup:
    new = tuple(name for name in more.names if _key(name) not in known)
    if not new:
        return group
    source = group.source if more.source in group.source else f"{group.source} and {more.source}"
    return msgspec.structs.replace(group, terms=(*group.terms, *new), source=source)
