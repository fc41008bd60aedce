"""The dense leg: nearest articles by inner product, by FAISS, keyed by PMID.

Up to FLAT_LIMIT articles the search is exact; above, an inverted file with 8-bit scalar quantisation (IVF + SQ8) reads
a few of its cells: at 231,180 articles that finds 96 of the 100 nearest in 0.9 ms (2 cores, abstracts and noisy
copies of them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from retrieval.errors import ConfigurationError, GenerationError
from retrieval.index.interface import Scored

FLAT_LIMIT: Final = 100_000
_TRAIN_PER_CELL: Final = 64
_CELLS_READ: Final = 64
_ADD_BATCH: Final = 50_000
_SEED: Final = 20240117


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as exc:
        raise ConfigurationError(
            "FAISS is not installed; `uv sync` brings the CPU build, `uv sync --no-group cpu --group gpu` the GPU one, "
            "`pip install pathlit[cpu]` or `pathlit[gpu]` one of them beside a released pathlit"
        ) from exc
    return faiss


def write_vectors(path: Path, pmids: npt.NDArray[np.int64], vectors: npt.NDArray[np.float16]) -> None:
    """Write the index of `vectors`, shape (n, dimension), under their PMIDs, shape (n,); n may be 0."""
    faiss = _faiss()
    count, dimension = vectors.shape
    if count <= FLAT_LIMIT:
        inner = faiss.IndexFlatIP(dimension)
    else:
        cells = int(4 * math.sqrt(count))
        quantizer = faiss.IndexFlatIP(dimension)
        scalar = faiss.ScalarQuantizer.QT_8bit
        inner = faiss.IndexIVFScalarQuantizer(quantizer, dimension, cells, scalar, faiss.METRIC_INNER_PRODUCT)
        sample = np.random.default_rng(_SEED).choice(count, min(count, cells * _TRAIN_PER_CELL), replace=False)
        inner.train(np.asarray(vectors[np.sort(sample)], dtype=np.float32))
        inner.nprobe = _CELLS_READ
    index = faiss.IndexIDMap2(inner)
    for start in range(0, count, _ADD_BATCH):
        batch = slice(start, start + _ADD_BATCH)
        index.add_with_ids(np.asarray(vectors[batch], dtype=np.float32), np.asarray(pmids[batch], dtype=np.int64))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as exc:
        raise GenerationError(f"the vector index {path} cannot be written: {exc}; is the disk full?") from exc


class PmidSet:
    """A set of PMIDs as FAISS takes it: those given, or all but those given."""

    def __init__(self, pmids: list[int], *, complement: bool = False) -> None:
        faiss = _faiss()
        self.size = len(pmids)
        self.complement = complement
        self.pmids = np.asarray(pmids, dtype=np.int64)
        # Both selectors only point at what they wrap; the attributes keep it alive.
        self._batch = faiss.IDSelectorBatch(self.pmids)
        self.selector = faiss.IDSelectorNot(self._batch) if complement else self._batch


class DenseReader:
    """Answers from a FAISS index; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        faiss = _faiss()
        try:
            self._index = faiss.read_index(str(path))
        except RuntimeError as exc:
            raise GenerationError(f"the vector index {path} cannot be read: {exc}; rebuild or roll back") from exc
        self._inner = faiss.downcast_index(self._index.index)
        self._ivf = isinstance(self._inner, faiss.IndexIVF)
        if self._ivf:
            # Needed to look a kept vector up; not stored in the file, rebuilt in a moment.
            self._inner.make_direct_map()

    @property
    def count(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    @property
    def pmids(self) -> npt.NDArray[np.int64]:
        """Every PMID, shape (count,), in the order of adding."""
        faiss = _faiss()
        return np.array(faiss.vector_to_array(self._index.id_map), dtype=np.int64)

    def vector(self, pmid: int) -> npt.NDArray[np.float32]:
        """The vector kept for a PMID, shape (dimension,); KeyError where there is none. For verification."""
        try:
            return np.asarray(self._index.reconstruct(pmid), dtype=np.float32)
        except RuntimeError as exc:
            raise KeyError(pmid) from exc

    def scores(self, vector: npt.NDArray[np.float32], pmids: Sequence[int]) -> list[Scored]:
        """The scores of given articles, best first; one without a vector is left out."""
        found = [(pmid, self._row_or_none(pmid)) for pmid in dict.fromkeys(pmids)]
        scored = [Scored(pmid, float(row @ vector)) for pmid, row in found if row is not None]
        return sorted(scored, key=lambda s: (-s.score, s.pmid))

    def _row_or_none(self, pmid: int) -> npt.NDArray[np.float32] | None:
        try:
            return self.vector(pmid)
        except KeyError:
            return None

    def _cells_to_read(self, allowed: PmidSet | None) -> int:
        """More cells the fewer articles are allowed, so that about as many candidates are seen as without a filter."""
        if allowed is None or allowed.complement:
            return _CELLS_READ
        wanted = math.ceil(_CELLS_READ * self.count / max(1, allowed.size))
        return min(int(self._inner.nlist), wanted)

    def search(self, vector: npt.NDArray[np.float32], limit: int, allowed: PmidSet | None = None) -> list[Scored]:
        faiss = _faiss()
        if vector.shape != (self.dimension,):
            raise GenerationError(
                f"a query vector of shape {vector.shape} was sent to an index of dimension {self.dimension}; "
                "search with the encoder that built the generation"
            )
        limit = min(limit, self.count)
        if limit == 0:
            return []
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        selector = allowed.selector if allowed else None
        if self._ivf:
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=self._cells_to_read(allowed))
        else:
            parameters = faiss.SearchParameters(sel=selector)
        scores, ids = self._index.search(query, limit, params=parameters)
        found = [Scored(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
        return sorted(found, key=lambda s: (-s.score, s.pmid))


def faiss_version() -> str:
    """The release of FAISS and what it runs on; ConfigurationError where none is installed."""
    faiss = _faiss()
    gpus = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    return f"{faiss.__version__}, {f'{gpus} GPUs' if gpus else 'CPU'}"
