"""Biomedical sentences, one trap a line: what stays together and what comes apart, with offsets that never shift."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Some markers, e.g. Ki-67, were assessed.",
        "Carcinoma in situ (i.e. Stage 0) was left out.",
        "Smith et al. (2007) agree with Jones et al. Cancer 2010.",
        "Survival was 12 vs. 20 months.",
        "The nests in Fig. 2 and Figs. 3A were CK20 positive.",
        "We thank Dr. Miller and Prof. Jones of St. Jude Hospital.",
        "A lesion of approx. 5 cm was removed.",
        "Growth of S. aureus and E. coli was inhibited.",
        "Both S. Typhi and S. Typhimurium were cultured.",
        "The variant p. V600E was found, and so was c. 1799T>A.",
        "The difference was significant (P = 0.03, 95% CI 1.2-3.4).",
        "A typesetter wrote P < 0. 05 here.",
        "Patient no. 5 and worker No. 7 relapsed.",
        "The method of J. Smith and A. B. Jones was used.",
        "The U.S. National Cancer Institute paid for it.",
        "It lived in Candida spp. Albicans and others.",
        "It was given i.v. to mice and i.p. PGE2 to rats.",
        "It is known (Cancer Res. 247, 536-540) for long.",
        "(1) cells were grown; (2) cells were stained; and (3) cells were counted.",
        '"Is it safe?" he asked.',
        "No final stop here",
        "We compared three groups; none differed! in any way: really",
        "cells.We may stay one.",
        "The end...",
    ],
)
def test_one_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Cells died.|We counted them.",
        "It was significant (P=.04).|We conclude that it works.",
        "It was significant, P=.04.|We conclude that it works.",
        "(It was seen in all.)|Next came the mice.",
        'They called it "benign."|Others did not.',
        "Is it malignant?|Yes!|Indeed…|It is.",
        "It was described by Smith et al.|We confirm it.",
        "It was made in the U.S.|The rest came from Japan.",
        "Mice, rats, etc.|These were kept apart.",
        "We studied hepatitis B.|Patients with vitamin D.|Others in group A.|Mice in Group C.|Rats for 6 h.|Cats.",
        "It depends on p53.|p53 is a suppressor.|mTOR is not.|α-Synuclein neither.|miR-21 is.",
        "This is known [1].|That is not.[2,3]|Both matter.",
        "In 2010.|45 patients were seen.",
        "the liver was removed.|the kidney was not.",
        "Two were lost.|(2) The rest was well.|[Another] remark.",
        "1. Mice were bred.|2. Rats were not.",
        "Tumors were large.|≥5 cm was common.|“Rare” ones were small.",
        "It rose in patients with MS.|It fell in controls.",
    ],
)
def test_several_sentences(text: str) -> None:
    assert sentences(text.replace("|", " ")) == text.split("|")


def test_a_newline_always_ends_a_sentence_and_a_label_stays_with_its_text() -> None:
    assert sentences("AIMS: To see whether\nRESULTS: It is so. It holds.\n\n  CONCLUSION: Yes ") == [
        "AIMS: To see whether",
        "RESULTS: It is so.",
        "It holds.",
        "CONCLUSION: Yes",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n", " \t\n\u2009\n"])
def test_blanks_hold_no_sentence(text: str) -> None:
    assert split_sentences(text) == []


def test_offsets_count_characters() -> None:
    assert split_sentences("  β-Catenin rose 😀.  It fell. We stop. ") == [(2, 19), (21, 29), (30, 38)]


WORDS = "A b we The e.g al P 0 05 S i.v No (1) β é e\u0301 ß İ 😀 中。 \u200b \ud800".split(" ")
SIGNS = r". . ? ! … ; ( ) [1] ” ' -".split(" ")
BLANKS = [" ", " ", "\n", "\u2009", "\r", "\x1c"]
PIECES = st.sampled_from(WORDS + SIGNS + BLANKS)


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200))
@example(". . .")
@example(".\u2009A")
@example("\x1c.")
def test_spans_are_in_order_apart_trimmed_and_hold_every_character_but_blanks(text: str) -> None:
    position = 0
    for start, end in split_sentences(text):
        assert position <= start < end <= len(text)
        assert text[position:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        assert "\n" not in text[start:end]
        position = end
    assert text[position:].strip() == ""


@pytest.mark.parametrize("unit", [".", " ", "\n", ". ", "A. ", "e.g. ", ".)", ".[1", "a", "1. ", '."', "?!", ". \t"])
def test_time_grows_with_the_length_only(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.perf_counter()
    split_sentences(text)
    assert time.perf_counter() - began < 5
