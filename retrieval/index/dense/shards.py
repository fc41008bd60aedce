"""A sharded index: parts of the same cells in several files, mapped into memory and searched side by side.

What is read of the files stays in the operating system's cache of them and gives way when memory is short. PMIDs are
looked up in a sorted file instead of the table that FAISS would build, so that opening takes no time and no memory.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from retrieval.errors import GenerationError
from retrieval.index.dense.cells import cells_to_read
from retrieval.index.dense.engine import load_faiss
from retrieval.index.dense.pmid_set import PmidSet

OFFSET_BITS: Final = 32
"""A place is the number of a cell above these bits, and of a vector within its cell and shard in them."""

Found = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
"""Scores and PMIDs, shape (n,) each; -1 stands where there was none to find."""


def shard_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number:03d}{path.suffix}")


def places_path(path: Path) -> Path:
    return path.with_suffix(".places.npy")


class Shards:
    """An open sharded index; `trained` is its first file, the cells without vectors."""

    def __init__(self, path: Path, trained: Any) -> None:
        self._trained = trained
        self._centres = load_faiss().downcast_index(trained.quantizer)
        self.dimension = int(trained.d)
        self._pmids, self._places = _read_places(places_path(path))
        self.count = len(self._pmids)
        self._shards: list[Any] = []
        starts = [0]
        # How many there are is not written down: they must make up the count.
        while starts[-1] < self.count:
            self._shards.append(self._open(shard_path(path, len(starts))))
            starts.append(starts[-1] + int(self._shards[-1].ntotal))
        if starts[-1] != self.count:
            raise GenerationError(
                f"the vectors beside {path} number {starts[-1]:,}, {places_path(path)} lists {self.count:,}; "
                "rebuild or roll back"
            )
        self._starts = np.array(starts)
        self._files = [shard_path(path, number) for number in range(1, len(starts))]
        threads = min(len(self._shards), os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="shards")

    def _open(self, path: Path) -> Any:
        faiss = load_faiss()
        try:
            shard = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        except RuntimeError as exc:
            raise GenerationError(f"the vector index {path} cannot be read: {exc}; rebuild or roll back") from exc
        shape = type(shard), shard.d, getattr(shard, "nlist", 0)
        if shape != (type(self._trained), self.dimension, self._trained.nlist) or shard.ntotal == 0:
            raise GenerationError(f"the vector index {path} is no part of the index beside it; rebuild or roll back")
        # The centres of all shards stand in the first file; the empty stand-in that they bring costs some 100 bytes.
        # Having Python free it (`this.own`) would cost the SWIG wrapper a reference to its own types, and in the end a
        # crash.
        shard.own_fields = False
        shard.quantizer = self._centres
        return shard

    def pmids(self) -> npt.NDArray[np.int64]:
        return np.array(self._pmids)

    def row(self, pmid: int) -> npt.NDArray[np.float32] | None:
        faiss = load_faiss()
        at = int(np.searchsorted(self._pmids, pmid))
        if at == self.count or self._pmids[at] != pmid:
            return None
        number = int(np.searchsorted(self._starts, at, side="right")) - 1
        shard = self._shards[number]
        cell, offset = divmod(int(self._places[at]), 1 << OFFSET_BITS)
        # A place beyond the end of its cell would be read from foreign memory.
        known = 0 <= cell < shard.nlist and offset < shard.invlists.list_size(cell)
        if not known or shard.invlists.get_single_id(cell, offset) != pmid:
            raise GenerationError(f"PMID {pmid} is not at its place in {self._files[number]}; rebuild or roll back")
        row = np.empty(self.dimension, dtype=np.float32)
        shard.reconstruct_from_offset(cell, offset, faiss.swig_ptr(row))
        return row

    def search(self, query: npt.NDArray[np.float32], limit: int, allowed: PmidSet | None) -> Found:
        """The nearest to `query`, shape (1, dimension), of all shards, in no order."""
        wanted = cells_to_read(self.count, self._trained.nlist, allowed)
        nearness, cells = self._centres.search(query, wanted)
        if allowed is not None and not allowed.complement and allowed.size <= self._trained.nlist:
            # Few articles lie in few cells, and in the others there is nothing to find.
            holding = np.isin(cells, self._cells_of(allowed.pmids))
            nearness, cells = nearness[holding][None], cells[holding][None]
        if cells.size == 0:
            return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)

        def one(shard: Any) -> Found:
            return _search_cells(shard, query, limit, cells, nearness, allowed)

        found = list(self._pool.map(one, self._shards))
        return np.concatenate([scores for scores, _ in found]), np.concatenate([pmids for _, pmids in found])

    def _cells_of(self, pmids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        at = np.minimum(np.searchsorted(self._pmids, pmids), self.count - 1)
        return np.unique(self._places[at[self._pmids[at] == pmids]] >> OFFSET_BITS)


def _search_cells(
    shard: Any,
    query: npt.NDArray[np.float32],
    limit: int,
    cells: npt.NDArray[np.int64],
    nearness: npt.NDArray[np.float32],
    allowed: PmidSet | None,
) -> Found:
    faiss = load_faiss()
    selector = allowed.selector if allowed else None
    parameters = faiss.SearchParametersIVF(sel=selector, nprobe=cells.shape[1])
    scores = np.empty((1, limit), dtype=np.float32)
    pmids = np.empty((1, limit), dtype=np.int64)
    # FAISS's wrapper for this call takes no parameters, hence no filter.
    inputs = 1, faiss.swig_ptr(query), limit, faiss.swig_ptr(cells), faiss.swig_ptr(nearness)
    shard.search_preassigned_c(*inputs, faiss.swig_ptr(scores), faiss.swig_ptr(pmids), False, parameters)
    return scores[0], pmids[0]


def _read_places(path: Path) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    try:
        table = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as exc:
        raise GenerationError(f"the list of vectors {path} cannot be read: {exc}; rebuild or roll back") from exc
    if table.ndim != 2 or len(table) != 2 or table.dtype != np.int64:
        raise GenerationError(f"{path} is no list of vectors; rebuild or roll back")
    return table[0], table[1]
