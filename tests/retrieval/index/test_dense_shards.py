"""Shards: the same cells in several files, which answer as one file would."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from retrieval.errors import GenerationError
from retrieval.index.dense import DenseReader, PmidSet, write_vectors
from retrieval.index.dense.cells import CELLS_READ
from retrieval.index.dense.engine import load_faiss
from retrieval.index.interface import Scored

# Its own type hints know neither `sel` nor all that the wrappers accept.
faiss: Any = load_faiss()
COUNT = 3_000
DIMENSION = 32
LIMIT = 800
"""Of vectors in a shard: 3,000 make four shards of 750."""


class Corpus(NamedTuple):
    path: Path
    pmids: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]

    def one_file(self) -> Any:
        """All vectors in the very cells of the shards, as one index of FAISS."""
        index = faiss.read_index(str(self.path))
        index.add_with_ids(self.vectors, self.pmids)
        return index


def write(path: Path, pmids: npt.NDArray[np.int64], vectors: npt.NDArray[np.float32]) -> None:
    write_vectors(path, pmids, vectors.astype(np.float16), flat_limit=100, shard_limit=LIMIT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(COUNT, DIMENSION))
    # As the catalog hands them over: half precision, of length one.
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    pmids = np.sort(rng.choice(40_000_000, COUNT, replace=False)).astype(np.int64)
    path = tmp_path_factory.mktemp("dense") / "articles.faiss"
    write(path, pmids, vectors)
    return Corpus(path, pmids, vectors)


@pytest.fixture
def corpus(written: Corpus, tmp_path: Path) -> Corpus:
    """A copy, to be damaged."""
    shutil.copytree(written.path.parent, tmp_path / "dense")
    return written._replace(path=tmp_path / "dense" / "articles.faiss")


def as_scored(index: Any, query: npt.NDArray[np.float32], limit: int, cells: int, allowed: Any = None) -> list[Scored]:
    parameters = faiss.SearchParametersIVF(sel=allowed, nprobe=cells)
    scores, pmids = index.search(query[None], limit, params=parameters)
    return [Scored(int(p), float(s)) for p, s in zip(pmids[0], scores[0], strict=True) if p >= 0]


def test_the_files_are_cells_shards_and_places(written: Corpus) -> None:
    names = sorted(path.name for path in written.path.parent.iterdir())
    shards = [f"articles-00{number}.faiss" for number in range(1, 5)]
    assert names == [*shards, "articles.faiss", "articles.places.npy"]
    assert faiss.read_index(str(written.path)).ntotal == 0
    assert [faiss.read_index(str(written.path.parent / name)).ntotal for name in shards] == [750] * 4


def test_shards_find_exactly_what_one_file_with_the_same_cells_finds(written: Corpus) -> None:
    reader, whole = DenseReader(written.path), written.one_file()
    assert whole.nlist > CELLS_READ
    for query in written.vectors[::100]:
        assert reader.search(query, 100) == as_scored(whole, query, 100, CELLS_READ)


@pytest.mark.parametrize("size", [5, 100, 1_000])
def test_a_filter_holds_in_every_shard_exactly_as_in_one_file(written: Corpus, size: int) -> None:
    reader, whole = DenseReader(written.path), written.one_file()
    # Some of every shard, and some that no shard has.
    chosen = [int(p) for p in np.random.default_rng(5).choice(written.pmids, size, replace=False)] + [50_000_001]
    allowed, refused = PmidSet(chosen), PmidSet(chosen, complement=True)
    cells = min(whole.nlist, max(CELLS_READ, -(-CELLS_READ * COUNT // (2 * len(chosen)))))
    for query in written.vectors[::300]:
        assert reader.search(query, 50, allowed) == as_scored(whole, query, 50, cells, allowed.selector)
        assert reader.search(query, 50, refused) == as_scored(whole, query, 50, CELLS_READ, refused.selector)


def test_a_filter_that_no_article_meets_finds_nothing(written: Corpus) -> None:
    assert DenseReader(written.path).search(written.vectors[0], 5, PmidSet([50_000_001])) == []
    assert DenseReader(written.path).search(written.vectors[0], 5, PmidSet([])) == []


def test_equal_scores_come_in_the_order_of_pmids(tmp_path: Path) -> None:
    vectors = np.tile(np.eye(8, dtype=np.float32), (250, 1))
    write(tmp_path / "v.faiss", np.arange(1, 2_001), vectors)
    found = [s.pmid for s in DenseReader(tmp_path / "v.faiss").search(vectors[0], 250)]
    assert found == list(range(1, 2_001, 8))


def test_every_vector_is_looked_up_under_its_pmid(written: Corpus) -> None:
    reader = DenseReader(written.path)
    assert reader.count == COUNT
    assert reader.dimension == DIMENSION
    assert np.array_equal(reader.pmids, written.pmids)
    kept = np.stack([reader.vector(int(pmid)) for pmid in written.pmids])
    assert np.allclose(kept, written.vectors, atol=0.01)
    for unknown in (0, int(written.pmids[-1]) + 1):
        with pytest.raises(KeyError):
            reader.vector(unknown)


def test_pmids_in_any_order_make_the_same_files(written: Corpus, tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(COUNT)
    write(tmp_path / "articles.faiss", written.pmids[order], written.vectors[order])
    reader = DenseReader(tmp_path / "articles.faiss")
    assert np.array_equal(reader.pmids, written.pmids)
    for row in range(0, COUNT, 150):
        assert reader.search(written.vectors[row], 1)[0].pmid == written.pmids[row]


def test_deleting_the_folder_harms_no_open_reader(corpus: Corpus) -> None:
    reader = DenseReader(corpus.path)
    expected = DenseReader(corpus.path).search(corpus.vectors[7], 100)
    shutil.rmtree(corpus.path.parent)
    assert reader.search(corpus.vectors[7], 100) == expected
    assert np.allclose(reader.vector(int(corpus.pmids[2_999])), corpus.vectors[2_999], atol=0.01)


@pytest.mark.parametrize("name", ["articles-001.faiss", "articles-004.faiss", "articles.places.npy"])
def test_a_missing_file_is_named(corpus: Corpus, name: str) -> None:
    (corpus.path.parent / name).unlink()
    with pytest.raises(GenerationError, match=f"{name} cannot be read"):
        DenseReader(corpus.path)


@pytest.mark.parametrize("name", ["articles-002.faiss", "articles.places.npy"])
@pytest.mark.parametrize("left", [0, 40, 1_000, 20_000])
def test_a_file_cut_short_is_named(corpus: Corpus, name: str, left: int) -> None:
    path = corpus.path.parent / name
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(GenerationError, match=f"{name} cannot be read"):
        DenseReader(corpus.path)


def test_a_file_of_something_else_is_named(corpus: Corpus) -> None:
    folder = corpus.path.parent
    faiss.write_index(faiss.IndexFlatIP(DIMENSION), str(folder / "articles-003.faiss"))
    with pytest.raises(GenerationError, match=r"articles-003\.faiss is no part of the index beside it"):
        DenseReader(corpus.path)
    np.save(folder / "articles.places.npy", np.zeros(5))
    with pytest.raises(GenerationError, match=r"articles\.places\.npy is no list of vectors"):
        DenseReader(corpus.path)


def test_more_vectors_than_listed_are_an_error(corpus: Corpus) -> None:
    folder = corpus.path.parent
    np.save(folder / "articles.places.npy", np.load(folder / "articles.places.npy")[:, :-1])
    with pytest.raises(GenerationError, match=r"number 3,000, .*places\.npy lists 2,999"):
        DenseReader(corpus.path)


def test_shards_that_changed_places_are_noticed(corpus: Corpus) -> None:
    folder = corpus.path.parent
    (folder / "articles-001.faiss").rename(folder / "kept")
    (folder / "articles-002.faiss").rename(folder / "articles-001.faiss")
    (folder / "kept").rename(folder / "articles-002.faiss")
    with pytest.raises(GenerationError, match=r"is not at its place in .*articles-001\.faiss"):
        DenseReader(corpus.path).vector(int(corpus.pmids[0]))
