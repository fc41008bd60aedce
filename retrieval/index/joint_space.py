"""The joint space of images and texts, whoever keeps it: its rows are texts of articles, captions and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.index.interface import Scored
from retrieval.query import Constraint
from retrieval.records import Figure

Part = Literal["texts", "images"]
PARTS: Final[tuple[Part, ...]] = ("texts", "images")
FIGURE: Final = 1_000
"""Numbers from here up are figures; below, texts as `joint_texts` lists them."""
ROWS_PER_ARTICLE: Final = 5
"""Rows looked at for each article wanted, since the best rows may be several of one article."""

Rows = npt.NDArray[np.int64]


class Brought(NamedTuple):
    """What of an article brought it: one of its texts, or one of its figures."""

    number: int
    figure: Figure | None
    is_image: bool
    """Whether by the figure's image rather than by its caption."""
    score: float


class JointFound(NamedTuple):
    """A ranked list of articles, and for each its best row."""

    ranked: list[Scored]
    brought: dict[int, Brought]


class JointRows(NamedTuple):
    """One part of a joint space to be written."""

    rows: Rows
    """Shape (n, 2): PMID; number of the text, or FIGURE + the figure's place among the figures."""
    vectors: npt.NDArray[np.float16]
    """Shape (n, dimension)."""


class JointContents(NamedTuple):
    """A joint space to be written."""

    texts: JointRows
    images: JointRows
    figures: Sequence[Figure]
    dimension: int

    @property
    def parts(self) -> dict[Part, JointRows]:
        return {"texts": self.texts, "images": self.images}


class JointIndex(Protocol):
    """The joint space of one open generation. Every method may be called from several threads at once."""

    @property
    def has_figures(self) -> bool:
        """Whether there are images of figures."""
        ...

    def search(self, part: Part, vector: npt.NDArray[np.float32], constraint: Constraint, limit: int) -> JointFound:
        """Best articles by their best row, for a vector of shape (dimension,)."""
        ...

    def count(self, part: Part) -> int:
        """Its rows."""
        ...

    def pmids(self, part: Part) -> npt.NDArray[np.int64]:
        """The articles that have rows in it, rising, each once."""
        ...

    def vector(self, part: Part, pmid: int, number: int) -> npt.NDArray[np.float32]:
        """The vector of one row, shape (dimension,); KeyError where there is none. For verification."""
        ...
