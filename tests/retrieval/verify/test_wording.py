"""What the words of a sentence tell: names, numbers, directions, negations."""

from __future__ import annotations

import pytest

from retrieval.analysis import Analyzer
from retrieval.synonyms import Synonyms
from retrieval.verify.copies import Copy, compare
from retrieval.verify.lexicon import Lexicon, read_lexicon
from retrieval.verify.opposite import opposites
from retrieval.verify.wording import Number, Wording, WordingReader
from retrieval.vocabulary.file import read_vocabulary

VOCABULARY = read_vocabulary()
ANALYZER = Analyzer(VOCABULARY.symbols())
LEXICON: Lexicon = read_lexicon(ANALYZER)
READER = WordingReader(ANALYZER, LEXICON, Synonyms(VOCABULARY, ANALYZER))


def read(text: str) -> Wording:
    return READER.read(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("in 32% of 1,204 patients", (Number(32.0, "%"), Number(1204.0, "patient"))),
        ("32 percent", (Number(32.0, "%"),)),
        ("a 2.5-fold rise", (Number(2.5, "fold"),)),
        ("twelve cases", (Number(12.0, ""),)),
        ("(p < 0.05)", ()),
        ("COVID-19 and HER2", ()),
        ("1.2.3", ()),
    ],
)
def test_numbers_are_read_with_their_unit_and_p_values_left_out(text: str, numbers: tuple[Number, ...]) -> None:
    assert read(text).numbers == numbers


def test_names_are_words_written_as_names_and_not_abbreviations_explained() -> None:
    assert read("HER2, p53 and mTOR in chronic kidney disease (CKD) after 40mg").names == {"her2", "p53", "mtor"}


def test_a_name_of_the_vocabulary_stands_for_its_group() -> None:
    assert read("ERBB2 was amplified").groups == read("HER2 was amplified").groups


@pytest.mark.parametrize(
    ("text", "directions"),
    [
        ("It increases survival", [("amount", 1)]),
        ("It does not increase survival", [("amount", -1)]),
        ("It didn't increase survival", [("amount", -1)]),
        ("It not only increased survival", [("amount", 1)]),
        ("Survival was better", [("benefit", 1)]),
        ("X was unrelated to Y", [("relation", -1)]),
    ],
)
def test_directions_have_an_axis_and_a_sign_that_a_negation_turns(text: str, directions: list[tuple[str, int]]) -> None:
    assert [(one.axis, one.sign) for one in read(text).directed] == directions


@pytest.mark.parametrize(
    ("claim", "turned"),
    [
        ("X increases Y", {"X decreases Y", "It is not true that x increases Y"}),
        ("X is high", {"X is low", "X is not high"}),
        ("X does not bind Y", {"X bind Y"}),
        ("X cannot bind", {"X can bind"}),
    ],
)
def test_a_claim_is_turned_round(claim: str, turned: set[str]) -> None:
    assert set(opposites(claim, LEXICON)) == turned


SENTENCE = "Expression of CD8 was increased in 40 of 100 tumours with necrosis."


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        (SENTENCE, Copy.SAME),
        (f"In addition, we found that {SENTENCE}", Copy.SAME),
        (f"Thus, {SENTENCE}", Copy.SAME),
        (SENTENCE.replace("increased", "decreased"), Copy.TURNED),
        (SENTENCE.replace("was", "was not"), Copy.TURNED),
        (SENTENCE.replace("40", "60"), Copy.CHANGED),
        (SENTENCE.replace("CD8", "CD4"), Copy.CHANGED),
        ("CD8 rose in tumours.", Copy.NONE),
        (f"It is not true that {SENTENCE}", Copy.TURNED),
    ],
)
def test_a_near_copy_is_told_by_the_words_in_which_it_differs(claim: str, kind: Copy) -> None:
    assert compare(read(claim), read(SENTENCE)) is kind


def test_every_word_of_direction_has_one_sign() -> None:
    assert all(LEXICON.opposites[LEXICON.opposites[word]] for word in LEXICON.opposites)
    for word, partner in LEXICON.opposites.items():
        ours, theirs = LEXICON.directions[word], LEXICON.directions[partner]
        assert (ours.axis, ours.sign) != (theirs.axis, theirs.sign), (word, partner)
