"""The dense leg: exact below the limit, quantised above, in shards far above; keyed by PMID throughout."""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from retrieval.errors import ConfigurationError, GenerationError
from retrieval.index.dense import FLAT_LIMIT, DenseReader, PmidSet, write_vectors

Index = tuple[DenseReader, npt.NDArray[np.int64], npt.NDArray[np.float32]]
RNG = np.random.default_rng(7)


def unit_vectors(count: int, dimension: int = 32) -> npt.NDArray[np.float32]:
    vectors = RNG.normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.fixture(params=["flat", "quantised", "sharded"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Index:
    limits = {"flat": (FLAT_LIMIT, FLAT_LIMIT), "quantised": (100, 2_000), "sharded": (100, 700)}
    flat, shard = limits[request.param]
    vectors = unit_vectors(2_000)
    pmids = np.sort(RNG.choice(2**52, 2_000, replace=False))
    write_vectors(tmp_path / "v.faiss", pmids, vectors.astype(np.float16), flat_limit=flat, shard_limit=shard)
    return DenseReader(tmp_path / "v.faiss"), pmids, vectors


def test_every_vector_finds_its_own_pmid_first(index: Index) -> None:
    reader, pmids, vectors = index
    for row in range(0, 2_000, 97):
        assert reader.search(vectors[row], 5)[0].pmid == pmids[row]


def test_scores_are_inner_products_best_first(index: Index) -> None:
    reader, pmids, vectors = index
    found = reader.search(vectors[3], 50)
    scores = [s.score for s in found]
    assert scores == sorted(scores, reverse=True)
    rows = np.searchsorted(pmids, [s.pmid for s in found])
    assert np.allclose(scores, vectors[rows] @ vectors[3], atol=0.02)


def test_only_allowed_pmids_come_back(index: Index) -> None:
    reader, pmids, vectors = index
    chosen = [int(p) for p in pmids[100:110]]
    found = reader.search(vectors[0], 50, PmidSet(chosen))
    assert {s.pmid for s in found} <= set(chosen)
    rest = reader.search(vectors[105], 50, PmidSet(chosen, complement=True))
    assert {s.pmid for s in rest}.isdisjoint(chosen)
    assert len(rest) == 50


def test_a_narrow_filter_finds_all_that_it_allows(index: Index) -> None:
    reader, pmids, vectors = index
    chosen = [int(p) for p in pmids[::200]]
    assert {s.pmid for s in reader.search(vectors[0], 50, PmidSet(chosen))} == set(chosen)


def test_without_faiss_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ConfigurationError, match=r"FAISS is not installed; `uv sync` brings the CPU build"):
        DenseReader(tmp_path / "v.faiss")


def test_scores_of_given_articles_leave_unknown_ones_out(index: Index) -> None:
    reader, pmids, vectors = index
    wanted = [int(pmids[9]), int(pmids[4]), 1]
    scored = reader.scores(vectors[4], wanted)
    assert [s.pmid for s in scored] == [int(pmids[4]), int(pmids[9])]
    assert scored[0].score == pytest.approx(1.0, abs=0.02)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v.faiss", np.array([], dtype=np.int64), np.zeros((0, 8), dtype=np.float16))
    assert DenseReader(tmp_path / "v.faiss").search(np.ones(8, dtype=np.float32), 5) == []


def test_a_vector_of_another_length_is_refused(index: Index) -> None:
    with pytest.raises(GenerationError, match=r"shape \(3,\) was sent to an index of dimension 32"):
        index[0].search(np.ones(3, dtype=np.float32), 5)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"IxMp" + bytes(100)])
def test_a_file_that_is_no_index_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.faiss"
    path.write_bytes(content)
    with pytest.raises(GenerationError, match="cannot be read"):
        DenseReader(path)
