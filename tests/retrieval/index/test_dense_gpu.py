"""Building on GPUs: used where FAISS has them, given up for the CPU where they fail, and the file is the same kind."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from retrieval.index.dense import DenseReader, cells, engine, write_vectors
from retrieval.index.dense.engine import faiss_version, gpu_count, load_faiss

# Its own type hints know neither `sel` nor all that the wrappers accept.
faiss: Any = load_faiss()
COUNT = 4_000
DIMENSION = 16


class StandIn:
    """FAISS with one GPU, whose copies of an index answer on the CPU until their room is used up."""

    def __init__(self, *, room: int) -> None:
        self.room = room
        self.copies: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(faiss, name)

    def get_num_gpus(self) -> int:
        return 1

    def index_cpu_to_all_gpus(self, index: Any) -> Any:
        assert type(index) is faiss.IndexFlatIP, "only flat indexes of inner products go to a GPU"
        if self.room == 0:
            raise RuntimeError("StandardGpuResources: alloc fail, out of memory (cudaMalloc)")
        self.copies.append(_Copy(self, faiss.clone_index(index)))
        return self.copies[-1]


class _Copy(faiss.IndexFlatIP):  # type: ignore[misc]
    """What a GPU would hold; searches from Python are counted and may fail."""

    module: Any = None
    searched = 0

    def __init__(self, module: StandIn, index: Any) -> None:
        super().__init__(index.d)
        if index.ntotal:
            self.add(index.reconstruct_n(0, index.ntotal))
        self.module = module

    def search(self, vectors: npt.NDArray[np.float32], limit: int) -> Any:
        if self.searched >= self.module.room:
            raise RuntimeError("cudaMalloc error out of memory [2]")
        self.searched += 1
        return super().search(vectors, limit)


@pytest.fixture
def vectors() -> npt.NDArray[np.float16]:
    found = np.random.default_rng(2).normal(size=(COUNT, DIMENSION))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float16)


def stand_in(monkeypatch: pytest.MonkeyPatch, *, room: int) -> StandIn:
    module = StandIn(room=room)
    monkeypatch.setattr(engine, "load_faiss", lambda: module)
    monkeypatch.setattr(cells, "load_faiss", lambda: module)
    return module


def written(path: Path, vectors: npt.NDArray[np.float16], shard_limit: int = COUNT) -> bytes:
    write_vectors(path, np.arange(COUNT), vectors, flat_limit=100, shard_limit=shard_limit)
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


@pytest.mark.parametrize("shard_limit", [COUNT, 1_500])
def test_cells_are_trained_and_found_on_the_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vectors: npt.NDArray[np.float16], shard_limit: int
) -> None:
    on_cpu = written(tmp_path / "cpu" / "v.faiss", vectors, shard_limit)
    module = stand_in(monkeypatch, room=100)
    on_gpu = written(tmp_path / "gpu" / "v.faiss", vectors, shard_limit)
    training, finding = module.copies
    assert training.ntotal > 0, "the centres of the last turn of k-means"
    assert finding.searched == -(-COUNT // shard_limit)
    # The stand-in reckons exactly as the CPU does.
    assert on_gpu == on_cpu


def test_a_gpu_without_room_is_given_up_with_a_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vectors: npt.NDArray[np.float16],
    caplog: pytest.LogCaptureFixture,
) -> None:
    on_cpu = written(tmp_path / "cpu" / "v.faiss", vectors)
    module = stand_in(monkeypatch, room=0)
    with caplog.at_level(logging.WARNING):
        assert written(tmp_path / "gpu" / "v.faiss", vectors) == on_cpu
    assert module.copies == []
    assert "out of memory (cudaMalloc)); the vector index is built on the CPU" in caplog.text


def test_a_gpu_that_fills_up_half_way_is_given_up_with_a_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vectors: npt.NDArray[np.float16],
    caplog: pytest.LogCaptureFixture,
) -> None:
    on_cpu = written(tmp_path / "cpu" / "v.faiss", vectors, 1_000)
    module = stand_in(monkeypatch, room=2)
    with caplog.at_level(logging.WARNING):
        assert written(tmp_path / "gpu" / "v.faiss", vectors, 1_000) == on_cpu
    assert module.copies[1].searched == 2
    assert len(caplog.records) == 1


def test_training_that_fails_on_the_gpu_is_done_on_the_cpu(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vectors: npt.NDArray[np.float16],
    caplog: pytest.LogCaptureFixture,
) -> None:
    on_cpu = written(tmp_path / "cpu" / "v.faiss", vectors)
    # Of another dimension, which k-means refuses as it would a GPU's failure.
    unfit = faiss.IndexFlatIP(DIMENSION + 1)
    copies = iter([unfit, None])
    monkeypatch.setattr(cells, "gpu_copy", lambda index: next(copies))
    with caplog.at_level(logging.WARNING):
        assert written(tmp_path / "gpu" / "v.faiss", vectors) == on_cpu
    assert len(caplog.records) == 1


def test_the_version_names_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faiss_version() == f"{faiss.__version__}, {f'{gpu_count()} GPUs' if gpu_count() else 'CPU'}"
    stand_in(monkeypatch, room=1)
    assert faiss_version() == f"{faiss.__version__}, 1 GPUs"


def test_a_real_gpu_finds_as_much_as_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vectors: npt.NDArray[np.float16]
) -> None:
    if gpu_count() == 0:
        pytest.skip("needs a GPU and faiss-gpu")
    written(tmp_path / "gpu" / "v.faiss", vectors)
    monkeypatch.setattr(cells, "gpu_copy", lambda index: None)
    written(tmp_path / "cpu" / "v.faiss", vectors)
    queries = vectors[::40].astype(np.float32)
    exact = np.argsort(-(queries @ vectors.astype(np.float32).T), axis=1)[:, :100]

    def recall(path: Path) -> float:
        reader = DenseReader(path)
        hits = [len({s.pmid for s in reader.search(q, 100)} & set(e)) for q, e in zip(queries, exact, strict=True)]
        return float(np.mean(hits)) / 100

    assert recall(tmp_path / "gpu" / "v.faiss") == pytest.approx(recall(tmp_path / "cpu" / "v.faiss"), abs=0.01)
