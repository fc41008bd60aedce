"""NLM's MeSH tree: which headings stand below which.

The tree is not part of pathlit. It is read from a file of NLM's when a generation is built (indexing.mesh_file) and
kept in the generation, so that whoever searches needs nothing else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from retrieval.analysis import fold
from retrieval.errors import GenerationError
from retrieval.records import Record

_BELOW: Final = "/"
"""The character behind the dot: between "A01." and "A01/" lies everything below A01."""


class Heading(Record, frozen=True, array_like=True):
    name: str
    ui: str = ""
    """Empty where the file does not give it, as the ASCII tree does not."""
    numbers: tuple[str, ...] = ()
    """Its places in the tree, C04.588.894.797.520; a few headings have none."""


class _Place(NamedTuple):
    number: str
    heading: int


class MeshTree(Record, frozen=True, dict=True):
    headings: tuple[Heading, ...] = ()

    def __contains__(self, value: str) -> bool:
        """Whether it is the name or the identifier of a heading; letter case does not matter."""
        return fold(value) in self._known

    def terms(self, values: Sequence[str], *, explode: bool = True) -> list[str]:
        """Folded values, and with `explode` the names and identifiers of the headings that they name and of all below.

        A value that the tree does not know stands for itself.
        """
        terms = dict.fromkeys(map(fold, values))
        if explode:
            for term in list(terms):
                for heading in self._below(term):
                    terms |= dict.fromkeys(fold(key) for key in (heading.name, heading.ui) if key)
        return list(terms)

    def _below(self, term: str) -> Iterator[Heading]:
        for known in self._known.get(term, ()):
            yield self.headings[known]
            for number in self.headings[known].numbers:
                first = bisect_left(self._places, (f"{number}.",))
                last = bisect_left(self._places, (f"{number}{_BELOW}",))
                for place in self._places[first:last]:
                    yield self.headings[place.heading]

    @cached_property
    def _known(self) -> dict[str, list[int]]:
        known: dict[str, list[int]] = defaultdict(list)
        for i, heading in enumerate(self.headings):
            for key in (heading.name, heading.ui):
                if key:
                    known[fold(key)].append(i)
        return dict(known)

    @cached_property
    def _places(self) -> list[_Place]:
        return sorted(_Place(number, i) for i, heading in enumerate(self.headings) for number in heading.numbers)


def save_tree(tree: MeshTree, path: Path) -> None:
    path.write_bytes(msgspec.json.encode(tree))


def load_tree(path: Path) -> MeshTree:
    """The tree that a generation keeps, which is empty where it was built without one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=MeshTree)
    except (OSError, msgspec.MsgspecError) as exc:
        raise GenerationError(f"the MeSH tree {path} cannot be read: {exc}; rebuild or roll back") from exc
