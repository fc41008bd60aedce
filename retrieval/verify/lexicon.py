"""The words by which a verifier tells what a sentence says about its subject, as one analyzer has them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from retrieval.analysis import Analyzer

LEXICON: Final = Path(__file__).parent / "lexicon.toml"


class Direction(NamedTuple):
    axis: str
    """Directions are compared along one axis only: more with less, better with worse."""
    sign: int
    """1 or -1."""


class Lexicon(NamedTuple):
    """Words in small letters; directions also by the term that the analyzer makes of them."""

    negations: frozenset[str]
    hedges: frozenset[str]
    sweeping: frozenset[str]
    aims: frozenset[str]
    directions: dict[str, Direction]
    opposites: dict[str, str]
    """A word and its partner, both ways; the first that the file has."""

    same: dict[str, str]
    """A word -> the term that stands for all names of the same thing."""

    def direction(self, word: str, term: str) -> Direction | None:
        """`word` as it is written, in small letters; `term` its stem."""
        return self.directions.get(word) or self.directions.get(f"={term}")


def read_lexicon(analyzer: Analyzer, path: Path = LEXICON) -> Lexicon:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    directions: dict[str, Direction] = {}
    opposites: dict[str, str] = {}
    for axis, listed in content["directions"].items():
        for sign, words in ((1, _side(listed, 0, "more")), (-1, _side(listed, 1, "less"))):
            for word in words:
                directions.setdefault(word, Direction(axis, sign))
                terms = analyzer.terms(word)
                directions.setdefault(f"={terms[-1]}", Direction(axis, sign))
        for more, less in listed["pairs"]:
            opposites.setdefault(more, less)
            opposites.setdefault(less, more)
    same = {word: names[0] for names in content["same"] for word in names}
    negations, hedges, sweeping, aims = (frozenset(content[name].split()) for name in Lexicon._fields[:4])
    return Lexicon(negations, hedges, sweeping, aims, directions, opposites, same)


def _side(listed: dict[str, Any], place: int, name: str) -> Iterable[str]:
    return [*(pair[place] for pair in listed["pairs"]), *listed[name].split()]
