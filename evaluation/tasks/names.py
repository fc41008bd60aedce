"""Which things of a vocabulary a text speaks of, by any name that means nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from retrieval.analysis import fold
from retrieval.vocabulary.file import SynonymGroup

_WORD: Final = re.compile(r"[^\W_]+")

Name = tuple[str, ...]


class Names:
    """Hyphens, capitals and Greek letters make no difference."""

    def __init__(self, groups: Iterable[SynonymGroup]) -> None:
        self._by_first: dict[str, list[tuple[Name, str]]] = {}
        for group in groups:
            for name in group.names:
                if words := _words(name):
                    self._by_first.setdefault(words[0], []).append((words, group.name))

    def in_text(self, text: str) -> frozenset[str]:
        """The best-known names of the things that are named."""
        words = _words(text)
        return frozenset(
            group
            for i, word in enumerate(words)
            for name, group in self._by_first.get(word, ())
            if words[i : i + len(name)] == name
        )


def _words(text: str) -> Name:
    return tuple(_WORD.findall(fold(text)))
