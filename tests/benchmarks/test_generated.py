"""Generated articles: the same ones each time, as many as asked for, near to what they are made from."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cluster_queries import overlap
from benchmarks.generated import BLOCK, FIRST_PMID, Material, generated, unit
from indexing.catalog_batch import content_hash

COUNT = BLOCK + 20


@pytest.fixture(scope="module")
def source() -> Material:
    rng = np.random.default_rng(3)
    vectors = unit(rng.standard_normal((40, 16), dtype=np.float32))
    neighbours = np.argsort(-(vectors @ vectors.T), axis=1)[:, :6].astype(np.int32)
    titles = [[f"title{n}", "of", f"article{n}"] for n in range(40)]
    sentences = [[f"Sentence {k} of {n}." for k in range(5)] for n in range(40)]
    return Material(titles, sentences, vectors, neighbours, [f"Heading {n}" for n in range(500)])


def test_the_same_seed_gives_the_same_articles(source: Material) -> None:
    once, again = list(generated(source, COUNT, seed=1)), list(generated(source, COUNT, seed=1))
    assert [block.articles for block in once] == [block.articles for block in again]
    assert all(np.array_equal(a.vectors, b.vectors) for a, b in zip(once, again, strict=True))


def test_another_seed_gives_others(source: Material) -> None:
    one, other = (next(generated(source, 5, seed)).articles for seed in (1, 2))
    assert one != other


def test_more_articles_begin_with_the_same_ones(source: Material) -> None:
    assert next(generated(source, COUNT, seed=1)).articles == next(generated(source, 2 * COUNT, seed=1)).articles


def test_pmids_rise_without_gaps(source: Material) -> None:
    pmids = [article.pmid for block in generated(source, COUNT) for article in block.articles]
    assert pmids == list(range(FIRST_PMID, FIRST_PMID + COUNT))


def test_each_article_has_a_vector_of_length_one(source: Material) -> None:
    for block in generated(source, COUNT):
        assert block.vectors.shape == (len(block.articles), 16)
        assert np.allclose(np.linalg.norm(block.vectors.astype(np.float32), axis=1), 1, atol=2e-3)


def test_an_article_lies_near_what_it_was_made_from(source: Material) -> None:
    """Its title begins with that of the abstract which weighs most."""
    block = next(generated(source, 300))
    mains = [int(article.title.split()[0].removeprefix("title")) for article in block.articles]
    likeness = np.sum(block.vectors.astype(np.float32) * source.vectors[mains], axis=1)
    assert float(likeness.mean()) > 0.6


def test_sentences_are_whole_ones(source: Material) -> None:
    known = {sentence for sentences in source.sentences for sentence in sentences}
    for article in next(generated(source, 50)).articles:
        text = " ".join(section.text for section in article.sections)
        assert {f"{sentence}." for sentence in text.removesuffix(".").split(". ")} <= known


def test_few_are_retracted_and_most_are_english(source: Material) -> None:
    articles = [article for block in generated(source, 3 * BLOCK) for article in block.articles]
    retracted = sum(any(kind.ui == "D016441" for kind in article.publication_types) for article in articles)
    assert 0 < retracted < len(articles) // 100
    assert 0.85 < sum(article.languages == ("eng",) for article in articles) / len(articles) < 0.97


def test_texts_hardly_ever_repeat(source: Material) -> None:
    hashes = [content_hash(article) for block in generated(source, COUNT) for article in block.articles]
    assert len(set(hashes)) > 0.9 * len(hashes)


def test_overlap_is_a_mean_over_queries() -> None:
    assert overlap([[1, 2], [3, 4]], [[2, 1], [9, 4]], depth=2) == 0.75
