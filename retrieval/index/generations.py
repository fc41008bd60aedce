"""What a backend offers to those who build, publish and roll back: its generations, of which one is published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError
from retrieval.index.interface import IndexedArticle, IndexReader
from retrieval.index.joint_space import JointContents
from retrieval.index.manifest import Manifest
from retrieval.mesh_tree import MeshTree


class Contents(NamedTuple):
    """All that goes into a generation."""

    articles: Iterable[IndexedArticle]
    """By rising PMID; read once."""
    pmids: npt.NDArray[np.int64]
    """Theirs, shape (n,)."""
    vectors: npt.NDArray[np.float16] | None
    """Shape (n, dimension), row by row those of `pmids`; None for a generation without vectors."""
    joint: JointContents | None
    tree: MeshTree
    """Without headings where MeSH's is not to be had."""


class Draft(Protocol):
    """A new generation while it is being built: nobody can search it before it is sealed and published."""

    @property
    def name(self) -> str: ...

    @property
    def scratch(self) -> Path:
        """An empty folder for what the build needs in between; goes with the draft."""
        ...

    def write(self, contents: Contents) -> None: ...

    def describe(self, manifest: Manifest) -> None:
        """Keep its manifest, with the sums of files where there are files."""
        ...

    def require_whole(self) -> None:
        """VerificationError where something that was written cannot be read back as it was."""
        ...

    def open(self) -> IndexReader: ...

    def seal(self) -> None:
        """Make it a finished generation."""
        ...


class Generations(Protocol):
    """The generations of one home folder or cluster."""

    def current(self) -> str:
        """The published generation's number; NotPublishedError before the first publish."""
        ...

    def all(self) -> list[str]:
        """Every finished generation, oldest first."""
        ...

    def manifest(self, name: str) -> Manifest: ...

    def bytes(self, name: str) -> int:
        """What it takes on disks, copies included."""
        ...

    def require_whole(self, name: str, *, thorough: bool = False) -> None:
        """VerificationError where parts of a generation are gone; reads their contents only where `thorough`."""
        ...

    def open(self, name: str, analyzer: Analyzer) -> IndexReader:
        """IncompatibleError where its format or analyzer is not this program's."""
        ...

    def drafting(self, analyzer: Analyzer) -> AbstractContextManager[Draft]:
        """A new generation, one at a time; leaves nothing behind unless it was sealed."""
        ...

    def publish(self, name: str) -> None:
        """Point users at a finished generation, atomically."""
        ...

    def rollback(self, to: str | None = None) -> str:
        """Publish the generation before the current one, or the one named; returns its number."""
        ...

    def prune(self, keep: int) -> list[str]:
        """Delete all but the newest `keep` generations, never the current one; returns the deleted numbers."""
        ...

    def advice(self) -> str:
        """How to let nothing be found any more, for whoever has deleted every article."""
        ...


def outdated(known: Sequence[str], keep: int, spared: Iterable[str]) -> list[str]:
    """Which of the `known` generations, oldest first, go where the newest `keep` stay; none where that is 0."""
    kept = {*known[-keep:], *spared} if keep > 0 else {*known}
    return [name for name in known if name not in kept]


def rollback_target(known: Sequence[str], to: str | None, current: Callable[[], str]) -> str:
    """Which of the `known` generations, oldest first, a rollback publishes; GenerationError where there is none."""
    if to is not None:
        if to not in known:
            raise GenerationError(f"there is no generation {to!r}; there are: {', '.join(known) or 'none'}")
        return to
    published = current()
    older = [name for name in known if int(name) < int(published)]
    if not older:
        raise GenerationError(f"there is no generation older than {published} to roll back to")
    return older[-1]
