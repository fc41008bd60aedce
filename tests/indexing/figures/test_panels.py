"""Panels of compound figures, as captions print them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.figures.panels import find_panels


def texts(caption: str, *bold: str) -> dict[str, str]:
    """Label -> text; each of `bold` is the next place of that text in the caption."""
    spans, at = [], 0
    for word in bold:
        at = caption.index(word, at)
        spans.append((at, at + len(word)))
        at += len(word)
    return {panel.label: caption[panel.start : panel.end] for panel in find_panels(caption, spans)}


@pytest.mark.parametrize(
    ("caption", "panels"),
    [
        ("(A) H&E. (B) Ki-67.", {"A": "H&E.", "B": "Ki-67."}),
        ("(A) H&E. (B, C) Ki-67.", {"A": "H&E.", "B": "Ki-67.", "C": "Ki-67."}),
        ("(A) H&E (B–D) CD3", {"A": "H&E", "B": "CD3", "C": "CD3", "D": "CD3"}),
        ("(A, C) H&E; (B, D) p16.", {"A": "H&E", "B": "p16.", "C": "H&E", "D": "p16."}),
        ("(A and B) H&E; (C) p16.", {"A": "H&E", "B": "H&E", "C": "p16."}),
        ("(A) (B) H&E; (C) p16.", {"A": "H&E", "B": "H&E", "C": "p16."}),
        ("Lung. (A) H&E, (B) TTF-1, and (C) p40.", {"A": "H&E", "B": "TTF-1", "C": "p40."}),
        ("Skin (a) before and (b) after treatment.", {"a": "before", "b": "after treatment."}),
        ("A, Tumour cells. B, Ki-67. C and D, CD3.", {"A": "Tumour cells.", "B": "Ki-67.", "C": "CD3.", "D": "CD3."}),
        ("A) H&E B) Ki-67", {"A": "H&E", "B": "Ki-67"}),
        ("A: H&E; B: Ki-67", {"A": "H&E", "B": "Ki-67"}),
        ("(A: H&E, ×40; B: Ki-67, ×400).", {"A": "H&E, ×40", "B": "Ki-67, ×400"}),
        ("Panel A: H&E. Panels B and C: Ki-67.", {"A": "H&E.", "B": "Ki-67.", "C": "Ki-67."}),
        ("(A) H&E.\n(B) Ki-67.\nScale bar, 50 µm.", {"A": "H&E.", "B": "Ki-67."}),
    ],
)
def test_labels_before_their_text(caption: str, panels: dict[str, str]) -> None:
    assert texts(caption) == panels


@pytest.mark.parametrize(
    ("caption", "panels"),
    [
        ("H&E (A), Ki-67 (B), and p53 (C).", {"A": "H&E", "B": "Ki-67", "C": "p53"}),
        ("Case 1. Nests of cells (A). Ki-67 (B, C).", {"A": "Nests of cells", "B": "Ki-67", "C": "Ki-67"}),
        ("Nests (A, H&E, ×200) and CK (B, ×400).", {"A": "Nests (A, H&E, ×200)", "B": "CK (B, ×400)"}),
        ("Low power (A) and high power (B) views.", {"A": "Low power", "B": "high power"}),
    ],
)
def test_labels_after_their_text(caption: str, panels: dict[str, str]) -> None:
    assert texts(caption) == panels


def test_a_bold_letter_is_a_label_without_any_punctuation() -> None:
    assert texts("Overview. a H&E stain. b, c Ki-67.", "a", "b, c") == {"a": "H&E stain.", "b": "Ki-67.", "c": "Ki-67."}


def test_a_reference_to_another_panel_does_not_begin_one() -> None:
    assert texts("(A) H&E, as in (C). (B) Ki-67; compare (A). (C) p53.") == {
        "A": "H&E, as in (C).",
        "B": "Ki-67; compare (A).",
        "C": "p53.",
    }


@pytest.mark.parametrize(
    "caption",
    [
        "",
        "Tumour cells in nests.",
        "Only one letter (A) is here.",
        "(B) begins (C) too late.",
        "A. fumigatus hyphae. B. cepacia colonies.",
        "A tumour of the lung: a rare finding.",
        "Vitamin A and B, as well as C.",
    ],
)
def test_a_figure_that_is_not_compound_has_no_panels(caption: str) -> None:
    assert find_panels(caption) == ()


CAPTIONS = st.text(alphabet="ABCDabc (),.;:–-&\n1é", max_size=80)


@given(CAPTIONS, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 5)), max_size=4))
def test_panels_lie_inside_the_caption_and_are_labelled_without_a_gap(
    caption: str, bold: list[tuple[int, int]]
) -> None:
    spans = [(start, min(start + length, len(caption))) for start, length in bold if start < len(caption)]
    panels = find_panels(caption, spans)
    assert all(0 <= panel.start < panel.end <= len(caption) for panel in panels)
    assert all(caption[panel.start : panel.end].strip() == caption[panel.start : panel.end] for panel in panels)
    labels = [panel.label for panel in panels]
    assert len(set(labels)) == len(labels)
    assert labels == sorted(labels)


@pytest.mark.parametrize("part", ["A, ", "(A, ", "A and ", "A) ", "(A) x ", "A–A", "("])
def test_the_longest_captions_cost_no_more_than_their_length(part: str) -> None:
    begun = time.perf_counter()
    find_panels(part * 20_000)
    assert time.perf_counter() - begun < 5
