"""The joint space of images and texts in a generation: rows of articles' texts, of figure captions and figure images.

joint/texts.faiss, joint/images.faiss    vectors under their row numbers
joint/texts.npy, joint/images.npy        shape (rows, 2): PMID; number of the text, or FIGURE + place in figures.msgpack
joint/figures.msgpack                    the figures themselves, without their images
joint/centre.npy                         the mean of the texts' vectors: where their modality lies
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from retrieval.errors import GenerationError
from retrieval.index.allowed import AllowedSets
from retrieval.index.dense import DenseReader, PmidSet, write_vectors
from retrieval.index.interface import Scored
from retrieval.query import Constraint
from retrieval.records import Figure

Part = Literal["texts", "images"]
PARTS: Final[tuple[Part, ...]] = ("texts", "images")
FIGURE: Final = 1_000
"""Numbers from here up are figures; below, texts as `joint_texts` lists them."""
_FOLDER: Final = "joint"
_ROWS_PER_ARTICLE: Final = 5
"""Rows looked at for each article wanted, since the best rows may be several of one article."""
_KEPT: Final = 8

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


class JointBuilder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder / _FOLDER
        self._folder.mkdir()

    def write(self, part: Part, rows: Rows, vectors: npt.NDArray[np.float16]) -> None:
        """`rows` of shape (n, 2), `vectors` of shape (n, dimension)."""
        write_vectors(self._folder / f"{part}.faiss", np.arange(len(rows), dtype=np.int64), vectors)
        np.save(self._folder / f"{part}.npy", rows, allow_pickle=False)

    def write_figures(self, figures: Sequence[Figure]) -> None:
        (self._folder / "figures.msgpack").write_bytes(msgspec.msgpack.encode(figures))

    def write_centre(self, centre: npt.NDArray[np.float32]) -> None:
        np.save(self._folder / "centre.npy", centre, allow_pickle=False)


class JointReader:
    """Safe to use from several threads; everything but the vectors' file is read at once."""

    def __init__(self, folder: Path, allowed: AllowedSets) -> None:
        folder = folder / _FOLDER
        try:
            self.readers = {part: DenseReader(folder / f"{part}.faiss") for part in PARTS}
            self.rows = {part: np.load(folder / f"{part}.npy", allow_pickle=False) for part in PARTS}
            self.figures = msgspec.msgpack.decode((folder / "figures.msgpack").read_bytes(), type=tuple[Figure, ...])
            self.centre = np.load(folder / "centre.npy", allow_pickle=False)
        except (OSError, ValueError, msgspec.MsgspecError) as exc:
            raise GenerationError(
                f"the joint space {folder} cannot be read: {exc}; rebuild with `pathlit index --rebuild`, or roll back"
            ) from exc
        self._allowed = allowed
        self._selected: OrderedDict[tuple[Part, int], tuple[PmidSet | None, PmidSet | None]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def has_figures(self) -> bool:
        return len(self.rows["images"]) > 0

    def search(self, part: Part, vector: npt.NDArray[np.float32], constraint: Constraint, limit: int) -> JointFound:
        """Best articles by their best row, for a vector of shape (dimension,)."""
        reader, rows = self.readers[part], self.rows[part]
        wanted = limit * _ROWS_PER_ARTICLE
        selection = self._selection(part, self._allowed.get(constraint))
        best: dict[int, Brought] = {}
        for row, score in reader.search(vector, wanted, selection):
            pmid, number = map(int, rows[row])
            if pmid not in best:
                best[pmid] = self._brought(part, number, score)
        ranked = sorted(
            (Scored(pmid, brought.score) for pmid, brought in best.items()), key=lambda s: (-s.score, s.pmid)
        )
        return JointFound(ranked[:limit], best)

    def _brought(self, part: Part, number: int, score: float) -> Brought:
        figure = self.figures[number - FIGURE] if number >= FIGURE else None
        return Brought(number, figure, part == "images", score)

    def _selection(self, part: Part, allowed: PmidSet | None) -> PmidSet | None:
        """The rows of the allowed articles; the sets of articles live as long as their condition is kept."""
        if allowed is None:
            return None
        key = part, id(allowed)
        with self._lock:
            found = self._selected.get(key)
            # The set itself is kept beside its rows, so that no other can come to have its id.
            if found is not None and found[0] is allowed:
                self._selected.move_to_end(key)
                return found[1]
        inside = np.isin(self.rows[part][:, 0], allowed.pmids)
        selection = PmidSet(np.flatnonzero(inside).tolist(), complement=allowed.complement)
        with self._lock:
            self._selected[key] = (allowed, selection)
            while len(self._selected) > _KEPT:
                self._selected.popitem(last=False)
        return selection
