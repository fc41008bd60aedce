"""Composed cases: no part names another, none alone says enough, and the same seed makes the same cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.image.composed import make_cases
from evaluation.image.composed_runs import measure_composed
from evaluation.image.labels import find_label, read_labels, text_of
from evaluation.image.mentions import markers, of_entity, stem
from retrieval.errors import InputError
from retrieval.expression import parse_expression, query_text
from retrieval.records import Article, MeshHeading
from retrieval.vocabulary.file import read_vocabulary
from tests.fakes import article
from tests.retrieval.image.image_fakes import LUNG, ColourEncoder, ImageCorpus

LABELS = read_labels()
ALL_THREE = frozenset({1, 2})
_MUCH_ELSE = (
    "and much else that was seen over the years in two small places by the sea, told at length to whoever asked"
)


def _corpus() -> list[Article]:
    texts = [
        "Lung adenocarcinoma with necrosis and EGFR mutation",
        "Necrosis in adenocarcinoma of the lung with HER1",
        *[f"Lung adenocarcinoma {_MUCH_ELSE}"] * 4,
        *[f"Necrosis of the skin {_MUCH_ELSE}"] * 3,
        *[f"EGFR in the skin {_MUCH_ELSE}"] * 3,
        *["The heart"] * 400,
    ]
    articles = [article(n, text, f"{text}.") for n, text in enumerate(texts, 1)]
    heading = MeshHeading(name="Necrosis")
    return [Article(pmid=900, title="Headed", mesh=(heading, MeshHeading(name="Lung Neoplasms"))), *articles]


def test_a_case_has_all_three_and_each_part_alone_finds_more() -> None:
    (case,) = make_cases(_corpus(), {LUNG: ["a.png"]}, 1, 5, labels=LABELS)
    assert (case.label, case.entity, case.gene, case.image) == (LUNG, "necrosis", "EGFR", "a.png")
    assert case.relevant == ALL_THREE
    label = find_label(LABELS, LUNG)
    assert label is not None
    assert not label.names_part_of_it(case.report)
    assert query_text(parse_expression(case.genes)).startswith("EGFR")
    assert len(case.genes.splitlines()) == 7


def test_cases_repeat_themselves_and_a_class_without_images_has_none() -> None:
    assert make_cases(_corpus(), {LUNG: ["a", "b"]}, 3, 5, labels=LABELS) == make_cases(
        _corpus(), {LUNG: ["a", "b"]}, 3, 5, labels=LABELS
    )
    assert make_cases(_corpus(), {}, 3, 5, labels=LABELS) == ()


def test_no_case_where_one_part_says_enough() -> None:
    few = [entry for entry in _corpus() if "EGFR in" not in entry.title]
    assert make_cases(few, {LUNG: ["a"]}, 1, 5, labels=LABELS) == ()


@pytest.mark.parametrize(
    ("text", "stands"),
    [("an EGFR mutation", True), ("HER1", True), ("epidermal growth factor receptor", True), ("pEGFRx", False)],
)
def test_a_marker_is_mentioned_by_any_of_its_names(text: str, stands: bool) -> None:
    assert markers(read_vocabulary())["EGFR"].stands_in(text, text.casefold()) is stands


def test_a_finding_is_mentioned_in_singular_and_plural() -> None:
    assert stem("Macrophages") == "macrophage"
    assert stem("Necrosis") == "necrosis"
    assert of_entity("macrophage").stands_in("Macrophages", "macrophages")
    assert not of_entity("macrophage").stands_in("macrophagic", "macrophagic")


def test_parts_and_whole_are_measured_and_compared(tmp_path: Path) -> None:
    encoder = ColourEncoder()
    corpus = ImageCorpus(tmp_path, image_encoder=encoder)
    corpus.publish(_corpus())
    cases = make_cases(_corpus(), {LUNG: ["a"]}, 1, 5, labels=LABELS)
    measured = measure_composed(corpus.open_image_search(), cases, {"a": encoder.encode_texts([LUNG])[0]})
    whole = measured.line("nDCG@10, whole, image_weight 0.5").value.mean
    assert whole == 1.0
    alone = measured.line("nDCG@10, image alone").value.mean
    assert measured.line("whole, image_weight 0.5 - image alone").value.mean == pytest.approx(whole - alone)
    with pytest.raises(InputError, match="no case can be made"):
        measure_composed(corpus.open_image_search(), (), {})


def test_the_words_of_a_case_stand_in_what_is_relevant() -> None:
    (case,) = make_cases(_corpus(), {LUNG: ["a"]}, 1, 1, labels=LABELS)
    texts = {entry.pmid: text_of(entry) for entry in _corpus()}
    assert all(case.entity in texts[pmid].lower() for pmid in case.relevant)
