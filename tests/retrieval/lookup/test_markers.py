"""Citations that a text has already."""

from __future__ import annotations

import time

import pytest

from retrieval.lookup.markers import find_markers, without_markers


@pytest.mark.parametrize(
    ("text", "kind", "keys"),
    [
        ("It is so [1].", "number", ("1",)),
        ("It is so [1, 3–5].", "number", ("1", "3", "4", "5")),
        ("It is so.[12-14]", "number", ("12", "13", "14")),
        ("It is so [9-3].", "number", ("9", "3")),
        ("It is so [1-9999].", "number", ("1", "9999")),
        ("It is so.¹²", "number", ("12",)),
        ("therapy¹,³⁻⁵ helps", "number", ("1", "3", "4", "5")),
        ("It is so<sup>1,2</sup>.", "number", ("1", "2")),
        ("It is so^1,2^.", "number", ("1", "2")),
        ("It was shown.12", "number", ("12",)),
        ("It is so[^3].", "number", ("3",)),
        ("It is so (Smith 2014).", "author_year", ("smith 2014",)),
        (
            "It is so (Smith et al., 2014a; see Müller and Ott, 2015).",
            "author_year",
            ("smith 2014a", "müller 2015"),
        ),
        ("Smith et al. (2014) say so.", "author_year", ("smith 2014",)),
        ("Smith and Jones (2014, 2016) say so.", "author_year", ("smith 2014", "smith 2016")),
        ("It is so (PMID: 123).", "identifier", ("PMID: 123",)),
        ("It is so https://pubmed.ncbi.nlm.nih.gov/123/", "identifier", ("PMID: 123",)),
        ("It is so (doi:10.1000/ABC(1)2).", "identifier", ("doi:10.1000/abc(1)2",)),
        ("It is so https://doi.org/10.1000/abc.", "identifier", ("doi:10.1000/abc",)),
        ("It is so (PMC6022342).", "identifier", ("PMC6022342",)),
        (r"It is so \citep[see][p. 3]{smith14, doe}.", "key", ("smith14", "doe")),
        ("It is so [@smith14; see @doe:2].", "key", ("smith14", "doe:2")),
    ],
)
def test_a_marker_is_found_with_what_it_names(text: str, kind: str, keys: tuple[str, ...]) -> None:
    (marker,) = find_markers(text, 100)
    assert (marker.kind, marker.keys) == (kind, keys)
    assert text[marker.start - 100 : marker.end - 100] == marker.text


@pytest.mark.parametrize(
    "text",
    [
        "Tumours of 3 cm² and 10³ cells and Ca²⁺.",
        "It rose (P = 0.03) in 12 (40%) of cases (n = 3).",
        "Seen in (January 2014) and in 2014.",
        "The interval [0.3; 0.9] was wide.",
        "See (Figure 2).",
        "Scores of 2 (3) were kept.",
    ],
)
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert find_markers(text) == ()


def test_a_number_in_parentheses_counts_where_there_is_such_a_reference() -> None:
    (marker,) = find_markers("It is so (2,3).", known=frozenset("123"))
    assert marker.keys == ("2", "3")


def test_a_claim_stands_without_its_markers() -> None:
    text = "Smoking (Smith 2014) causes cancer [1, 2]."
    assert without_markers(text, find_markers(text)) == "Smoking causes cancer."


@pytest.mark.parametrize(
    "piece", ["[", "[1,", "(", "(Smith ", "(Smith et al ", "\\cite{", "[@a", "10.1000/", "¹", "A ", "<sup>"]
)
def test_hostile_text_takes_no_long_time(piece: str) -> None:
    started = time.perf_counter()
    find_markers((piece * 4_000)[:4_000])
    assert time.perf_counter() - started < 2
