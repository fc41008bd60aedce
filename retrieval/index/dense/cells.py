"""The cells of an inverted file: their training, and which cell a vector belongs to."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from retrieval.index.dense.engine import gpu_copy, load_faiss, warn_of_gpu
from retrieval.index.dense.pmid_set import PmidSet

CELLS_READ: Final = 128
_TRAIN_PER_CELL: Final = 64
_SEED: Final = 20240117


def train_cells(vectors: npt.NDArray[np.float16]) -> Any:
    """An inverted file without vectors, trained on some of `vectors`, shape (n, dimension)."""
    faiss = load_faiss()
    count, dimension = vectors.shape
    cells = int(4 * math.sqrt(count))
    quantizer = faiss.IndexFlatIP(dimension)
    kind = faiss.ScalarQuantizer.QT_8bit
    trained = faiss.IndexIVFScalarQuantizer(quantizer, dimension, cells, kind, faiss.METRIC_INNER_PRODUCT)
    chosen = np.random.default_rng(_SEED).choice(count, min(count, cells * _TRAIN_PER_CELL), replace=False)
    sample = np.asarray(vectors[np.sort(chosen)], dtype=np.float32)
    # The attribute only points at the copy, which must outlive the training.
    trained.clustering_index = on_gpus = gpu_copy(faiss.IndexFlatIP(dimension))
    try:
        trained.train(sample)
    except RuntimeError as exc:
        if on_gpus is None:
            raise
        warn_of_gpu(exc)
        trained.clustering_index = None
        trained.train(sample)
    trained.clustering_index = None
    trained.nprobe = CELLS_READ
    return trained


class CellFinder:
    """Says which cell vectors belong to: on the GPUs while they have room, otherwise on the CPU."""

    def __init__(self, trained: Any) -> None:
        self._cpu = load_faiss().downcast_index(trained.quantizer)
        self._gpu = gpu_copy(self._cpu)

    def find(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """The nearest cell of each, shape (n,)."""
        if self._gpu is not None:
            try:
                return np.ascontiguousarray(self._gpu.search(vectors, 1)[1][:, 0])
            except RuntimeError as exc:
                warn_of_gpu(exc)
                self._gpu = None
        return np.ascontiguousarray(self._cpu.search(vectors, 1)[1][:, 0])


def add(index: Any, finder: CellFinder, vectors: npt.NDArray[np.float16], pmids: npt.NDArray[np.int64] | None) -> None:
    """Put `vectors` into their cells under `pmids`, or under the numbers of their rows where None is given."""
    faiss = load_faiss()
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    cells = finder.find(rows)
    ids = None if pmids is None else np.ascontiguousarray(pmids, dtype=np.int64)
    # The arrays must live through the call: FAISS is handed their addresses.
    pointer = None if ids is None else faiss.swig_ptr(ids)
    index.add_core(len(rows), faiss.swig_ptr(rows), pointer, faiss.swig_ptr(cells))


def cells_to_read(count: int, cells: int, allowed: PmidSet | None) -> int:
    """More cells the fewer articles are allowed, so that enough candidates are seen: half as many as without a filter,
    since they come out of more of the cells around.
    """
    if allowed is None or allowed.complement:
        return min(cells, CELLS_READ)
    return min(cells, max(CELLS_READ, math.ceil(CELLS_READ * count / (2 * max(1, allowed.size)))))
