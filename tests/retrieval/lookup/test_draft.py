"""From a draft to its sentences."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lookup.draft import read_draft

DRAFT = """---
title: A draft
---
# Markers

## Introduction

TTF-1 marks **adenocarcinoma**
of the lung. [2] P40 marks squamous cells.12 Both are [cheap](https://example.org).

- Statins lower cholesterol.

## Methods

### Staining

We stained slides.

| a | b |
```
Code is none.
```
Results

Twelve were positive.

References
1. Smith J. A title. J Pathol. 2014.

2. Doe J. Another. 2015.
"""


def test_sentences_keep_their_places_and_lose_their_markup() -> None:
    draft = read_draft(DRAFT)
    assert [(s.section, s.text) for s in draft.sentences] == [
        ("LITERATURE", "TTF-1 marks adenocarcinoma of the lung. [2]"),
        ("LITERATURE", "P40 marks squamous cells.12"),
        ("LITERATURE", "Both are cheap."),
        ("LITERATURE", "Statins lower cholesterol."),
        ("METHODS", "We stained slides."),
        ("RESULTS", "Twelve were positive."),
    ]
    first = draft.sentences[0]
    assert DRAFT[first.start : first.end] == "TTF-1 marks **adenocarcinoma**\nof the lung. [2]"


def test_the_list_of_references_is_set_apart() -> None:
    draft = read_draft(DRAFT)
    assert draft.references == "1. Smith J. A title. J Pathol. 2014.\n\n2. Doe J. Another. 2015."
    assert DRAFT[: draft.references_end].endswith("Another. 2015.")


def test_a_dated_list_at_the_end_needs_no_heading() -> None:
    draft = read_draft("Lungs breathe [1].\n\n[1] Smith J. 2014.\n[2] Doe J. 2015.")
    assert [s.text for s in draft.sentences] == ["Lungs breathe [1]."]
    assert draft.references == "[1] Smith J. 2014.\n[2] Doe J. 2015."


def test_footnotes_of_markdown_are_references() -> None:
    draft = read_draft("Lungs breathe.[^1]\n\n[^1]: Smith J. 2014.\n")
    assert draft.references == "[1] Smith J. 2014."


def test_latex_sections_are_headings() -> None:
    draft = read_draft("\\section{Methods}\nWe cut slides.\n\\section{Discussion}\nSlides fade.\n")
    assert [(s.section, s.text) for s in draft.sentences] == [
        ("METHODS", "We cut slides."),
        ("LITERATURE", "Slides fade."),
    ]


def test_a_label_in_front_of_a_paragraph_names_its_section() -> None:
    draft = read_draft("METHODS: Slides were cut.\nThey were stained.")
    assert [(s.section, s.text) for s in draft.sentences] == [
        ("METHODS", "Slides were cut."),
        ("METHODS", "They were stained."),
    ]


def test_one_line_is_a_sentence_whatever_it_looks_like() -> None:
    assert [s.text for s in read_draft("Patients with cancer smoke").sentences] == ["Patients with cancer smoke"]


@pytest.mark.parametrize("text", ["", " \n ", "123 456.", "....", "\x00\x01", "```\ncode"])
def test_a_text_without_words_has_no_sentence(text: str) -> None:
    assert read_draft(text).sentences == ()


def test_control_characters_are_blanks() -> None:
    assert [s.text for s in read_draft("Lungs\x00 \x1bbreathe\u2028air.").sentences] == ["Lungs breathe air."]


@given(st.text(alphabet="aZ1 .\n#[]()*_`>-|<^¹\\{}@:é\x00", max_size=200))
def test_sentences_are_apart_and_in_order(text: str) -> None:
    end = 0
    for sentence in read_draft(text).sentences:
        assert end <= sentence.start < sentence.end <= len(text)
        end = sentence.end


@pytest.mark.parametrize(
    "piece", ["word ", "a. ", "[a](", "*", "<!--", "#", "> ", "1. ", "[^1]: x\n", "-\n", "|", "A.1 ", "\n"]
)
def test_a_long_hostile_text_is_read_in_time(piece: str) -> None:
    started = time.perf_counter()
    read_draft((piece * 200_000)[:200_000])
    assert time.perf_counter() - started < 5
