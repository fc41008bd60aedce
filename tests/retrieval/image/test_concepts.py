"""Concepts in an image: probabilities within each kind; and in an article: the words that name them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.encoders.base import Vectors
from retrieval.image.concepts import ConceptFinder, Naming, completeness, naming
from retrieval.records import Article, MeshHeading
from retrieval.vocabulary.concepts import Concept
from tests.fakes import article
from tests.retrieval.image.image_fakes import COLON, CONCEPTS, LUNG, SKIN, ColourEncoder, concept, patch

ADENOCARCINOMA = Concept(
    LUNG, "entity", LUNG, organ="lung", organ_words=("lung", "pulmonary"), terms=("adenocarcinoma", "squamous cell")
)


@pytest.fixture
def encoder() -> ColourEncoder:
    return ColourEncoder()


@pytest.fixture
def finder(encoder: ColourEncoder) -> ConceptFinder:
    return ConceptFinder(encoder, CONCEPTS)


def seen(finder: ConceptFinder, encoder: ColourEncoder, shows: str) -> list[str]:
    return [s.concept.name for s in finder.seen(encoder.encode_images([patch(shows)])) if s.confident]


@pytest.mark.parametrize(("shows", "organ"), [(LUNG, "lung"), (COLON, "colon"), (SKIN, "skin")])
def test_an_image_shows_a_diagnosis_and_an_organ(
    finder: ConceptFinder, encoder: ColourEncoder, shows: str, organ: str
) -> None:
    assert sorted(seen(finder, encoder, shows)) == sorted([organ, shows])


def test_an_image_of_nothing_known_shows_nothing_with_confidence(finder: ConceptFinder, encoder: ColourEncoder) -> None:
    assert seen(finder, encoder, "") == []


def test_probabilities_of_a_kind_add_up_to_one_with_that_of_none_of_them(
    finder: ConceptFinder, encoder: ColourEncoder
) -> None:
    shares = finder.probabilities(encoder.encode_images([patch(LUNG), patch("")]))
    assert shares.shape == (2, len(CONCEPTS))
    entities = [n for n, c in enumerate(CONCEPTS) if c.kind == "entity"]
    assert (shares >= 0).all()
    assert shares[0, entities].sum() == pytest.approx(1, abs=1e-3)
    # Four concepts and "none of them", none more likely than the others.
    assert shares[1] == pytest.approx(np.full(len(CONCEPTS), 1 / 5))


def test_a_great_logit_scale_makes_certain_and_never_overflows(encoder: ColourEncoder) -> None:
    encoder.logit_scale = 1e4
    shares = ConceptFinder(encoder, CONCEPTS).probabilities(encoder.encode_images([patch(LUNG)]))
    assert np.isfinite(shares).all()
    assert shares[0, 0] == pytest.approx(1)


def test_three_of_each_kind_are_told_likeliest_first(finder: ConceptFinder, encoder: ColourEncoder) -> None:
    found = finder.seen(encoder.encode_images([patch(LUNG)]))
    assert [s.concept.kind for s in found].count("entity") == [s.concept.kind for s in found].count("organ") == 3
    chances = [s.probability for s in found]
    assert chances == sorted(chances, reverse=True)
    # The name in two templates: as it is, and behind "an image of".
    likeness = (1 + 2 / np.sqrt(2 * 5)) / np.linalg.norm(
        np.array([1, 1, 0, 0, 0]) / np.sqrt(2) + np.array([1, 1, 1, 1, 1]) / np.sqrt(5)
    )
    assert next(s for s in found if s.concept.name == LUNG).similarity == pytest.approx(likeness, abs=1e-5)


def test_views_are_weighed(finder: ConceptFinder, encoder: ColourEncoder) -> None:
    views = encoder.encode_images([patch(LUNG), patch(SKIN)])
    chances = {s.concept.name: s.probability for s in finder.seen(views, np.array([3.0, 1.0]))}
    assert chances[LUNG] == pytest.approx(0.75, abs=1e-3)
    assert chances[SKIN] == pytest.approx(0.25, abs=1e-3)


def test_texts_are_encoded_at_the_first_use_and_once_however_many_ask(finder: ConceptFinder) -> None:
    class Slow(ColourEncoder):
        calls = 0

        def encode_texts(self, texts: Sequence[str]) -> Vectors:
            self.calls += 1
            time.sleep(0.05)
            return super().encode_texts(texts)

    encoder = Slow()
    finder = ConceptFinder(encoder, CONCEPTS)
    assert encoder.calls == 0
    images = encoder.encode_images([patch(LUNG)])
    threads = [threading.Thread(target=finder.seen, args=(images,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert encoder.calls == 1


@pytest.mark.parametrize(
    ("title", "organ", "diagnosis"),
    [
        ("Pulmonary Adenocarcinoma", "Pulmonary", "Adenocarcinoma"),
        ("Adenocarcinomas of both lungs", "lungs", "Adenocarcinomas"),
        ("Lung disease", "Lung", ""),
        ("Colonic adenocarcinoma", "", "adenocarcinoma"),
        ("Squamous-cell tumours", "", ""),
        ("Plunge; adenocarcinomatosis", "", ""),
        ("", "", ""),
    ],
)
def test_an_article_names_a_concept_by_the_words_it_has_for_it(title: str, organ: str, diagnosis: str) -> None:
    assert naming(ADENOCARCINOMA, article(1, title)) == Naming(organ, diagnosis)


def test_words_are_looked_for_in_abstract_and_headings_too() -> None:
    by_heading = Article(pmid=1, title="A case.", mesh=(MeshHeading(name="Lung Neoplasms"),))
    assert naming(ADENOCARCINOMA, by_heading).organ == "Lung"
    assert naming(ADENOCARCINOMA, article(1, "A case.", "A squamous cell tumour.")).diagnosis == "squamous cell"


def test_words_of_a_file_are_no_patterns() -> None:
    odd = concept("entity", "c.d (4+)", term="c.d (4+)")
    assert naming(odd, article(1, "cxd 4")).diagnosis == ""
    assert naming(odd, article(1, "A C.D (4+) cell")).diagnosis == "C.D (4+)"


@pytest.mark.parametrize(
    ("named", "share"), [(Naming("lung", "adenocarcinoma"), 1.0), (Naming("lung"), 0.5), (Naming(), 0.0)]
)
def test_completeness_is_the_share_of_organ_and_diagnosis(named: Naming, share: float) -> None:
    assert completeness(ADENOCARCINOMA, named) == share


def test_of_a_concept_without_diagnosis_the_organ_is_all() -> None:
    assert completeness(concept("organ", "lung", "lung"), Naming("lung")) == 1.0
    assert completeness(concept("pattern", "cribriform"), Naming()) == 1.0
