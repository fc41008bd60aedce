"""Image search: from views, words and genes to hits, each with the reasons that make up its score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from retrieval.errors import ConfigurationError, IncompatibleError, InputError
from retrieval.image.records import IMAGE_LEGS, ImageHit, ImageQuery, ImageResult, View
from retrieval.image.search import ImageSearch
from retrieval.records import Article, Filters, IntegrityPolicy, Section, Term
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

NAMES_BOTH, NAMES_ORGAN, OF_COLON, OF_SKIN, OF_GENES, RETRACTED = 1, 2, 3, 4, 5, 9
ARTICLES = [
    article(NAMES_BOTH, "Lung adenocarcinoma.", "Gefitinib helped some of the patients in this trial.", year=2001),
    article(NAMES_ORGAN, "Lung biopsies.", "Of the lung nothing else was taken from anybody here.", year=2002),
    article(OF_COLON, "Colon adenocarcinoma.", "Polyps of the colon come before it in many cases.", year=2003),
    article(OF_SKIN, "Skin melanoma.", "Moles of the skin should be looked at once a year.", year=2004),
    article(OF_GENES, "HER2 amplification.", "HER2 was amplified in a third of those that we saw.", year=2005),
    Article(
        pmid=RETRACTED,
        title="Lung adenocarcinoma cured.",
        sections=(Section(text="Lung adenocarcinoma went away wherever we looked."),),
        publication_types=(Term(name="Retracted Publication", ui="D016441"),),
    ),
]
MOLE = figure(OF_SKIN, "Pigment in nests.")
LABELLED = Filters(integrity=IntegrityPolicy.LABEL)


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> ImageSearch:
    corpus = ImageCorpus(tmp_path_factory.mktemp("images"), image_encoder=ColourEncoder())
    corpus.add_figures({MOLE: png(patch(SKIN))})
    corpus.publish(ARTICLES)
    return corpus.open_image_search()


def ask(search: ImageSearch, *shows: str, weights: Sequence[float] = (), **asked: Any) -> ImageResult:
    weighed = zip(shows, weights or [1.0] * len(shows), strict=True)
    views = [View(patch(shown, n), weight) for n, (shown, weight) in enumerate(weighed)]
    return search.search(ImageQuery(**asked), views)


def pmids(result: ImageResult) -> list[int]:
    return [hit.article.pmid for hit in result.hits]


def hit(result: ImageResult, pmid: int) -> ImageHit:
    return next(hit for hit in result.hits if hit.article.pmid == pmid)


def test_an_image_finds_articles_on_what_it_shows(search: ImageSearch) -> None:
    result = ask(search, LUNG)
    assert pmids(result)[0] == NAMES_BOTH
    assert result.confident
    assert set(result.query.split("; ")) == {LUNG, "lung"}
    assert (result.generation, result.encoder, result.notices) == ("000001", "colours@1", ())
    assert [hit.rank for hit in result.hits] == list(range(1, len(result.hits) + 1))


def test_articles_that_name_organ_and_diagnosis_come_before_those_that_name_one(search: ImageSearch) -> None:
    result = ask(search, LUNG, legs=("concepts",))
    places = pmids(result)
    assert places[0] == NAMES_BOTH
    assert places.index(NAMES_ORGAN) < places.index(OF_COLON) < places.index(OF_SKIN)


@pytest.mark.parametrize("asked", [{}, {"words": "gefitinib"}, {"words": "polyps", "genes": "ERBB2:4"}])
def test_the_shares_of_a_hits_legs_and_of_its_reasons_add_up_to_its_score(
    search: ImageSearch, asked: dict[str, Any]
) -> None:
    result = ask(search, LUNG, **asked)
    for found in result.hits:
        assert sum(leg.share for leg in found.legs.values()) == pytest.approx(found.score)
        assert sum(reason.share for reason in found.reasons) == pytest.approx(found.score)
        assert 0 <= found.score <= 1 + 1e-9
        assert set(found.legs) <= set(IMAGE_LEGS)
        assert found.reasons


def test_reasons_are_sorted_and_quote_the_article(search: ImageSearch) -> None:
    for found in ask(search, SKIN, words="moles").hits:
        shares = [reason.share for reason in found.reasons]
        assert shares == sorted(shares, reverse=True)
        for reason in found.reasons:
            if reason.kind in ("title", "sentence"):
                field = found.article.title if reason.kind == "title" else found.article.abstract
                assert field[reason.start : reason.end] == reason.text
        for sentence in found.evidence:
            assert getattr(found.article, sentence.field)[sentence.start : sentence.end] == sentence.text


def test_a_figure_that_looks_alike_brings_its_article_and_is_named(search: ImageSearch) -> None:
    result = ask(search, SKIN, legs=("figures",))
    assert pmids(result) == [OF_SKIN]
    (reason,) = result.hits[0].reasons
    assert (reason.kind, reason.figure, reason.text) == ("figure", MOLE, "Pigment in nests.")


def test_the_images_weight_moves_hits_between_image_and_words(search: ImageSearch) -> None:
    balanced = {weight: ask(search, LUNG, words="moles skin", image_weight=weight) for weight in (0.1, 0.9)}
    assert pmids(balanced[0.1])[0] == OF_SKIN
    assert pmids(balanced[0.9])[0] == NAMES_BOTH


def test_with_weight_1_the_image_alone_is_asked(search: ImageSearch) -> None:
    with_words = ask(search, LUNG, words="moles skin", genes="ERBB2:4", image_weight=1.0)
    assert [(h.article.pmid, h.score) for h in with_words.hits] == [
        (h.article.pmid, h.score) for h in ask(search, LUNG).hits
    ]
    assert all(set(found.legs) <= {"texts", "figures", "concepts"} for found in with_words.hits)


def test_with_weight_0_words_and_genes_alone_are_asked(search: ImageSearch) -> None:
    asked: dict[str, Any] = {"words": "moles of the skin", "genes": "ERBB2:4"}
    with_image = ask(search, LUNG, image_weight=0.0, **asked)
    assert [(h.article.pmid, h.score) for h in with_image.hits] == [
        (h.article.pmid, h.score) for h in ask(search, **asked).hits
    ]
    assert not {leg for found in with_image.hits for leg in found.legs} & {"texts", "figures", "concepts"}
    # What the image shows is told all the same.
    assert LUNG in with_image.query


@pytest.mark.parametrize("image_weight", [0.0, 0.5, 1.0])
def test_without_an_image_its_weight_does_not_matter(search: ImageSearch, image_weight: float) -> None:
    result = ask(search, words="gefitinib", image_weight=image_weight)
    assert pmids(result)[0] == NAMES_BOTH
    assert result.hits[0].score == pytest.approx(1.0)
    assert (result.confident, result.concepts, result.query, result.notices) == (False, (), "", ())


def test_genes_alone_are_enough(search: ImageSearch) -> None:
    result = ask(search, genes="ERBB2:4.1")
    assert pmids(result)[0] == OF_GENES
    (reason,) = result.hits[0].reasons
    # As the literature names it.
    assert (reason.kind, reason.text) == ("genes", "HER2")


def test_genes_that_did_not_change_ask_for_nothing(search: ImageSearch) -> None:
    assert pmids(ask(search, LUNG, genes="ERBB2:1")) == pmids(ask(search, LUNG))


@pytest.mark.parametrize(
    ("shows", "asked", "message"),
    [
        ((), {}, "nothing is asked: give an image"),
        ((), {"words": " ", "genes": "\n"}, "nothing is asked: give an image"),
        ((), {"genes": "ERBB2:1"}, "conditions, or genes that did not change, find nothing by themselves"),
        ((), {"words": "year:2001"}, "conditions, or genes that did not change, find nothing by themselves"),
        ((LUNG,), {"image_weight": 0.0}, "image_weight is 0, which leaves the image out"),
        ((LUNG,), {"image_weight": 1.1}, "image_weight is 1.1; it must lie between 0 and 1"),
        ((LUNG,), {"image_weight": float("nan")}, "image_weight is nan"),
        ((LUNG,), {"limit": 0}, "limit is 0; it must lie between 1 and 1,000"),
        ((LUNG,), {"limit": 1001}, "limit is 1001"),
        ((LUNG,), {"legs": ()}, "choose at least one of"),
        ((LUNG,), {"legs": ("dense",)}, r"legs are \['dense'\]"),
        ((LUNG,), {"filters": Filters(year_from=2005, year_to=2001)}, "the years 2005 to 2001 run backwards"),
        ((LUNG,), {"genes": "ERBB2:0"}, "ERBB2"),
    ],
)
def test_what_makes_no_sense_is_refused(
    search: ImageSearch, shows: tuple[str, ...], asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ask(search, *shows, **asked)


def test_an_image_of_nothing_known_brings_no_hits_and_a_notice(search: ImageSearch) -> None:
    result = ask(search, "")
    assert (result.hits, result.confident, result.query) == ((), False, "")
    assert len(result.concepts) == 6
    assert result.notices[0].startswith("No confident match")


def test_with_words_an_image_of_nothing_known_brings_what_the_words_bring(search: ImageSearch) -> None:
    result = ask(search, "", words="gefitinib")
    assert pmids(result)[0] == NAMES_BOTH
    assert all(set(found.legs) == {"words"} for found in result.hits)
    assert result.notices[0].startswith("No confident match")


def test_words_take_part_in_the_query_language(search: ImageSearch) -> None:
    assert pmids(ask(search, LUNG, words="year:2003..2004")) == [OF_COLON, OF_SKIN]
    assert ask(search, LUNG, words="jjj:lung").notices == ask(search, words="jjj:lung").notices


def test_several_views_are_weighed(search: ImageSearch) -> None:
    mostly_lung = ask(search, LUNG, SKIN, weights=[3, 1], legs=("texts", "concepts"))
    mostly_skin = ask(search, LUNG, SKIN, weights=[1, 3], legs=("texts", "concepts"))
    assert pmids(mostly_lung)[0] == NAMES_BOTH
    assert pmids(mostly_skin)[0] == OF_SKIN
    assert {OF_SKIN, NAMES_BOTH} <= set(pmids(mostly_lung)) & set(pmids(mostly_skin))


def test_a_view_shown_twice_is_one_view(search: ImageSearch) -> None:
    once = search.search(ImageQuery(), [View(patch(LUNG))])
    twice = search.search(ImageQuery(), [View(patch(LUNG), 0.5), View(patch(LUNG), 0.5)])
    assert pmids(once) == pmids(twice)
    assert [h.score for h in once.hits] == pytest.approx([h.score for h in twice.hits])


@pytest.mark.parametrize("leg", IMAGE_LEGS)
def test_conditions_and_integrity_hold_on_every_leg(search: ImageSearch, leg: str) -> None:
    asked: dict[str, Any] = {"words": "lung adenocarcinoma moles", "genes": "ERBB2:4", "legs": (leg,)}
    everything = set(pmids(ask(search, SKIN, **asked, filters=LABELLED)))
    assert RETRACTED not in pmids(ask(search, SKIN, **asked))
    narrow = pmids(ask(search, SKIN, **asked, filters=Filters(pmids=(OF_SKIN, RETRACTED))))
    assert set(narrow) <= {OF_SKIN}
    assert everything
    without = pmids(ask(search, SKIN, **asked, filters=Filters(exclude_pmids=tuple(everything))))
    assert not set(without) & everything


def test_a_retracted_article_that_was_asked_for_is_marked_and_a_notice_names_it(search: ImageSearch) -> None:
    result = ask(search, LUNG, filters=LABELLED)
    assert hit(result, RETRACTED).integrity.status == "retracted"
    assert result.notices == (f"PMID {RETRACTED} is retracted; it must not be relied on.",)


def test_no_more_hits_come_than_are_asked_for(search: ImageSearch) -> None:
    assert pmids(ask(search, LUNG, limit=1)) == [NAMES_BOTH]


def test_a_generation_without_joint_space_answers_words_and_says_what_an_image_needs(tmp_path: Path) -> None:
    corpus = ImageCorpus(tmp_path)
    corpus.publish(ARTICLES)
    search = corpus.open_image_search()
    assert pmids(ask(search, words="gefitinib"))[0] == NAMES_BOTH
    with pytest.raises(ConfigurationError, match="000001 was built without an image encoder; build again"):
        ask(search, LUNG)


def test_another_image_encoder_than_that_of_the_generation_is_refused(tmp_path: Path) -> None:
    corpus = ImageCorpus(tmp_path, image_encoder=ColourEncoder())
    corpus.publish(ARTICLES)
    with pytest.raises(
        IncompatibleError, match="is that of the image encoder colours@1, the configured one is other@1"
    ):
        ask(corpus.open_image_search(ColourEncoder("other")), LUNG)


def test_a_generation_without_figures_is_asked_by_texts_and_concepts(tmp_path: Path) -> None:
    corpus = ImageCorpus(tmp_path, image_encoder=ColourEncoder())
    corpus.publish(ARTICLES)
    result = ask(corpus.open_image_search(), COLON)
    assert pmids(result)[0] == OF_COLON
    assert result.hits[0].score == pytest.approx(1.0)
