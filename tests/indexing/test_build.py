"""A build: what it encodes, what it publishes, and what a failure or a kill leaves."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from indexing.build import build_generation, built_before
from indexing.catalog import Catalog
from indexing.mesh_file import MeshFile
from indexing.notices import Notice
from retrieval.encoders.base import Passage, Vectors
from retrieval.errors import InputError, VerificationError
from retrieval.index.embedded import EmbeddedDraft
from retrieval.index.generations import Contents
from retrieval.index.manifest import write_manifest
from retrieval.records import Article, Deletion, IntegrityStatus, MeshHeading, Query
from tests.fakes import Corpus, HashingEncoder, article


def test_only_what_changed_is_encoded(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    corpus = Corpus(tmp_path, encoder)
    assert corpus.publish([article(1, "One."), article(2, "Two.")]).encoded == 2
    report = corpus.publish([article(2, "Two, revised."), article(3, "Three."), Deletion(pmid=1)])
    assert (report.articles, report.encoded) == (2, 2)


def test_equal_texts_are_encoded_once_and_every_pmid_is_kept(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    corpus = Corpus(tmp_path, encoder)
    report = corpus.publish([article(n, "The same letter.") for n in (1, 2, 3)])
    assert (report.articles, report.encoded) == (3, 1)
    assert [hit.article.pmid for hit in corpus.open_searcher().search(Query(text="letter")).hits] == [1, 2, 3]


def test_another_encoder_encodes_anew_and_leaves_the_first_ones_vectors(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish([article(1, "One.")])
    corpus.encoder = HashingEncoder(name="other")
    assert corpus.publish().encoded == 1
    corpus.encoder = HashingEncoder()
    assert corpus.publish().encoded == 0


def test_an_incremental_build_equals_one_from_scratch_vector_by_vector(tmp_path: Path) -> None:
    first, second = [article(n, f"Text {n}.") for n in range(1, 40)], [article(n, f"New {n}.") for n in range(20, 60)]
    steps = Corpus(tmp_path / "steps", HashingEncoder())
    steps.publish(first)
    steps.publish([Deletion(pmid=3), *second])
    scratch = Corpus(tmp_path / "scratch", HashingEncoder())
    scratch.publish([*first, Deletion(pmid=3), *second])
    one, other = steps.open_reader(), scratch.open_reader()
    assert one.dense_reader is not None
    assert other.dense_reader is not None
    pmids = one.dense_reader.pmids.tolist()
    assert pmids == other.dense_reader.pmids.tolist()
    assert one.articles(pmids) == other.articles(pmids)
    for pmid in pmids:
        assert np.array_equal(one.dense_reader.vector(pmid), other.dense_reader.vector(pmid))


def test_an_empty_catalog_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the catalog is empty: there is nothing to index; give files"):
        Corpus(tmp_path).publish()


def test_a_catalog_whose_last_article_was_deleted_says_what_is_still_published(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([article(1, "One.")])
    with pytest.raises(InputError, match=r"generation 000001 with 1 articles.* is still published; .* delete .*/gener"):
        corpus.publish([Deletion(pmid=1)])
    assert corpus.store.current() == "000001"


@pytest.mark.parametrize(
    ("change", "built"),
    [
        ("nothing", True),
        ("article", False),
        ("deletion", False),
        ("notice", False),
        ("newer source", False),
        ("encoder", False),
        ("no encoder", False),
        ("analyzer", False),
    ],
)
def test_a_build_is_needed_where_catalog_analyzer_or_encoder_are_not_those_of_the_published_one(
    tmp_path: Path, change: str, built: bool
) -> None:
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish([article(1, "One."), article(2, "Two.")])
    published = corpus.store.manifest("000001")
    encoder = {"encoder": HashingEncoder(name="other"), "no encoder": None}.get(change, HashingEncoder())
    if change == "analyzer":
        published = msgspec.structs.replace(published, analyzer="another")
        write_manifest(corpus.store.folder("000001"), published)
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        if change == "article":
            catalog.apply([article(3, "Three.")], source="test")
        if change == "deletion":
            catalog.apply([Deletion(pmid=1)], source="test")
        if change == "notice":
            catalog.put_notices("a list", [Notice(IntegrityStatus.RETRACTED, pmid=1)])
        if change == "newer source":
            catalog.mark_complete("pubmed26n0001.xml.gz", "aaaa", date="2026-01-15")
        found = built_before(corpus.store, catalog, corpus.analyzer, encoder)
        assert found == (published if built else None)


def test_a_generation_names_the_file_it_is_current_to_without_its_folder(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([article(1, "One.")], source="/home/somebody/articles.jsonl")
    assert corpus.store.manifest("000001").source == "articles.jsonl"
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert built_before(corpus.store, catalog, corpus.analyzer, None)


def test_a_generation_that_fails_verification_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish([article(1, "One."), article(2, "Two.")])

    def misaligned(draft: EmbeddedDraft, contents: Contents) -> None:
        assert contents.vectors is not None
        write(draft, contents._replace(vectors=contents.vectors[::-1]))

    write = EmbeddedDraft.write
    monkeypatch.setattr(EmbeddedDraft, "write", misaligned)
    with pytest.raises(VerificationError, match="is not that of its text"):
        corpus.publish([article(3, "Three.")])
    assert corpus.store.all() == ["000001"]
    assert corpus.store.current() == "000001"


def test_an_encoder_that_fails_loses_nothing_it_had_done(tmp_path: Path) -> None:
    class FailsLater(HashingEncoder):
        def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
            if self.encoded:
                raise MemoryError("out of memory")
            return super().encode_documents(passages)

    articles = [article(n, f"Text {n}.") for n in range(1, 701)]
    corpus = Corpus(tmp_path, FailsLater())
    with pytest.raises(MemoryError):
        corpus.publish(articles)
    corpus.encoder = HashingEncoder()
    assert corpus.publish(articles).encoded == 700 - 512


BUILD = """
import sys, time
from collections.abc import Sequence
from pathlib import Path
from tests.fakes import Corpus, HashingEncoder

