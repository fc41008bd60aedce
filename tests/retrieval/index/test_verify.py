"""Verification: a generation with a fault that users would suffer from is never published."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from retrieval.errors import VerificationError
from retrieval.index.dense import write_vectors
from retrieval.index.embedded import EmbeddedReader
from retrieval.index.manifest import read_manifest, require_files, sums, write_manifest
from retrieval.index.verify import Canary, verify_generation
from tests.fakes import Corpus, HashingEncoder, article

ARTICLES = [article(n, f"Carcinoma number {n}.", f"Marker m{n} is found in organ o{n}.") for n in range(1, 31)]
PMIDS = np.arange(1, 31)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    corpus = Corpus(tmp_path, HashingEncoder(256))
    corpus.publish(ARTICLES)
    return corpus


def canaries(corpus: Corpus) -> list[Canary]:
    assert isinstance(corpus.encoder, HashingEncoder)
    vectors = corpus.encoder.encode_queries([f"{a.title} {a.abstract}" for a in ARTICLES])
    return [Canary(a, vector) for a, vector in zip(ARTICLES, vectors, strict=True)]


def rewrite_vectors(corpus: Corpus, pmids: npt.NDArray[np.int64]) -> Path:
    """The same vectors under other PMIDs, with a manifest to match."""
    folder = corpus.store.folder("000001")
    vectors = np.stack([c.vector for c in canaries(corpus) if c.vector is not None]).astype(np.float16)
    write_vectors(folder / "dense" / "articles.faiss", pmids, vectors[: len(pmids)])
    manifest = read_manifest(folder)
    changed = {name: getattr(manifest, name) for name in manifest.__struct_fields__} | {"files": sums(folder)}
    write_manifest(folder, type(manifest)(**changed))
    return folder


def test_a_sound_generation_passes(corpus: Corpus) -> None:
    verify_generation(corpus.open_reader(), corpus.analyzer, PMIDS, canaries(corpus))


def test_vectors_shifted_by_one_are_caught(corpus: Corpus) -> None:
    folder = rewrite_vectors(corpus, np.roll(PMIDS, 1))
    with pytest.raises(VerificationError, match=r"the vector under PMID 1 is not that of its text"):
        verify_generation(EmbeddedReader.open(folder, corpus.analyzer), corpus.analyzer, PMIDS, canaries(corpus))


def test_a_missing_vector_is_caught_and_named(corpus: Corpus) -> None:
    folder = rewrite_vectors(corpus, PMIDS[:-1])
    with pytest.raises(VerificationError, match=r"the vector index holds 29 .* 1 are missing \(first: \[30\]\)"):
        verify_generation(EmbeddedReader.open(folder, corpus.analyzer), corpus.analyzer, PMIDS, canaries(corpus))


def test_an_article_too_many_is_caught_and_named(corpus: Corpus) -> None:
    with pytest.raises(VerificationError, match=r"the lexical index holds 30 .* 1 do not belong \(first: \[30\]\)"):
        verify_generation(corpus.open_reader(), corpus.analyzer, PMIDS[:-1], [])


def test_an_article_that_its_words_do_not_find_is_caught(corpus: Corpus) -> None:
    stranger = Canary(article(5, "Carcinoma number 6.", "Marker m6 is found in organ o6."), None)
    with pytest.raises(VerificationError, match="PMID 5"):
        verify_generation(corpus.open_reader(), corpus.analyzer, PMIDS, [stranger])


def test_an_article_stored_otherwise_is_caught(corpus: Corpus) -> None:
    other = Canary(article(5, "Carcinoma number 5!", "Marker m5 is found in organ o5."), None)
    with pytest.raises(VerificationError, match="PMID 5 is not stored as the catalog has it"):
        verify_generation(corpus.open_reader(), corpus.analyzer, PMIDS, [other])


def test_damaged_files_are_caught(corpus: Corpus) -> None:
    path = corpus.store.folder("000001") / "dense" / "articles.faiss"
    raw = bytearray(path.read_bytes())
    raw[-40] ^= 1
    path.write_bytes(raw)
    folder = corpus.store.folder("000001")
    with pytest.raises(VerificationError, match="is damaged"):
        require_files(folder, read_manifest(folder), checksums=True)


def test_articles_without_text_or_with_common_words_alone_pass(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, HashingEncoder())
    replies = [article(n, "Reply.", "" if n % 2 else "Reply. Reply.") for n in range(1, 40)]
    report = corpus.publish([article(100, ""), article(101, "..."), *replies])
    assert report.articles == 41
