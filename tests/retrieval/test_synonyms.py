"""Which words of a query name something, and which only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analysis import Analyzer
from retrieval.synonyms import Synonyms, group_rows
from retrieval.vocabulary.file import SynonymGroup, read_vocabulary

vocabulary = read_vocabulary()
analyzer = Analyzer(vocabulary.symbols())
synonyms = Synonyms(vocabulary, analyzer)


def found(text: str) -> dict[str, str]:
    return {text[m.start : m.end]: m.group.name for m in synonyms.find(text, [(0, len(text))])}


@pytest.mark.parametrize(
    "name",
    ["HER2", "her2", "HER-2", "HER 2", "ERBB2", "c-erbB-2", "cerbB2", "CD340", "CD 340", "HER2/neu", "Her-2 / neu"],
)
def test_every_spelling_of_a_marker_is_one_thing(name: str) -> None:
    assert found(f"{name} in gastritis") == {name: "HER2"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("renal cell carcinomas", "renal cell carcinoma"),
        ("oestrogen receptors", "estrogen receptor"),
        ("diffuse large B cell lymphoma", "diffuse large B-cell lymphoma"),
        ("diffuse large B‑cell lymphoma", "diffuse large B-cell lymphoma"),
        ("TNF-α", "TNF-alpha"),
        ("haematoxylin and eosin", "hematoxylin and eosin"),
        ("H & E", "hematoxylin and eosin"),
        ("Hodgkin's lymphomas", "Hodgkin lymphoma"),
        ("HCCs", "hepatocellular carcinoma"),
        ("non-Hodgkin's lymphoma", "non-Hodgkin lymphoma"),
        ("phaeochromocytomas", "pheochromocytoma"),
    ],
)
def test_plural_hyphens_greek_letters_and_uk_spelling_make_no_difference(text: str, name: str) -> None:
    assert found(text) == {text: name}


def test_every_name_of_the_packaged_vocabulary_is_found_as_its_own_group() -> None:
    names = [(name, group.name) for group in vocabulary.groups for name in group.names]
    assert [name for name, group in names if found(name) != {name: group}] == []


def test_the_longest_name_counts() -> None:
    assert found("clear cell renal cell carcinoma") == {
        "clear cell renal cell carcinoma": "clear cell renal cell carcinoma"
    }


def test_a_name_inside_a_compound_is_found() -> None:
    assert found("anti-PD-L1 and p63-positive") == {"PD-L1": "PD-L1", "p63": "p63"}


@pytest.mark.parametrize("text", ["the renal cell, carcinoma", "3.16", "lung", "sp63", "", "?!"])
def test_what_is_no_name_is_left_alone(text: str) -> None:
    assert found(text) == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SMA staining", {"SMA": "smooth muscle actin"}),
        ("sma staining", {}),
        ("SMA in infants", {}),
        ("EMA positive meningioma", {"EMA": "epithelial membrane antigen"}),
        ("EMA guidelines", {}),
        ("ALK rearrangement", {"ALK": "anaplastic lymphoma kinase"}),
        ("alk. phosphatase staining", {}),
        ("all children with leukemia", {}),
        ("ALL in children with leukemia", {"ALL": "acute lymphoblastic leukemia"}),
        ("cat allergen", {}),
        ("CAT and superoxide dismutase", {"CAT": "catalase"}),
        ("MET amplification", {"MET": "c-Met"}),
        ("patients who met criteria for amplification", {}),
        ("GIST", {"GIST": "gastrointestinal stromal tumor"}),
        ("the gist of the story", {}),
        ("gist of the stomach, a rare tumor", {"gist": "gastrointestinal stromal tumor"}),
        ("AML with blasts", {"AML": "acute myeloid leukemia"}),
        ("renal AML", {"AML": "angiomyolipoma"}),
        ("AML", {}),
        ("HE stained", {"HE": "hematoxylin and eosin"}),
        ("he stained", {}),
        ("SMA and caldesmon", {"SMA": "smooth muscle actin", "caldesmon": "h-caldesmon"}),
    ],
)
def test_letter_case_and_company_decide_about_names_that_mean_other_things(text: str, names: dict[str, str]) -> None:
    assert found(text) == names


def test_what_made_a_name_clear_is_told() -> None:
    (match,) = synonyms.find("EMA positive meningioma", [(0, 23)])
    assert match.because == "positive"


def test_only_plain_stretches_are_read() -> None:
    text = "p63 HER2 p40"
    assert [text[m.start : m.end] for m in synonyms.find(text, [(0, 3), (9, 12)])] == ["p63", "p40"]


def test_rows_are_of_words_that_tell_something() -> None:
    group = SynonymGroup("acute lymphoblastic leukemia", "entity", ("HER2",), ("ALL",))
    assert group_rows(group, analyzer) == ([("acut", "lymphoblast", "leukemia"), ("her2",), ("her", "2")], [])


@given(st.text(alphabet="HER2 cd-/'sPL1αMET.", max_size=40))
def test_names_are_in_order_inside_the_text_and_apart(text: str) -> None:
    matches = synonyms.find(text, [(0, len(text))])
    ends = [0, *(match.end for match in matches)]
    assert all(end <= match.start < match.end <= len(text) for end, match in zip(ends, matches, strict=False))
