"""Answers from vectors, from one file or from shards alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.errors import GenerationError
from retrieval.index.dense.cells import cells_to_read
from retrieval.index.dense.engine import load_faiss
from retrieval.index.dense.pmid_set import PmidSet
from retrieval.index.dense.shards import Found, Shards
from retrieval.index.interface import Scored, best_first


class DenseReader:
    """Answers from a FAISS index; safe to use from several threads. Its files may be deleted while it is open."""

    def __init__(self, path: Path) -> None:
        faiss = load_faiss()
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as exc:
            raise GenerationError(f"the vector index {path} cannot be read: {exc}; rebuild or roll back") from exc
        # One file maps its rows to PMIDs; in a sharded index the cells hold the PMIDs themselves.
        sharded = isinstance(index, faiss.IndexIVF)
        self._vectors: Shards | _OneFile = Shards(path, index) if sharded else _OneFile(index)

    @property
    def count(self) -> int:
        return self._vectors.count

    @property
    def dimension(self) -> int:
        return self._vectors.dimension

    @property
    def pmids(self) -> npt.NDArray[np.int64]:
        """Every PMID, shape (count,), in the order of adding, or of shards ascending."""
        return self._vectors.pmids()

    def vector(self, pmid: int) -> npt.NDArray[np.float32]:
        """The vector kept for a PMID, shape (dimension,); KeyError where there is none. For verification."""
        row = self._vectors.row(pmid)
        if row is None:
            raise KeyError(pmid)
        return row

    def scores(self, vector: npt.NDArray[np.float32], pmids: Sequence[int]) -> list[Scored]:
        """The scores of given articles, best first; one without a vector is left out."""
        found = [(pmid, self._vectors.row(pmid)) for pmid in dict.fromkeys(pmids)]
        scored = [Scored(pmid, float(row @ vector)) for pmid, row in found if row is not None]
        return best_first(scored)

    def search(self, vector: npt.NDArray[np.float32], limit: int, allowed: PmidSet | None = None) -> list[Scored]:
        if vector.shape != (self.dimension,):
            raise GenerationError(
                f"a query vector of shape {vector.shape} was sent to an index of dimension {self.dimension}; "
                "search with the encoder that built the generation"
            )
        limit = min(limit, self.count)
        if limit == 0:
            return []
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        scores, pmids = self._vectors.search(query, limit, allowed)
        found = [Scored(int(i), float(s)) for i, s in zip(pmids, scores, strict=True) if i >= 0]
        return best_first(found)[:limit]


class _OneFile:
    def __init__(self, index: Any) -> None:
        faiss = load_faiss()
        self._index = index
        self._inner = faiss.downcast_index(index.index)
        self._ivf = isinstance(self._inner, faiss.IndexIVF)
        if self._ivf:
            # Needed to look a kept vector up; not stored in the file, rebuilt in a moment.
            self._inner.make_direct_map()
        self.count = int(index.ntotal)
        self.dimension = int(index.d)

    def pmids(self) -> npt.NDArray[np.int64]:
        return np.array(load_faiss().vector_to_array(self._index.id_map), dtype=np.int64)

    def row(self, pmid: int) -> npt.NDArray[np.float32] | None:
        try:
            return np.asarray(self._index.reconstruct(pmid), dtype=np.float32)
        except RuntimeError:
            return None

    def search(self, query: npt.NDArray[np.float32], limit: int, allowed: PmidSet | None) -> Found:
        faiss = load_faiss()
        selector = allowed.selector if allowed else None
        if self._ivf:
            cells = cells_to_read(self.count, int(self._inner.nlist), allowed)
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=cells)
        else:
            parameters = faiss.SearchParameters(sel=selector)
        scores, pmids = self._index.search(query, limit, params=parameters)
        return scores[0], pmids[0]
