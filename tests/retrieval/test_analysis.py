"""What the analyzer makes of the names and spellings of pathology."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analysis import Analyzer, fold

analyzer = Analyzer()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Ki67", "ki67"),
        ("CD3", "cd3"),
        ("and/or mg/kg", "and or mg kg"),
        ("3.5 0.05", "3.5 0.05"),
        ("H₂O", "h2o"),
        ("Sjögren's syndrome", "sjogren syndrom"),
        ("cells.We saw", "cell we saw"),
        ("(CD20), [CD30]; CD34.", "cd20 cd30 cd34"),
        ("", ""),
        ("— … ()", ""),
    ],
)
def test_text_becomes_terms(text: str, terms: str) -> None:
    assert analyzer.text(text) == (terms, [])


@pytest.mark.parametrize(
    ("text", "row", "wholes"),
    [
        ("PD-L1", "pd l1", ["pdl1"]),
        ("Ki-67", "ki 67", ["ki67"]),
        ("HER2/neu", "her2 neu", ["her2neu"]),
        ("TGF-beta", "tgf beta", ["tgfbeta"]),
        ("TGF-β", "tgf beta", ["tgfbeta"]),
        ("TGF‑β", "tgf beta", ["tgfbeta"]),
        ("well-differentiated", "well differenti", ["welldifferenti"]),
        ("p63-positive", "p63 posit", ["p63positive"]),
        ("(PD-L1,Ki-67) in T-cells.", "pd l1 ki 67 in t cell", ["pdl1", "ki67", "tcell"]),
    ],
)
def test_compounds_stand_in_the_row_in_parts_and_beside_it_whole(text: str, row: str, wholes: list[str]) -> None:
    assert analyzer.text(text) == (row, wholes)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("lung cancer", [("lung", "cancer")]),
        ("PD-L1", [("pd", "l1"), ("pdl1",)]),
        ("PDL1", [("pdl1",)]),
        ("PD-L1 and/or Ki-67", [("pd", "l1", "and", "or", "ki", "67"), ("pdl1", "and", "or", "ki67")]),
        ("?!", []),
    ],
)
def test_a_phrase_is_its_parts_in_a_row_or_its_whole_forms_in_a_row(text: str, phrases: list[tuple[str, ...]]) -> None:
    assert analyzer.phrases(text) == phrases


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
    *parts, whole = analyzer.terms(name)
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
    lung, pleura, nothing = analyzer.text("lung"), analyzer.text("pleura"), analyzer.text("")
    assert analyzer.combine(lung, pleura) == ["lung ¶ lung ¶ pleura"]
    assert analyzer.combine(nothing, pleura) == ["pleura"]
    assert analyzer.combine(lung, nothing) == ["lung ¶ lung"]


def test_whole_forms_follow_the_combined_field_as_values_of_their_own() -> None:
    field = analyzer.combine(analyzer.text("PD-L1 score"), analyzer.text("T-cells."))
    assert field == ["pd l1 score ¶ pd l1 score ¶ t cell", "pdl1", "pdl1", "tcell"]


def test_no_text_becomes_the_mark_between_title_and_abstract() -> None:
    assert analyzer.terms("lung ¶ pleura") == ["lung", "pleura"]


def test_the_fingerprint_is_stable_and_readable() -> None:
    assert Analyzer().fingerprint == analyzer.fingerprint
    assert analyzer.fingerprint.startswith("pathlit-english-3-")


@pytest.mark.parametrize(
    ("module", "table"), [("spelling", "_INSIDE"), ("spelling", "_BEGINNINGS"), ("analysis", "_FOLD")]
)
def test_another_table_of_letters_or_spellings_is_another_analyzer(
    monkeypatch: pytest.MonkeyPatch, module: str, table: str
) -> None:
    before = analyzer.fingerprint
    entry = {ord("þ"): "th"} if table == "_FOLD" else {"zzz": "zz"}
    monkeypatch.setitem(getattr(sys.modules[f"retrieval.{module}"], table), *next(iter(entry.items())))
    assert analyzer.fingerprint != before


def test_symbols_and_their_plurals_are_never_stemmed() -> None:
    named = Analyzer(frozenset({"catalase", "ews", "ha", "haemopexin"}))
    assert named.terms("Catalase CATALASES EWS has haemopexins") == ["catalase", "catalase", "ews", "has", "hemopexin"]
    assert analyzer.terms("catalase EWS") == ["catalas", "ew"]


def test_only_symbols_that_the_stemmer_would_change_make_another_analyzer() -> None:
    assert Analyzer(frozenset({"vimentin", "kras"})).fingerprint == analyzer.fingerprint
    assert Analyzer(frozenset({"catalase"})).fingerprint != analyzer.fingerprint


def test_fold_drops_case_and_accents() -> None:
    assert fold("Örnek Æsop Straße") == "ornek aesop strasse"


@given(st.text())
def test_terms_never_hold_blanks_and_never_crash(text: str) -> None:
    row, wholes = analyzer.text(text)
    assert row == " ".join(row.split())
    assert all(whole.split() == [whole] for whole in wholes)
    assert not any(mark in term for mark in "|¶" for term in analyzer.terms(text))


@given(st.text())
def test_the_row_of_a_text_is_the_phrase_that_it_makes(text: str) -> None:
    row = tuple(analyzer.text(text).row.split())
    assert analyzer.phrases(text)[:1] == ([row] if row else [])


@given(st.text())
def test_spans_are_in_order_and_hold_every_term(text: str) -> None:
    spans = analyzer.spans(text)
    ends = [0, *(end for _, end, _ in spans)]
    assert all(start >= before and end > start for before, (start, end, _) in zip(ends, spans, strict=False))


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_spans_and_terms_agree(text: str) -> None:
    assert sorted(term for _, _, terms in analyzer.spans(text) for term in terms) == sorted(analyzer.terms(text))


def test_the_whole_form_comes_first_in_a_span() -> None:
    assert analyzer.spans("weak PD-L1.") == [(0, 4, ("weak",)), (5, 10, ("pdl1", "pd", "l1"))]
