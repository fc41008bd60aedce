"""The dense leg at scale: what building, opening and searching cost, flat, as one inverted file, and in four shards.

python -m benchmarks.vectors [N] [--home HOME] [--layouts ivf,sharded] [--to FILE]      N vectors, 200,000 unless told

With --home, vectors are made of those that HOME's published generation holds: one article's, plus part of the
difference of two others, plus noise; otherwise of Gaussian clouds on the sphere. Each build and each reading runs in a
process of its own. Queries come one after the other, on one thread for each shard, at most as many as there are cores.
Where FAISS has a GPU, each build is made again without it. CPU seconds tell what a busy machine's clock does not.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import faiss
import numpy as np
import numpy.typing as npt

from benchmarks.data import heading
from retrieval.index.dense import DenseReader, PmidSet, cells, faiss_version, write_vectors, writing
from retrieval.index.dense.engine import gpu_count
from retrieval.index.generation import GenerationStore

Rows = npt.NDArray[np.float32]

_DIMENSION: Final = 384
_QUERIES: Final = 300
_SHARDS: Final = 4
_LAYOUTS: Final = ("flat", "ivf", "sharded")
_BATCH: Final = 50_000
_ALLOWED: Final = 1_000


class Corpus(NamedTuple):
    """Files that the measuring processes share: vectors in half precision, queries, and the nearest 100 of each."""

    vectors: Path
    queries: Path
    nearest: Path
    articles: int
    dimension: int

    def read(self) -> npt.NDArray[np.float16]:
        return np.memmap(self.vectors, dtype=np.float16, mode="r", shape=(self.articles, self.dimension))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=200_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--layouts", default=",".join(_LAYOUTS))
    parser.add_argument("--to", type=Path)
    given = parser.parse_args()
    title = heading(f"Vectors: {given.count:,}, FAISS {faiss_version()}")
    print(title, flush=True)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = _corpus(Path(folder), given.count, given.home)
        for layout in given.layouts.split(","):
            for use_gpu in (True, False) if gpu_count() else (False,):
                path = Path(folder) / f"{layout}-{use_gpu}" / "articles.faiss"
                measured = {"layout": layout, "gpu": use_gpu}
                measured |= _apart(_build, corpus, path, layout, use_gpu)
                measured |= _apart(_read, corpus, path)
                found.append(measured)
                print("  " + ", ".join(f"{name} {value}" for name, value in measured.items()), flush=True)
    if given.to:
        made = {"title": title, "count": given.count, "from": "home" if given.home else "clouds", "measured": found}
        given.to.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


def _apart(measure: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure, *given).result()


# --- What is measured ------------------------------------------------------------------------------------------------


def _build(corpus: Corpus, path: Path, layout: str, use_gpu: bool) -> dict[str, Any]:
    """Seconds of the clock and of the CPU; "rest" is quantising and writing."""
    spent = {"train": 0.0, "assign": 0.0}
    count = corpus.articles
    flat_limit, shard_limit = {"flat": (count, count), "ivf": (0, count), "sharded": (0, -(-count // _SHARDS))}[layout]
    vectors, pmids = corpus.read(), _pmids(count)
    before = _memory()["peak_mb"]
    clock, cpu = perf_counter(), process_time()
    with (
        patch.object(writing, "train_cells", _timed(cells.train_cells, spent, "train")),
        patch.object(cells.CellFinder, "find", _timed(cells.CellFinder.find, spent, "assign")),
        _gpu(use_gpu),
    ):
        write_vectors(path, pmids, vectors, flat_limit=flat_limit, shard_limit=shard_limit)
    total, on_cpu = perf_counter() - clock, process_time() - cpu
    size = sum(file.stat().st_size for file in path.parent.iterdir())
    seconds = {"build": total, **spent, "rest": total - sum(spent.values()), "build_cpu": on_cpu}
    figures = {f"{name}_s": round(value, 1) for name, value in seconds.items()}
    return figures | {"bytes_each": round(size / count, 1), "build_mb": _memory()["peak_mb"] - before}


def _read(corpus: Corpus, path: Path) -> dict[str, Any]:
    faiss.omp_set_num_threads(1)
    queries, nearest = np.load(corpus.queries), np.load(corpus.nearest)
    before, started = _memory(), perf_counter()
    reader = DenseReader(path)
    opening, opened = perf_counter() - started, _memory()
    pmids = _pmids(corpus.articles)
    for query in queries[:20]:
        reader.search(query, 100)
    took, found = _ask(lambda query: [s.pmid for s in reader.search(query, 100)], queries)
    chosen = np.random.default_rng(9).choice(pmids, min(corpus.articles, _ALLOWED), replace=False)
    allowed = PmidSet(chosen.tolist())
    filtered, _ = _ask(lambda query: [s.pmid for s in reader.search(query, 100, allowed)], queries[:50])
    after = _memory()

    def recall(depth: int) -> float:
        pairs = zip(found, nearest, strict=True)
        return round(float(np.mean([len({*f[:depth]} & {*pmids[n[:depth]].tolist()}) / depth for f, n in pairs])), 4)

    return {
        "open_ms": round(opening * 1e3, 1),
        "open_anonymous_mb": opened["anonymous_mb"] - before["anonymous_mb"],
        "after_anonymous_mb": after["anonymous_mb"] - before["anonymous_mb"],
        "after_files_mb": after["files_mb"] - before["files_mb"],
        "p50_ms": round(float(np.percentile(took, 50)) * 1e3, 2),
        "p95_ms": round(float(np.percentile(took, 95)) * 1e3, 2),
        "filtered_p50_ms": round(float(np.percentile(filtered, 50)) * 1e3, 2),
        "recall_10": recall(10),
        "recall_100": recall(100),
    }


def _ask(search: Callable[[Rows], list[int]], queries: Rows) -> tuple[list[float], list[list[int]]]:
    took, found = [], []
    for query in queries:
        started = perf_counter()
        found.append(search(query))
        took.append(perf_counter() - started)
    return took, found


def _timed(call: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    def timed(*given: Any) -> Any:
        started = perf_counter()
        try:
            return call(*given)
        finally:
            spent[name] += perf_counter() - started

    return timed


@contextmanager
def _gpu(use: bool) -> Iterator[None]:
    if use:
        yield
        return
    with patch.object(cells, "gpu_copy", lambda index: None):
        yield


def _memory() -> dict[str, int]:
    """What this process holds, as Linux tells it: memory of its own, pages of files, and the most it ever held."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    told = {name: int(rest.split()[0]) // 1024 for name, _, rest in (x.partition(":") for x in lines) if " kB" in rest}
    return {"anonymous_mb": told["RssAnon"], "files_mb": told["RssFile"], "peak_mb": told["VmHWM"]}


