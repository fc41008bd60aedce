"""From images to articles: precision by labels, what is not recognised counts as a miss, and the random level."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.image.articles import IndexedArticles, measure_articles
from evaluation.image.labels import read_labels
from evaluation.image.tasks import Bench, Index, Known
from retrieval.errors import ConfigurationError, InputError
from retrieval.vocabulary.file import read_vocabulary
from tests.evaluation.image.image_sets import encoded
from tests.fakes import article
from tests.retrieval.image.image_fakes import COLON, CONCEPTS, LUNG, ColourEncoder, ImageCorpus

LABELS = read_labels()
ARTICLES = [
    article(1, "Lung adenocarcinoma in glands.", "Adenocarcinoma of the lung was seen."),
    article(2, "Colon adenocarcinoma.", "Adenocarcinoma of the colon was seen."),
    article(3, "Meningioma of the brain.", "A meningioma was seen."),
    article(4, "Heart failure.", "The heart failed in many patients."),
]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    corpus = ImageCorpus(tmp_path, image_encoder=ColourEncoder())
    corpus.publish(ARTICLES)
    return Index(corpus.open_image_search(), corpus.open_reader())


def test_the_articles_of_a_generation_are_gone_through_as_often_as_wished(index: Index) -> None:
    articles = IndexedArticles(index.reader)
    assert [[article.pmid for article in articles] for _ in range(2)] == [[1, 2, 3, 4]] * 2


def test_a_generation_without_images_is_refused(tmp_path: Path) -> None:
    corpus = ImageCorpus(tmp_path)
    corpus.publish(ARTICLES)
    with pytest.raises(ConfigurationError, match="without an image encoder"):
        list(IndexedArticles(corpus.open_reader()))


def test_precision_divides_by_ten_and_by_every_judged_image(index: Index) -> None:
    texts = ColourEncoder().encode_texts([LUNG, "xylophone", COLON])
    images = encoded([LUNG, LUNG, COLON], texts)
    measured = measure_articles(index.search, images, LABELS, index.reader)
    line = measured.line("precision@10")
    assert line.value.mean == pytest.approx(0.2 / 3)
    assert (line.n, line.chance) == (3, 0.25)
    assert measured.line(f"precision@10, {LUNG}").value.mean == 0.05
    assert measured.line("recognised").value.mean == pytest.approx(2 / 3)
    assert measured.line("precision@10 where recognised").value.mean == pytest.approx(0.1)


def test_images_without_a_label_are_counted_and_none_at_all_is_an_error(index: Index) -> None:
    texts = ColourEncoder().encode_texts([LUNG, "heart"])
    measured = measure_articles(index.search, encoded([LUNG, "heart"], texts), LABELS, index.reader)
    assert measured.notes == ("1 images have no label and are not judged",)
    with pytest.raises(InputError, match="none of the 1 images has a label"):
        measure_articles(index.search, encoded(["heart"], texts[1:]), LABELS, index.reader)


def test_what_needs_an_index_says_so() -> None:
    bench = Bench(ColourEncoder(), None, Known(LABELS, CONCEPTS, read_vocabulary()), [])
    with pytest.raises(InputError, match="no index to search"):
        bench.measure("articles")
