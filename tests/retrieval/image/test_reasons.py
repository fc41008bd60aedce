"""Why a hit is there: one reason for each leg that gave something to its score, greatest share first."""

from __future__ import annotations

import pytest

from retrieval.image.concepts import SeenConcept
from retrieval.image.reasons import Found, reasons_of
from retrieval.image.records import Reason
from retrieval.index.joint_space import FIGURE, Brought
from retrieval.records import LegScore
from tests.fakes import article
from tests.retrieval.image.image_fakes import COLON, LUNG, concept, figure

FOUND_IN = article(
    1, "Lung adenocarcinoma.", "Nuclei were large in every gland. Nobody should rely on one marker alone."
)
FIGURE_2 = figure(1, "A gland.", name="fig2")
TITLE, CONCLUSION = Brought(0, None, False, 0.9), Brought(1, None, False, 0.8)
CAPTION, IMAGE = Brought(FIGURE, FIGURE_2, False, 0.7), Brought(FIGURE, FIGURE_2, True, 0.6)
SEEN_LUNG = SeenConcept(concept("entity", LUNG, "lung", "adenocarcinoma"), 0.914, 0.8)
SEEN_COLON = SeenConcept(concept("entity", COLON, "colon", "adenocarcinoma"), 0.5, 0.4)


def found(texts: Brought = TITLE, figures: Brought = IMAGE, seen: tuple[SeenConcept, ...] = (SEEN_LUNG,)) -> Found:
    return Found({"texts": {1: texts}, "figures": {1: figures}}, seen, "smokers", "ERBB2")


def reasons(found: Found, **shares: float) -> tuple[Reason, ...]:
    return reasons_of(FOUND_IN, {leg: LegScore(1, 1.0, share) for leg, share in shares.items()}, found)


def test_the_greatest_share_comes_first() -> None:
    told = reasons(found(), texts=0.1, figures=0.2, concepts=0.4, words=0.25, genes=0.05)
    assert [(reason.kind, reason.share) for reason in told] == [
        ("concept", 0.4),
        ("words", 0.25),
        ("figure", 0.2),
        ("title", 0.1),
        ("genes", 0.05),
    ]


def test_a_leg_that_gave_nothing_is_no_reason() -> None:
    assert [reason.kind for reason in reasons(found(), texts=0.0, words=0.5)] == ["words"]


def test_where_no_leg_gave_anything_those_are_told_that_found_it() -> None:
    assert [(reason.kind, reason.share) for reason in reasons(found(), texts=0.0, words=0.0)] == [
        ("title", 0.0),
        ("words", 0.0),
    ]


@pytest.mark.parametrize(
    ("brought", "kind", "field"), [(TITLE, "title", "title"), (CONCLUSION, "sentence", "abstract")]
)
def test_a_text_is_told_with_its_place(brought: Brought, kind: str, field: str) -> None:
    (told,) = reasons(found(texts=brought), texts=1.0)
    assert told.kind == kind
    assert getattr(FOUND_IN, field)[told.start : told.end] == told.text


@pytest.mark.parametrize(("brought", "kind"), [(CAPTION, "caption"), (IMAGE, "figure")])
def test_a_figure_is_named_and_its_caption_told(brought: Brought, kind: str) -> None:
    (told,) = reasons(found(figures=brought), figures=1.0)
    assert (told.kind, told.text, told.figure) == (kind, "A gland.", FIGURE_2)
    assert (told.start, told.end) == (None, None)


def test_a_figure_without_caption_is_told_by_its_label() -> None:
    bare = figure(1, "", name="fig3")
    (told,) = reasons(found(figures=Brought(FIGURE, bare, True, 0.5)), figures=1.0)
    assert told.text == "Figure 3"


def test_a_concept_is_told_with_its_probability_and_the_articles_own_words() -> None:
    (told,) = reasons(found(), concepts=1.0)
    assert told.text == 'lung adenocarcinoma (91%): the article names "Lung" and "adenocarcinoma"'


def test_of_several_concepts_the_one_is_told_that_the_article_names_most_of() -> None:
    (told,) = reasons(found(seen=(SEEN_COLON, SEEN_LUNG)), concepts=1.0)
    assert told.text.startswith("lung adenocarcinoma (91%)")


def test_a_concept_that_the_article_does_not_name_is_told_without_words() -> None:
    (told,) = reasons(
        found(seen=(SeenConcept(concept("entity", "melanoma", "skin", "melanoma"), 0.5, 0.1),)), concepts=1
    )
    assert told.text == "melanoma (50%)"


def test_words_and_genes_are_told_as_they_were_searched() -> None:
    words, genes = reasons(found(), words=0.6, genes=0.4)
    assert (words.text, genes.text) == ("smokers", "ERBB2")