# --- What it is measured on ------------------------------------------------------------------------------------------


def _pmids(count: int) -> npt.NDArray[np.int64]:
    return np.arange(1, count + 1, dtype=np.int64) * 7


def _corpus(folder: Path, count: int, home: Path | None) -> Corpus:
    make = _from_home(home) if home else _clouds()
    queries = make(_QUERIES)
    dimension = queries.shape[1]
    corpus = Corpus(folder / "vectors.f16", folder / "queries.npy", folder / "nearest.npy", count, dimension)
    vectors = np.memmap(corpus.vectors, dtype=np.float16, mode="w+", shape=(count, dimension))
    best = faiss.ResultHeap(_QUERIES, 100, keep_max=True)
    for start in range(0, count, _BATCH):
        rows = make(min(_BATCH, count - start)).astype(np.float16)
        vectors[start : start + len(rows)] = rows
        depth = min(100, len(rows))
        scores, ids = faiss.knn(queries, rows.astype(np.float32), depth, metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, ids + start)
    best.finalize()
    vectors.flush()
    np.save(corpus.queries, queries)
    np.save(corpus.nearest, best.I)
    return corpus


def _from_home(home: Path) -> Callable[[int], Rows]:
    store = GenerationStore(home / "generations")
    reader = DenseReader(store.folder(store.current()) / "dense" / "articles.faiss")
    real = np.stack([reader.vector(int(pmid)) for pmid in reader.pmids])
    rng = np.random.default_rng(1)

    def make(count: int) -> Rows:
        one, other, third = (real[rng.integers(0, len(real), count)] for _ in range(3))
        return _unit(one + 0.4 * (other - third) + _noise(rng, (count, real.shape[1]), 0.1))

    return make


def _clouds() -> Callable[[int], Rows]:
    """2,000 clouds of unequal size, each spread most along 16 directions of its own."""
    rng = np.random.default_rng(1)
    centres = _unit(rng.standard_normal((2_000, _DIMENSION), dtype=np.float32))
    spread = rng.standard_normal((2_000, 16, _DIMENSION), dtype=np.float32) / np.float32(math.sqrt(_DIMENSION))
    weights = rng.pareto(1.5, 2_000) + 1
    weights /= weights.sum()

    def make(count: int) -> Rows:
        chosen = np.sort(rng.choice(2_000, count, p=weights))
        along = rng.standard_normal((count, 16), dtype=np.float32) * np.float32(0.25)
        rows = centres[chosen] + _noise(rng, (count, _DIMENSION), 0.5)
        for cloud in np.unique(chosen):
            inside = slice(*np.searchsorted(chosen, [cloud, cloud + 1]))
            rows[inside] += along[inside] @ spread[cloud]
        return _unit(rows[rng.permutation(count)])

    return make


def _noise(rng: np.random.Generator, shape: tuple[int, int], length: float) -> Rows:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(length / math.sqrt(shape[1]))


def _unit(rows: Rows) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))
    main()
