"""Sentences as an answer may quote them: exact places, no labels, and which part of the abstract they are from."""

from pathlib import Path

import pytest

from retrieval.answer.sentence_reading import nearness, sentences_of
from retrieval.records import Article, Section
from tests.fakes import article
from tests.retrieval.answer.word_reader import open_reading_searcher

STRUCTURED = Article(
    pmid=1,
    title=" Budding in colon cancer. ",
    sections=(
        Section("We counted buds. Slides were stained.", label="METHODS", category="METHODS"),
        Section("Buds predict spread. They are counted on one field.", label="WHAT WE LEARNT", category="CONCLUSIONS"),
    ),
)
FLAT = article(2, "", "AIM: To count buds. PATIENTS AND METHODS: Ten men. RESULTS Buds were found. CONCLUSION: Count.")


@pytest.mark.parametrize("read", [STRUCTURED, FLAT])
def test_each_sentence_is_its_span_of_the_article(read: Article) -> None:
    for sentence in sentences_of(read):
        assert getattr(read, sentence.field)[sentence.start : sentence.end] == sentence.text


def test_the_title_comes_first_and_labels_are_no_part_of_a_sentence() -> None:
    assert [s.text for s in sentences_of(STRUCTURED)] == [
        "Budding in colon cancer.",
        "We counted buds.",
        "Slides were stained.",
        "Buds predict spread.",
        "They are counted on one field.",
    ]


def test_sections_say_what_was_asked_and_what_was_found() -> None:
    assert [s.part for s in sentences_of(STRUCTURED)] == ["unknown", "asked", "asked", "found", "found"]


def test_headings_inside_an_abstract_without_sections_are_read_as_labels() -> None:
    found = [(s.part, s.text) for s in sentences_of(FLAT)]
    assert found == [
        ("asked", "To count buds."),
        ("asked", "Ten men."),
        ("found", "Buds were found."),
        ("found", "Count."),
    ]


@pytest.mark.parametrize("text", ["HER2 was lost.", "IL-6: high in all.", "Results showed buds.", "TNF-ALPHA: low."])
def test_other_words_in_capitals_stay(text: str) -> None:
    assert [s.text for s in sentences_of(article(3, "", text))] == [text]


def test_a_sentence_stays_in_its_part_until_the_next_heading() -> None:
    read = article(4, "", "RESULTS: Buds were found. Spread was seen. CONCLUSIONS: Count them.")
    assert [s.part for s in sentences_of(read)] == ["found"] * 3


def test_nearness_has_a_row_for_each_sentence_with_or_without_a_title(tmp_path: Path) -> None:
    searcher = open_reading_searcher(tmp_path, [STRUCTURED, FLAT])
    rows = nearness("buds predict spread", [STRUCTURED, FLAT], searcher)
    assert rows is not None
    assert [len(row) for row in rows] == [5, 4]
    assert max(rows[0], key=lambda one: one.words) is rows[0][3]
    assert rows[0][3].cosine == pytest.approx(1.0, abs=0.01)


def test_without_a_reranker_that_reads_tokens_there_is_no_nearness(tmp_path: Path) -> None:
    assert nearness("buds", [FLAT], open_reading_searcher(tmp_path, [FLAT], reading=False)) is None