class Slow(HashingEncoder):
    def encode_documents(self, passages):
        print("encoding", flush=True)
        time.sleep(0.05)
        return super().encode_documents(passages)

print("published", Corpus(Path(sys.argv[1]), Slow()).publish().generation, flush=True)
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.06, 0.12, 0.2, 0.3])
def test_a_build_killed_at_any_moment_leaves_the_published_generation_and_can_be_run_again(
    tmp_path: Path, delay_s: float
) -> None:
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish([article(1, "One.")])
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        catalog.apply((article(n, f"Text {n}.") for n in range(2, 1500)), source="more")
    root = Path(__file__).parents[2]
    build = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=root,
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert build.stdout is not None
    assert build.stdout.readline() == b"encoding\n"
    time.sleep(delay_s)
    build.send_signal(signal.SIGKILL)
    build.wait()
    build.stdout.close()
    published = corpus.store.current()
    assert published in ("000001", "000002")
    searcher = corpus.open_searcher()
    assert len(searcher.search(Query(text="one text", limit=1000)).hits) == (1 if published == "000001" else 1000)
    assert corpus.publish().articles == 1499
    assert [p.name for p in corpus.store.root.iterdir() if p.name.startswith(".building")] == []


def test_a_mesh_tree_is_kept_in_the_generation_and_another_one_builds_anew(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([Article(pmid=1, title="One.", mesh=(MeshHeading(name="Lung Neoplasms"),))])
    path = tmp_path / "mtrees2026.bin"
    path.write_text("Neoplasms;C04\nLung Neoplasms;C04.588\n")
    mesh = MeshFile(path)
    with Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        assert built_before(corpus.store, catalog, corpus.analyzer, None)
        assert built_before(corpus.store, catalog, corpus.analyzer, None, mesh=mesh) is None
        build_generation(catalog, corpus.store, corpus.cache, corpus.analyzer, None, mesh=mesh)
        assert built_before(corpus.store, catalog, corpus.analyzer, None, mesh=mesh)
        path.write_text("Neoplasms;C04\nLung Neoplasms;C04.599\n")
        assert built_before(corpus.store, catalog, corpus.analyzer, None, mesh=mesh) is None
    path.unlink()
    result = corpus.open_searcher().search(Query(text="mesh:Neoplasms"))
    assert ([hit.article.pmid for hit in result.hits], result.notices) == ([1], ())
