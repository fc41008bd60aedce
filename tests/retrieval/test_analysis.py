"""What the analyzer makes of the names and spellings of pathology."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analysis import Analyzer, fold

analyzer = Analyzer()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("PD-L1", "pdl1 pd l1"),
        ("Ki-67", "ki67 ki 67"),
        ("Ki67", "ki67"),
        ("CD3", "cd3"),
        ("HER2/neu", "her2neu her2 neu"),
        ("TGF-beta", "tgfbeta tgf beta"),
        ("TGF-β", "tgfbeta tgf beta"),
        ("TGF‑β", "tgfbeta tgf beta"),
        ("and/or mg/kg", "and or mg kg"),
        ("well-differentiated", "welldifferenti well differenti"),
        ("3.5 0.05", "3.5 0.05"),
        ("H₂O", "h2o"),
        ("Sjögren's syndrome", "sjogren syndrom"),
        ("cells.We saw", "cell we saw"),
        ("(CD20), [CD30]; CD34.", "cd20 cd30 cd34"),
        ("p63-positive", "p63positive p63 posit"),
        ("", ""),
        ("— … ()", ""),
    ],
)
def test_text_becomes_terms(text: str, terms: str) -> None:
    assert analyzer.text(text) == terms


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("tumours", "tumor"),
        ("haematoxylin", "hematoxylin"),
        ("leukaemia", "leukemia"),
        ("oesophageal", "esophageal"),
        ("lymphoedema", "lymphedema"),
        ("leucocytes", "leukocytes"),
        ("characterised", "characterized"),
        ("analysed", "analyzed"),
        ("labelled", "labeled"),
        ("fibre", "fiber"),
        ("colour", "color"),
        ("behaviour", "behavior"),
        ("centres", "centers"),
        ("caecal", "cecal"),
        ("phaeochromocytoma", "pheochromocytoma"),
        ("diarrhoea", "diarrhea"),
        ("grey", "gray"),
        ("sulphate", "sulfate"),
        ("naevus", "nevus"),
        ("paediatric", "pediatric"),
        ("ageing", "aging"),
    ],
)
def test_uk_and_us_spellings_meet(written: str, asked: str) -> None:
    assert analyzer.terms(written) == analyzer.terms(asked)


@pytest.mark.parametrize("word", ["four", "hour", "pour", "contour", "disease", "exercise", "precise", "otherwise"])
def test_words_that_only_look_british_stay_apart_from_their_neighbours(word: str) -> None:
    assert analyzer.terms(word) != analyzer.terms(word.replace("our", "or").replace("ise", "ize"))


@pytest.mark.parametrize("name", ["PD-L1", "Ki-67", "HER2/neu", "TGF-β", "anti-CD3"])
@pytest.mark.parametrize("index", [0, -1])
def test_a_compound_name_is_found_whole_and_in_part(name: str, index: int) -> None:
    whole, *parts = analyzer.terms(name)
    assert whole == "".join(parts)
    assert analyzer.terms(parts[index])[0] in analyzer.terms(f"weak {name} staining")


def test_stop_words_are_indexed_but_not_asked_for() -> None:
    assert analyzer.terms("the margin of the specimen") == ["the", "margin", "of", "the", "specimen"]
    assert analyzer.query_terms("the margin of the specimen") == ["margin", "specimen"]


def test_a_query_of_stop_words_alone_keeps_them() -> None:
    assert analyzer.query_terms("the who") == ["the", "who"]


def test_stage_and_type_numerals_are_no_stop_words() -> None:
    assert analyzer.query_terms("stage I") == ["stage", "i"]


def test_titles_stand_twice_in_the_combined_field() -> None:
    assert analyzer.combine("lung", "pleura") == "lung ¶ lung ¶ pleura"
    assert analyzer.combine("", "pleura") == "pleura"
    assert analyzer.combine("lung", "") == "lung ¶ lung"


def test_no_text_becomes_the_mark_between_title_and_abstract() -> None:
    assert analyzer.terms("lung ¶ pleura") == ["lung", "pleura"]


def test_the_fingerprint_is_stable_and_readable() -> None:
    assert Analyzer().fingerprint == analyzer.fingerprint
    assert analyzer.fingerprint.startswith("pathlit-english-1-")


def test_fold_drops_case_and_accents() -> None:
    assert fold("Örnek Æsop Straße") == "ornek aesop strasse"


@given(st.text())
def test_terms_never_hold_blanks_and_never_crash(text: str) -> None:
    joined = analyzer.text(text)
    assert joined == " ".join(joined.split())
    assert len(joined.split(" ")) == len(analyzer.terms(text)) or not joined


@given(st.text())
def test_spans_are_in_order_and_hold_every_term(text: str) -> None:
    spans = analyzer.spans(text)
    ends = [0, *(end for _, end, _ in spans)]
    assert all(start >= before and end > start for before, (start, end, _) in zip(ends, spans, strict=False))


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_spans_and_terms_agree(text: str) -> None:
    assert [term for _, _, terms in analyzer.spans(text) for term in terms] == analyzer.terms(text)
