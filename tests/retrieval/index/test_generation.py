"""Generations: publish, rollback, prune; what is refused; what a crash leaves behind."""

import json
import shutil
from pathlib import Path

import pytest

from retrieval.errors import (
    BusyError,
    GenerationError,
    IncompatibleError,
    InputError,
    NotPublishedError,
    VerificationError,
)
from retrieval.index.embedded import EmbeddedReader
from retrieval.index.generation import GenerationStore
from retrieval.index.manifest import require_encoder, require_files
from tests.fakes import Corpus, HashingEncoder, article


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(tmp_path, HashingEncoder())


def test_each_build_is_a_new_generation_and_is_published(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    corpus.publish([article(2, "Two.")])
    assert corpus.store.all() == ["000001", "000002"]
    assert corpus.store.current() == "000002"


def test_rollback_publishes_the_one_before_and_the_next_build_takes_a_new_number(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    corpus.publish([article(2, "Two.")])
    assert corpus.store.rollback() == "000001"
    assert corpus.store.current() == "000001"
    corpus.publish([article(3, "Three.")])
    assert corpus.store.current() == "000003"


def test_rollback_names_what_there_is(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    with pytest.raises(GenerationError, match="no generation older than 000001"):
        corpus.store.rollback()
    with pytest.raises(GenerationError, match="there is no generation '000007'; there are: 000001"):
        corpus.store.rollback("000007")


def test_a_generation_with_a_missing_file_is_not_published_again(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    corpus.publish([article(2, "Two.")])
    (corpus.store.folder("000001") / "dense" / "articles.faiss").unlink()
    with pytest.raises(VerificationError, match=r"dense/articles\.faiss is missing"):
        corpus.store.rollback()
    assert corpus.store.current() == "000002"


def test_prune_keeps_the_newest_and_never_deletes_the_published_one(corpus: Corpus) -> None:
    for pmid in range(1, 5):
        corpus.publish([article(pmid, "Text.")], keep=9)
    corpus.store.rollback("000001")
    assert corpus.store.prune(keep=1) == ["000002", "000003"]
    assert corpus.store.all() == ["000001", "000004"]


def test_nothing_published_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotPublishedError, match="run `pathlit index FILES` or `pathlit demo` first"):
        GenerationStore(tmp_path / "generations").current()


def test_a_lost_pointer_is_told_from_an_empty_home_and_mended_by_naming_a_generation(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    (corpus.store.root / "CURRENT").unlink()
    with pytest.raises(NotPublishedError, match=r"there are: 000001; publish one with `pathlit rollback 000001`"):
        corpus.store.current()
    corpus.store.rollback("000001")
    assert corpus.store.current() == "000001"


def test_a_damaged_pointer_is_an_error_that_shows_it(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    (corpus.store.root / "CURRENT").write_text("rubbish\n")
    with pytest.raises(GenerationError, match="holds 'rubbish' instead of a generation's number"):
        corpus.store.current()


def fail_half_way(corpus: Corpus) -> None:
    with corpus.store.building() as (_, folder):
        (folder / "half").write_text("x")
        raise InputError("nothing to look for")


def test_a_build_that_fails_leaves_the_published_generation_and_no_rubbish(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    with pytest.raises(InputError, match="nothing to look for"):
        fail_half_way(corpus)
    assert corpus.store.current() == "000001"
    assert [p.name for p in corpus.store.root.iterdir() if p.name.startswith(".building")] == []


def test_what_a_killed_build_left_is_removed_by_the_next(corpus: Corpus) -> None:
    leftover = corpus.store.root / ".building-000001"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("x")
    corpus.publish([article(1, "One.")])
    assert not leftover.exists()
    assert corpus.store.all() == ["000001"]


def test_two_builds_at_once_are_refused(corpus: Corpus) -> None:
    with (
        corpus.store.building(),
        pytest.raises(BusyError, match=r"build \(process \d+, since .* is at work"),
        corpus.store.building(),
    ):
        pass


def test_another_analyzer_is_refused_naming_both(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    path = corpus.store.folder("000001") / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "analyzer": "pathlit-english-0-cafe"}))
    with pytest.raises(IncompatibleError, match=r"analyzer pathlit-english-0-cafe .* has pathlit-english-3-"):
        corpus.open_reader()


def test_another_format_is_refused_naming_both(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    path = corpus.store.folder("000001") / "manifest.json"
    path.write_text(json.dumps({"format_version": 99}))
    with pytest.raises(IncompatibleError, match="has format 99, this pathlit reads format 3"):
        corpus.open_reader()


def test_another_encoder_is_refused_naming_both(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    with pytest.raises(IncompatibleError, match=r"encoder hashing@1 \(64 dimensions\), the configured one is other@1"):
        require_encoder(corpus.store.manifest("000001"), HashingEncoder(name="other").spec)


def test_a_missing_file_and_a_changed_one_are_named(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    folder = corpus.store.folder("000001")
    manifest = corpus.store.manifest("000001")
    vectors = folder / "dense" / "articles.faiss"
    original = vectors.read_bytes()
    vectors.write_bytes(bytes(reversed(original)))
    require_files(folder, manifest, checksums=False)
    with pytest.raises(VerificationError, match=r"dense/articles\.faiss is damaged"):
        require_files(folder, manifest, checksums=True)
    vectors.unlink()
    with pytest.raises(VerificationError, match=r"dense/articles\.faiss is missing"):
        corpus.open_reader()


def test_an_open_reader_survives_the_deletion_of_its_folder(corpus: Corpus) -> None:
    corpus.publish([article(n, f"Lung {n}.", "Some words.") for n in range(1, 50)])
    searcher = corpus.open_searcher()
    shutil.rmtree(corpus.store.folder("000001"))
    assert searcher.article("7").article.title == "Lung 7."


def test_a_manifest_that_is_no_json_is_an_error_that_names_it(corpus: Corpus) -> None:
    corpus.publish([article(1, "One.")])
    (corpus.store.folder("000001") / "manifest.json").write_text("{")
    with pytest.raises(GenerationError, match=r"manifest\.json cannot be read"):
        EmbeddedReader.open(corpus.store.folder("000001"), corpus.analyzer)
