"""The joint space of images and texts in a generation's folder: rows of articles' texts, captions and figure images.

joint/texts.faiss, joint/images.faiss    vectors under their row numbers
joint/texts.npy, joint/images.npy        shape (rows, 2): PMID; number of the text, or FIGURE + place in figures.msgpack
joint/figures.msgpack                    the figures themselves, without their images
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from retrieval.errors import GenerationError
from retrieval.index.allowed import AllowedSets
from retrieval.index.dense import DenseReader, PmidSet, write_vectors
from retrieval.index.interface import Scored, best_first
from retrieval.index.joint_space import (
    FIGURE,
    PARTS,
    ROWS_PER_ARTICLE,
    Brought,
    JointContents,
    JointFound,
    Part,
)
from retrieval.query import Constraint
from retrieval.records import Figure

_FOLDER: Final = "joint"
_KEPT: Final = 8


def write_joint(folder: Path, contents: JointContents) -> None:
    """Into a generation's folder."""
    place = folder / _FOLDER
    place.mkdir()
    for part, (rows, vectors) in contents.parts.items():
        write_vectors(place / f"{part}.faiss", np.arange(len(rows), dtype=np.int64), vectors)
        np.save(place / f"{part}.npy", rows, allow_pickle=False)
    (place / "figures.msgpack").write_bytes(msgspec.msgpack.encode(contents.figures))


class JointReader:
    """Safe to use from several threads; everything but the vectors' file is read at once."""

    def __init__(self, folder: Path, allowed: AllowedSets) -> None:
        folder = folder / _FOLDER
        try:
            self.readers = {part: DenseReader(folder / f"{part}.faiss") for part in PARTS}
            self.rows = {part: np.load(folder / f"{part}.npy", allow_pickle=False) for part in PARTS}
            self.figures = msgspec.msgpack.decode((folder / "figures.msgpack").read_bytes(), type=tuple[Figure, ...])
        except (OSError, ValueError, msgspec.MsgspecError) as exc:
            raise GenerationError(
                f"the joint space {folder} cannot be read: {exc}; rebuild with `pathlit index --rebuild`, or roll back"
            ) from exc
        for part in PARTS:
            if self.readers[part].count != len(self.rows[part]):
                raise GenerationError(
                    f"the joint space {folder} holds {self.readers[part].count:,} {part} for {len(self.rows[part]):,} "
                    "rows; rebuild with `pathlit index --rebuild`, or roll back"
                )
        self._allowed = allowed
        self._selected: OrderedDict[tuple[Part, int], tuple[PmidSet | None, PmidSet | None]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def has_figures(self) -> bool:
        return len(self.rows["images"]) > 0

    def count(self, part: Part) -> int:
        return self.readers[part].count

    def pmids(self, part: Part) -> npt.NDArray[np.int64]:
        return np.unique(self.rows[part][:, 0])

    def vector(self, part: Part, pmid: int, number: int) -> npt.NDArray[np.float32]:
        return self.readers[part].vector(self._places[part][pmid, number])

    @cached_property
    def _places(self) -> dict[Part, dict[tuple[int, int], int]]:
        return {
            part: {(int(pmid), int(number)): place for place, (pmid, number) in enumerate(rows)}
            for part, rows in self.rows.items()
        }

    def search(self, part: Part, vector: npt.NDArray[np.float32], constraint: Constraint, limit: int) -> JointFound:
        reader, rows = self.readers[part], self.rows[part]
        wanted = limit * ROWS_PER_ARTICLE
        selection = self._selection(part, self._allowed.get(constraint))
        best: dict[int, Brought] = {}
        for row, score in reader.search(vector, wanted, selection):
            pmid, number = map(int, rows[row])
            if pmid not in best:
                best[pmid] = self._brought(part, number, score)
        ranked = best_first(Scored(pmid, brought.score) for pmid, brought in best.items())
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
