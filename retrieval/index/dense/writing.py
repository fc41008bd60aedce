"""Vectors into files: one, or above a limit several shards, built one after the other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from retrieval.errors import GenerationError
from retrieval.index.dense.cells import CellFinder, add, train_cells
from retrieval.index.dense.engine import load_faiss
from retrieval.index.dense.shards import OFFSET_BITS, places_path, shard_path

FLAT_LIMIT: Final = 100_000
SHARD_LIMIT: Final = 5_000_000
"""Vectors in one file: a build holds one file in memory, 2 GB at 384 dimensions and this many vectors."""
_ADD_BATCH: Final = 50_000


def write_vectors(
    path: Path,
    pmids: npt.NDArray[np.int64],
    vectors: npt.NDArray[np.float16],
    *,
    flat_limit: int = FLAT_LIMIT,
    shard_limit: int = SHARD_LIMIT,
) -> None:
    """Write the index of `vectors`, shape (n, dimension), under their PMIDs, shape (n,); n may be 0.

    `vectors` may be a file mapped into memory: it is read once, and for training a sample of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(vectors) <= flat_limit:
        _write(_flat(pmids, vectors), path)
    elif len(vectors) <= shard_limit:
        _write(_quantised(pmids, vectors), path)
    else:
        _write_shards(path, np.asarray(pmids, dtype=np.int64), vectors, shard_limit)


def _batches(count: int) -> list[slice]:
    return [slice(start, min(count, start + _ADD_BATCH)) for start in range(0, count, _ADD_BATCH)]


def _flat(pmids: npt.NDArray[np.int64], vectors: npt.NDArray[np.float16]) -> Any:
    faiss = load_faiss()
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
    for batch in _batches(len(vectors)):
        index.add_with_ids(np.asarray(vectors[batch], dtype=np.float32), np.asarray(pmids[batch], dtype=np.int64))
    return index


def _quantised(pmids: npt.NDArray[np.int64], vectors: npt.NDArray[np.float16]) -> Any:
    faiss = load_faiss()
    inner = train_cells(vectors)
    index = faiss.IndexIDMap2(inner)
    finder = CellFinder(inner)
    for batch in _batches(len(vectors)):
        add(inner, finder, vectors[batch], None)
    faiss.copy_array_to_vector(np.ascontiguousarray(pmids, dtype=np.int64), index.id_map)
    index.ntotal = inner.ntotal
    return index


def _write_shards(path: Path, pmids: npt.NDArray[np.int64], vectors: npt.NDArray[np.float16], shard_limit: int) -> None:
    count = len(pmids)
    # Mostly they come in order already, and the file of vectors is then read from its beginning to its end.
    order = None if bool(np.all(pmids[1:] > pmids[:-1])) else np.argsort(pmids, kind="stable")
    trained = train_cells(vectors)
    finder = CellFinder(trained)
    _write(trained, path)
    places = np.lib.format.open_memmap(places_path(path), mode="w+", dtype=np.int64, shape=(2, count))
    stand_in = load_faiss().IndexFlatIP(vectors.shape[1])
    shards = -(-count // shard_limit)
    bounds = [count * number // shards for number in range(shards + 1)]
    for number, (start, stop) in enumerate(pairwise(bounds), start=1):
        shard = _empty_shard(trained)
        for batch in _batches(stop - start):
            rows = slice(start + batch.start, start + batch.stop)
            taken = rows if order is None else order[rows]
            add(shard, finder, vectors[taken], pmids[taken])
        places[:, start:stop] = _places(shard)
        # The centres stand in the first file, once for all shards.
        shard.quantizer = stand_in
        _write(shard, shard_path(path, number))
    places.flush()


def _empty_shard(trained: Any) -> Any:
    """The same cells and quantisation, without a copy of the cells' centres."""
    faiss = load_faiss()
    kind, metric = trained.sq.qtype, trained.metric_type
    shard = faiss.IndexIVFScalarQuantizer(trained.quantizer, trained.d, trained.nlist, kind, metric)
    shard.sq = trained.sq
    shard.is_trained = True
    return shard


def _places(shard: Any) -> npt.NDArray[np.int64]:
    """Shape (2, n): the PMIDs of a shard ascending, and where each lies."""
    faiss = load_faiss()
    lists = shard.invlists
    sizes = np.array([lists.list_size(cell) for cell in range(shard.nlist)], dtype=np.int64)
    cells = np.repeat(np.arange(shard.nlist, dtype=np.int64), sizes)
    offsets = np.arange(sizes.sum(), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pmids = np.concatenate(
        [faiss.rev_swig_ptr(lists.get_ids(cell), int(sizes[cell])) for cell in np.flatnonzero(sizes).tolist()]
    )
    order = np.argsort(pmids)
    return np.stack([pmids[order], (cells[order] << OFFSET_BITS) | offsets[order]])


def _write(index: Any, path: Path) -> None:
    try:
        load_faiss().write_index(index, str(path))
    except RuntimeError as exc:
        raise GenerationError(f"the vector index {path} cannot be written: {exc}; is the disk full?") from exc
