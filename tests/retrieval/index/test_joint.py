"""The joint space: the best row of each article, and conditions that hold on it as on every leg."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import GenerationError
from retrieval.index.joint import JointReader
from retrieval.index.joint_space import FIGURE, Part
from retrieval.query import Constraint
from retrieval.records import Filters, IntegrityPolicy
from tests.fakes import article
from tests.retrieval.image.image_fakes import (
    COLON,
    LUNG,
    SKIN,
    ColourEncoder,
    ImageCorpus,
    figure,
    patch,
    png,
)
from tests.retrieval.image.joint_articles import ARTICLES, FIGURES, IMAGE, SAID

ENCODER = ColourEncoder()
ASKED = ENCODER.encode_texts([LUNG])[0]
STANDING = Constraint()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ImageCorpus:
    corpus = ImageCorpus(tmp_path_factory.mktemp("joint"), image_encoder=ENCODER)
    for figures in FIGURES:
        corpus.add_figures(figures)
    corpus.publish(ARTICLES)
    return corpus


@pytest.fixture(scope="module")
def joint(corpus: ImageCorpus) -> JointReader:
    return corpus.open_joint()


def found(joint: JointReader, part: Part = "texts", limit: int = 10, **conditions: object) -> list[int]:
    constraint = Constraint(filters=Filters(**conditions))  # type: ignore[arg-type]
    return [scored.pmid for scored in joint.search(part, ASKED, constraint, limit).ranked]


def test_each_article_stands_once_by_its_best_row(joint: JointReader) -> None:
    result = joint.search("texts", ASKED, STANDING, 10)
    assert sorted(scored.pmid for scored in result.ranked) == [1, 2, 3, 4]
    assert result.ranked[0].pmid == 1
    scores = [scored.score for scored in result.ranked]
    assert scores == sorted(scores, reverse=True)
    first = result.brought[1]
    assert (first.number, first.figure, first.is_image) == (0, None, False)
    assert first.score == result.ranked[0].score == pytest.approx(1.0, abs=1e-3)


def test_the_best_row_may_be_a_sentence(joint: JointReader) -> None:
    brought = joint.search("texts", ASKED, STANDING, 10).brought[2]
    assert brought.number == 1
    # Two words of two in a sentence of six words and one that comes twice.
    assert brought.score == pytest.approx(2 / np.sqrt(2 * (6 + 2**2)), abs=2e-3)


def test_the_best_row_may_be_the_caption_of_a_figure(joint: JointReader) -> None:
    brought = joint.search("texts", ASKED, STANDING, 10).brought[4]
    assert brought.number >= FIGURE
    assert (brought.figure, brought.is_image) == (SAID, False)


def test_images_of_figures_bring_their_articles(joint: JointReader) -> None:
    result = joint.search("images", ENCODER.encode_images([patch(SKIN, 2)])[0], STANDING, 10)
    assert [scored.pmid for scored in result.ranked] == [4]
    assert (result.brought[4].figure, result.brought[4].is_image) == (IMAGE, True)
    assert joint.has_figures


def test_no_more_articles_come_than_are_asked_for(joint: JointReader) -> None:
    assert found(joint, limit=2) == found(joint)[:2]


@pytest.mark.parametrize("part", ["texts", "images"])
def test_a_retracted_article_appears_only_where_it_is_asked_for(joint: JointReader, part: Part) -> None:
    assert 9 not in found(joint, part)
    assert 9 in found(joint, part, integrity=IntegrityPolicy.LABEL)
    assert found(joint, part, integrity=IntegrityPolicy.LABEL, pmids=(9,)) == [9]
    assert found(joint, part, pmids=(9,)) == []


def test_narrow_and_broad_conditions_hold(joint: JointReader) -> None:
    assert found(joint, year_from=2003, year_to=2003) == [3]
    assert sorted(found(joint, year_from=2002)) == [2, 3, 4]
    assert sorted(found(joint, exclude_pmids=(1,))) == [2, 3, 4]
    assert sorted(found(joint, year_from=2001, integrity=IntegrityPolicy.ALLOW)) == [1, 2, 3, 4]
    assert found(joint, year_from=1900, year_to=1950) == []
    assert found(joint, "images", exclude_pmids=(4,)) == []


def test_conditions_answer_alike_when_they_come_again_and_from_many_threads(joint: JointReader) -> None:
    wanted = {year: found(joint, year_from=year) for year in range(1990, 2006)}
    differing: list[int] = []

    def ask() -> None:
        differing.extend(year for year in wanted if found(joint, year_from=year) != wanted[year])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert differing == []


def test_each_row_has_its_vector(joint: JointReader) -> None:
    rows = joint.rows["texts"]
    assert joint.count("texts") == len(rows)
    for place, (pmid, number) in enumerate(rows):
        assert np.array_equal(joint.vector("texts", int(pmid), int(number)), joint.readers["texts"].vector(place))
    with pytest.raises(KeyError):
        joint.vector("texts", 999, 0)


def test_a_vector_of_another_length_is_refused(joint: JointReader) -> None:
    with pytest.raises(GenerationError, match="dimension"):
        joint.search("texts", ASKED[:-1], STANDING, 10)


def test_without_figures_there_are_no_images_to_be_like(tmp_path: Path) -> None:
    corpus = ImageCorpus(tmp_path, image_encoder=ENCODER)
    corpus.publish([article(1, COLON)])
    joint = corpus.open_joint()
    assert not joint.has_figures
    assert found(joint, "images") == []


@pytest.mark.parametrize("name", ["texts.npy", "images.faiss", "figures.msgpack"])
def test_a_file_that_is_damaged_without_having_changed_its_length_is_named(tmp_path: Path, name: str) -> None:
    corpus = ImageCorpus(tmp_path, image_encoder=ENCODER)
    corpus.add_figures({figure(1, "Lung."): png(patch(LUNG))})
    corpus.publish([article(1, "Lung.")])
    path = corpus.store.folder("000001") / "joint" / name
    path.chmod(0o644)
    path.write_bytes(b"\xc1" * path.stat().st_size)
    with pytest.raises(GenerationError, match=r"joint.* cannot be read.* (rebuild|roll back)"):
        corpus.open_reader()
