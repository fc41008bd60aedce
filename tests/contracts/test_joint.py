"""The joint space of images and texts: an article stands once, by its best row, under the conditions of every leg."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from retrieval.errors import GenerationError
from retrieval.index.joint_space import FIGURE, JointIndex, Part
from retrieval.index.joint_texts import joint_texts
from retrieval.query import Clause, Constraint
from retrieval.records import Deletion, Filters, IntegrityPolicy
from tests.contracts.backends import Backend, opened
from tests.contracts.comparing import SAME_VECTOR
from tests.contracts.library import Library
from tests.fakes import HashingEncoder, article
from tests.retrieval.image.image_fakes import COLON, LUNG, SKIN, ColourEncoder, patch, png
from tests.retrieval.image.joint_articles import ARTICLES as FEW
from tests.retrieval.image.joint_articles import FIGURES, IMAGE, SAID

ARTICLES = [
    *FEW,
    article(5, ""),
    *(
        article(pmid, f"Stroma of gland {pmid}.", "It was seen. It was seen again.", year=2010)
        for pmid in range(20, 60)
    ),
]
ENCODER = ColourEncoder()
ASKED = ENCODER.encode_texts([LUNG])[0]
STANDING = Constraint()


@pytest.fixture(scope="module")
def images(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Library:
    home = tmp_path_factory.mktemp(f"joint-{backend.name}")
    made = Library(home, opened(backend.address(home)), HashingEncoder(), image_encoder=ENCODER)
    for figures in FIGURES:
        made.add_figures(figures)
    made.publish(ARTICLES)
    return made


@pytest.fixture(scope="module")
def joint(images: Library) -> JointIndex:
    joint = images.open().joint_reader
    assert joint is not None
    return joint


def found(joint: JointIndex, part: Part = "texts", limit: int = 10, **conditions: object) -> list[int]:
    constraint = Constraint(filters=Filters(**conditions))  # type: ignore[arg-type]
    return [scored.pmid for scored in joint.search(part, ASKED, constraint, limit).ranked]


def test_each_article_stands_once_by_its_best_row(joint: JointIndex) -> None:
    for limit in (1, 3, 10, 100):
        result = joint.search("texts", ASKED, STANDING, limit)
        assert len(result.ranked) == min(limit, len(ARTICLES) - 2)
        assert len({scored.pmid for scored in result.ranked}) == len(result.ranked)
        assert result.ranked == sorted(result.ranked, key=lambda scored: (-scored.score, scored.pmid))
    rows = {article.pmid: [text.text for text in joint_texts(article)] for article in ARTICLES}
    rows[4] += [IMAGE.caption, SAID.caption]
    best = {pmid: max(float(v @ ASKED) for v in ENCODER.encode_texts(texts)) for pmid, texts in rows.items() if texts}
    expected = {pmid: pytest.approx(score, abs=1e-3) for pmid, score in best.items() if pmid != 9}
    assert dict(result.ranked) == expected
    assert {pmid: brought.score for pmid, brought in result.brought.items()} == expected


def test_what_brought_an_article_is_told(joint: JointIndex) -> None:
    brought = joint.search("texts", ASKED, STANDING, 5).brought
    assert (brought[1].number, brought[1].figure, brought[1].is_image) == (0, None, False)
    assert brought[1].score == pytest.approx(1.0, abs=1e-3)
    assert brought[2].number == 1
    assert brought[4].number >= FIGURE
    assert (brought[4].figure, brought[4].is_image) == (SAID, False)


def test_images_of_figures_bring_their_articles(joint: JointIndex) -> None:
    result = joint.search("images", ENCODER.encode_images([patch(SKIN, 2)])[0], STANDING, 10)
    assert [scored.pmid for scored in result.ranked] == [4]
    assert (result.brought[4].figure, result.brought[4].is_image) == (IMAGE, True)
    assert joint.has_figures


@pytest.mark.parametrize("part", ["texts", "images"])
def test_a_retracted_article_appears_only_where_it_is_asked_for(joint: JointIndex, part: Part) -> None:
    assert 9 not in found(joint, part)
    assert 9 in found(joint, part, integrity=IntegrityPolicy.LABEL)
    assert found(joint, part, integrity=IntegrityPolicy.LABEL, pmids=(9,)) == [9]
    assert found(joint, part, pmids=(9,)) == []


def test_narrow_and_broad_conditions_hold(joint: JointIndex) -> None:
    assert found(joint, year_from=2003, year_to=2003) == [3]
    assert sorted(found(joint, year_from=2002, year_to=2004)) == [2, 3, 4]
    assert sorted(found(joint, limit=100, exclude_pmids=(1, *range(20, 60)))) == [2, 3, 4]
    assert sorted(found(joint, pmids=(1, 2, 777, *range(1_000, 5_000)))) == [1, 2]
    assert found(joint, year_from=1900, year_to=1950) == []
    assert found(joint, "images", exclude_pmids=(4,)) == []
    titled = Constraint(required=(Clause(field="title", value="lung adenocarcinoma"),))
    assert [scored.pmid for scored in joint.search("texts", ASKED, titled, 10).ranked] == [1]


def test_each_row_has_its_vector(joint: JointIndex) -> None:
    texts = [(article.pmid, n, text.text) for article in ARTICLES for n, text in enumerate(joint_texts(article))]
    assert joint.count("texts") == len(texts) + 3
    assert joint.count("images") == 2
    assert joint.pmids("texts").tolist() == sorted({pmid for pmid, _, _ in texts})
    assert joint.pmids("images").tolist() == [4, 9]
    for (pmid, number, _), vector in zip(texts, ENCODER.encode_texts([text for _, _, text in texts]), strict=True):
        assert joint.vector("texts", pmid, number) == pytest.approx(vector, abs=1e-3)
    for missing in ((777, 0), (1, 99), (1, FIGURE)):
        with pytest.raises(KeyError):
            joint.vector("texts", *missing)
    with pytest.raises(KeyError):
        joint.vector("images", 1, 0)


def test_scores_are_inner_products_of_the_rows(joint: JointIndex) -> None:
    result = joint.search("texts", ASKED, STANDING, 100)
    for pmid, brought in result.brought.items():
        kept = float(joint.vector("texts", pmid, brought.number) @ ASKED)
        assert brought.score == pytest.approx(kept, abs=SAME_VECTOR)


def test_a_vector_of_another_length_is_refused(joint: JointIndex) -> None:
    for vector in (ASKED[:-1], np.append(ASKED, np.float32(0))):
        with pytest.raises(GenerationError, match="dimension"):
            joint.search("texts", vector, STANDING, 10)


def test_without_figures_there_are_no_images_to_be_like(new_library: Callable[..., Library]) -> None:
    library = new_library(image_encoder=ENCODER)
    report = library.publish([article(1, COLON)])
    assert (report.joint_texts, report.joint_images) == (1, 0)
    joint = library.open().joint_reader
    assert joint is not None
    assert not joint.has_figures
    assert found(joint, "images") == []
    assert found(joint) == [1]


def test_a_generation_without_image_encoder_has_no_joint_space(new_library: Callable[..., Library]) -> None:
    library = new_library(HashingEncoder())
    library.publish([article(1, COLON)])
    assert library.open().joint_reader is None


def test_rows_of_deleted_articles_and_withdrawn_figures_go(new_library: Callable[..., Library]) -> None:
    library = new_library(HashingEncoder(), image_encoder=ENCODER)
    library.add_figures({IMAGE: png(patch(SKIN)), SAID: None})
    library.publish(ARTICLES)
    library.publish([Deletion(pmid=4), Deletion(pmid=1)])
    joint = library.open().joint_reader
    assert joint is not None
    assert joint.count("images") == 0
    assert not {1, 4} & set(joint.pmids("texts").tolist())
    assert found(joint, limit=2) == [3, 2]
