"""The joint space of a build: what goes in, what is kept, what is rejected, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexing.joint import JointReport, joint_contents
from retrieval.encoders.base import Vectors
from retrieval.errors import VerificationError
from retrieval.index.interface import NO_CONDITION
from retrieval.index.joint_space import JointContents
from retrieval.records import Deletion, Query
from tests.fakes import article
from tests.retrieval.image.image_fakes import (
    COLON,
    LUNG,
    SKIN,
    ColourEncoder,
    ImageCorpus,
    chart,
    figure,
    figure_of,
    patch,
    png,
)

ARTICLES = [
    article(1, "Lung adenocarcinoma.", "Smokers have lung tumours more often than others do."),
    article(2, "Skin melanoma."),
]


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def corpus(tmp_path: Path, encoder: ColourEncoder) -> ImageCorpus:
    return ImageCorpus(tmp_path, image_encoder=encoder)


def test_texts_captions_and_images_are_counted_in_report_and_manifest(corpus: ImageCorpus) -> None:
    corpus.add_figures({figure(1, "A gland.", name=f"fig{n}"): png(patch(LUNG, n)) for n in (1, 2)})
    report = corpus.publish(ARTICLES)
    # Three texts and two captions; the captions are alike, so that one of them is encoded, beside two articles.
    assert (report.joint_texts, report.joint_images, report.images_rejected, report.encoded) == (5, 2, 0, 2 + 4)
    manifest = corpus.store.manifest("000001")
    assert (manifest.joint_texts, manifest.joint_images) == (5, 2)
    assert manifest.image_encoder == ColourEncoder().spec
    assert {name for name in manifest.files if name.startswith("joint/")} == {
        f"joint/{name}" for name in ("texts.faiss", "texts.npy", "images.faiss", "images.npy", "figures.msgpack")
    }


def test_nothing_unfinished_is_left_in_the_generation(corpus: ImageCorpus) -> None:
    corpus.publish(ARTICLES)
    assert sorted(path.name for path in corpus.store.folder("000001").iterdir()) == [
        "dense",
        "joint",
        "lexical",
        "manifest.json",
    ]


def test_what_is_kept_is_not_encoded_again(corpus: ImageCorpus, encoder: ColourEncoder) -> None:
    corpus.add_figures({figure(1, "A gland."): png(patch(LUNG))})
    corpus.publish(ARTICLES)
    encoder.texts.clear()
    encoder.images = 0
    report = corpus.publish([article(3, "Colon adenocarcinoma."), Deletion(pmid=2)])
    assert (report.joint_texts, report.joint_images, report.encoded) == (4, 1, 1 + 1)
    assert encoder.images == 0
    # Once for its vector, and all texts of a sample once more to check them.
    assert encoder.texts.count("Colon adenocarcinoma.") == 2
    assert encoder.texts.count("Lung adenocarcinoma.") == 1


def test_another_adapter_of_images_leaves_the_texts_vectors_good(corpus: ImageCorpus, encoder: ColourEncoder) -> None:
    corpus.publish(ARTICLES)
    other = ColourEncoder("colours-2")
    other.text_id = encoder.text_id
    corpus.image_encoder = other
    assert corpus.publish().encoded == 0


def test_vectors_lie_under_the_article_that_they_are_of(corpus: ImageCorpus, encoder: ColourEncoder) -> None:
    corpus.add_figures({figure(2, "Pigment."): png(patch(SKIN))})
    corpus.publish(ARTICLES)
    corpus.publish([article(3, "Colon adenocarcinoma.")])
    joint = corpus.open_joint()
    for asked, pmid in ((LUNG, 1), (SKIN, 2), (COLON, 3), ("pigment", 2)):
        assert joint.search("texts", encoder.encode_texts([asked])[0], NO_CONDITION, 1).ranked[0].pmid == pmid


def test_images_that_cannot_be_read_or_show_no_tissue_are_rejected_and_their_captions_stay(corpus: ImageCorpus) -> None:
    corpus.add_figures(
        {
            figure(1, "Nuclei under the microscope.", name="fig1"): png(patch(LUNG)),
            figure(1, "Survival by stage.", name="fig2"): png(chart()),
            figure(1, "What was left of it.", name="fig3"): png(patch(LUNG))[:2000],
            figure(1, "What nobody sent.", name="fig4"): None,
        }
    )
    report = corpus.publish(ARTICLES)
    assert (report.joint_images, report.images_rejected, report.joint_texts) == (1, 2, 3 + 4)


def test_a_compound_figure_of_tissue_is_used(corpus: ImageCorpus) -> None:
    corpus.add_figures({figure(1, "A and B."): png(figure_of(LUNG, SKIN))})
    assert corpus.publish(ARTICLES).joint_images == 1


def test_figures_of_retracted_and_of_unknown_articles_are_left_out(corpus: ImageCorpus) -> None:
    corpus.add_figures({figure(1, "Retracted.", is_retracted=True): png(patch(LUNG))})
    corpus.add_figures({figure(7, "Of an article that the catalog lacks."): png(patch(LUNG))})
    report = corpus.publish(ARTICLES)
    assert (report.joint_texts, report.joint_images) == (3, 0)
    assert corpus.open_joint().figures == ()


def test_an_article_without_any_text_is_no_obstacle(corpus: ImageCorpus) -> None:
    assert corpus.publish([article(1, "")]).joint_texts == 0
    assert corpus.open_joint().search("texts", np.ones(256, dtype=np.float32), NO_CONDITION, 5).ranked == []


def test_a_build_is_needed_for_another_image_encoder_none_or_new_figures(
    corpus: ImageCorpus, encoder: ColourEncoder
) -> None:
    corpus.publish(ARTICLES)
    assert corpus.built_before() == corpus.store.manifest("000001")
    corpus.image_encoder = ColourEncoder("other")
    assert corpus.built_before() is None
    corpus.image_encoder = None
    assert corpus.built_before() is None
    corpus.image_encoder = encoder
    assert corpus.built_before() is not None
    corpus.add_figures({figure(1, "New."): png(patch(LUNG))})
    assert corpus.built_before() is None
    corpus.publish()
    assert corpus.built_before() is not None
    corpus.add_figures({figure(1, "Revised."): png(patch(LUNG))})
    assert corpus.built_before() is None


class Wavering(ColourEncoder):
    """Answers differently the second time."""

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        again = bool(self.texts)
        vectors = super().encode_texts(texts)
        return np.roll(vectors, 1, axis=1) if again else vectors


class Numberless(ColourEncoder):
    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        again = bool(self.texts)
        vectors = super().encode_texts(texts)
        return vectors * np.float32(np.nan) if again else vectors


@pytest.mark.parametrize("kind", [Wavering, Numberless])
def test_wrong_vectors_are_noticed_and_the_published_generation_stays(
    corpus: ImageCorpus, kind: type[ColourEncoder]
) -> None:
    corpus.publish(ARTICLES)
    corpus.image_encoder = kind("wrong")
    with pytest.raises(VerificationError, match=r"text 0 of PMID \d does not lie where it should"):
        corpus.publish([article(3, "Three.")])
    assert (corpus.store.all(), corpus.store.current()) == (["000001"], "000001")
    assert [path.name for path in corpus.store.root.iterdir() if path.name.startswith(".building")] == []
    corpus.image_encoder = ColourEncoder()
    assert corpus.open_joint().readers["texts"].count == 3


def test_lost_rows_are_noticed(corpus: ImageCorpus, monkeypatch: pytest.MonkeyPatch) -> None:
    def losing(*args: Any, **more: Any) -> tuple[JointContents, JointReport]:
        contents, report = joint_contents(*args, **more)
        return contents, report._replace(texts=report.texts + 1)

    monkeypatch.setattr("indexing.build.joint_contents", losing)
    with pytest.raises(VerificationError, match="holds 3 texts; 4 were built"):
        corpus.publish(ARTICLES)
    assert corpus.store.all() == []


def test_a_generation_without_joint_space_opens_and_searches_by_words(corpus: ImageCorpus) -> None:
    corpus.image_encoder = None
    report = corpus.publish(ARTICLES)
    assert (report.joint_texts, report.joint_images) == (0, 0)
    assert corpus.open_reader().joint_reader is None
    assert corpus.open_searcher().search(Query(text="melanoma")).hits[0].article.pmid == 2
