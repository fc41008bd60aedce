"""What references are read out of texts and files, and what is told of the rest."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from retrieval.citations import export
from retrieval.errors import InputError
from retrieval.records import Article, Author, Integrity, Journal, PartialDate
from retrieval.references import Reference, UnreadableReference, parse_references
from retrieval.references.latex import plain
from retrieval.references.named import identifiers_in

WANTED = {
    "title": "TTF-1 and p40 in small biopsies of the lung",
    "first_author": "Muster",
    "year": 2014,
    "volume": "7",
    "pages": "107-11",
}
STYLES = {
    "NLM": "Muster E, Modello AB, et al. TTF-1 and p40 in small biopsies of the lung. J Pathol. 2014 Mar;7(3):107-11.",
    "NLM, one author": "Muster E. TTF-1 and p40 in small biopsies of the lung. J Pathol 2014;7:107-11",
    "APA": "Muster, E., & Modello, A. B. (2014). TTF-1 and p40 in small biopsies of the lung. "
    "Journal of Pathology, 7(3), 107-11.",
    "Nature": "Muster, E. & Modello, A. B. TTF-1 and p40 in small biopsies of the lung. J. Pathol. 7, 107-11 (2014).",
    "MLA": 'Muster, Erika, et al. "TTF-1 and p40 in small biopsies of the lung." Journal of Pathology, vol. 7, no. 3, '
    "2014, pp. 107-11.",
    "IEEE": "E. Muster and A. B. Modello, “TTF-1 and p40 in small biopsies of the lung,” J. Pathol., vol. 7, no. 3, "
    "pp. 107-11, Mar. 2014.",
}


def one(text: str | bytes, format: Any = "auto") -> Reference:  # noqa: A002
    (found,) = parse_references(text, format)
    assert isinstance(found, Reference)
    return found


def said(reference: Reference) -> dict[str, Any]:
    """All but the input's own words and places."""
    return {k: v for k, v in asdict(reference).items() if v and k not in ("raw", "place", "label")}


# --- Prose ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_a_reference_is_understood_in_every_common_style(style: str) -> None:
    found = said(one(STYLES[style]))
    assert {name: found[name] for name in WANTED} == WANTED


@pytest.mark.parametrize(
    ("text", "author"),
    [
        ("van der Berg JA, O'Neill P. What is a tumour bud? J Pathol 2014;7:1-2.", "van der Berg"),
        ("Müller-Lüdenscheidt K. What is a tumour bud? J Pathol 2014;7:1-2.", "Müller-Lüdenscheidt"),
        ("The Bud Group. What is a tumour bud? J Pathol. 2014;7:1-2.", "The Bud Group"),
    ],
)
def test_the_first_author_may_have_any_name(text: str, author: str) -> None:
    found = one(text)
    assert (found.first_author, found.title) == (author, "What is a tumour bud?")


def test_a_reference_without_a_title_keeps_its_place() -> None:
    assert said(one("Smith J, Doe A. J Pathol 2014;7:107")) == {
        "first_author": "Smith",
        "journal": "J Pathol",
        "year": 2014,
        "volume": "7",
        "pages": "107",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("29952771", {"pmid": 29952771}),
        ("PMID: 29952771", {"pmid": 29952771}),
        ("https://pubmed.ncbi.nlm.nih.gov/29952771/", {"pmid": 29952771}),
        ("doi:10.1038/S41379-018-0001-1.", {"doi": "10.1038/s41379-018-0001-1"}),
        ("https://doi.org/10.1016/S0140-6736(05)67890-2", {"doi": "10.1016/s0140-6736(05)67890-2"}),
        ("(10.1000/x)", {"doi": "10.1000/x"}),
        ("PMC6022342.1", {"pmcid": "PMC6022342"}),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC6022342/", {"pmcid": "PMC6022342"}),
        ("scifact:4983", {"source_id": "scifact:4983"}),
    ],
)
def test_identifiers_alone_are_references(text: str, expected: dict[str, Any]) -> None:
    assert said(one(text)) == expected


def test_identifiers_are_taken_out_of_the_words() -> None:
    found = one(f"{STYLES['NLM']} doi:10.5555/x.1. PMID: 12; PMCID: PMC345.")
    assert (found.doi, found.pmid, found.pmcid) == ("10.5555/x.1", 12, "PMC345")
    assert found.title == WANTED["title"]


# --- Lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1. {0}\n2. {1}\n3. {2}",
        "[1] {0}\n[2] {1}\n[3] {2}",
        "{0}\n{1}\n{2}",
        "{0}\n\n{1}\n\n{2}",
        "• {0}\n• {1}\n• {2}",
    ],
)
def test_lists_of_every_form_have_their_items(text: str) -> None:
    found = parse_references(text.format(STYLES["NLM"], STYLES["APA"], STYLES["Nature"]))
    assert [reference.place for reference in found] == [1, 2, 3]
    assert {said(reference)["title"] for reference in found if isinstance(reference, Reference)} == {WANTED["title"]}


def test_an_item_may_go_on_in_lines_that_begin_with_a_year_or_page() -> None:
    text = "7. Muster E. TTF-1 and p40 in small\nbiopsies of the lung. J Pathol.\n2014. pp. 107.\n8. PMID 5\n10. PMID 6"
    found = parse_references(text)
    assert [reference.label for reference in found if isinstance(reference, Reference)] == ["7", "8", "10"]


def test_identifiers_in_a_row_are_one_each() -> None:
    found = parse_references("29952771, 30582154; PMC12")
    assert [said(r) for r in found if isinstance(r, Reference)] == [
        {"pmid": 29952771},
        {"pmid": 30582154},
        {"pmcid": "PMC12"},
    ]


def test_what_names_nothing_is_told_in_its_place() -> None:
    found = parse_references("1. PMID 5\n2. ---\n3. PMID 6")
    assert [type(one) for one in found] == [Reference, UnreadableReference, Reference]
    assert found[1] == UnreadableReference(2, "---", "it has no identifier and no words to look for")


def test_a_text_that_is_no_reference_is_told() -> None:
    (found,) = parse_references("word " * 1000)
    assert isinstance(found, UnreadableReference)
    assert "more than the 4,000 of any reference" in found.reason
    assert len(found.raw) <= 300


# --- Files ----------------------------------------------------------------------------------------------------------

ARTICLE = Article(
    pmid=7,
    title="TTF-1 & β-catenin in 50% of tumours",
    authors=(Author(last_name="van der Müller", fore_name="Jan", initials="J"),),
    journal=Journal(title="The journal of pathology", abbreviation="J Pathol", volume="7", issue="3"),
    published=PartialDate(sortable="2014-03-01", precision="month", raw="2014 Mar"),
    pages="107-111",
    doi="10.5555/a_b",
    pmcid="PMC12",
)


@pytest.mark.parametrize("format", ["ris", "bibtex", "nbib"])
def test_what_is_exported_is_read_back(format: Any) -> None:  # noqa: A002
    found = one(export([(ARTICLE, Integrity())], format))
    journal = "J Pathol" if format == "nbib" else "The journal of pathology"
    assert said(found) == {
        "pmid": 7,
        "doi": "10.5555/a_b",
        "pmcid": "PMC12",
        "title": ARTICLE.title,
        "first_author": "van der Müller",
        "year": 2014,
        "journal": journal,
        "volume": "7",
        "issue": "3",
        "pages": "107-111" if format != "bibtex" else "107–111",
    }


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_any_title_is_read_back_from_a_file(title: str) -> None:
    article = Article(pmid=7, title=f"x{title}")
    wanted = " ".join(article.title.split()).strip(" .")
    for name in ("ris", "bibtex", "nbib"):
        found = one(export([(article, Integrity())], name), name)
        assert found.title.strip("[] .") == wanted.strip("[] .")


def test_bibtex_as_people_write_it() -> None:
    found = one(
        """@string{jp = "J Pathol"}
        @article{muster, author = "Jan van der M{\\"u}ller and {The Group}", title = {{TTF-1} and $\\beta$ in 50% of},
          journal = jp, year = 2014, volume = 7, pages = {107--11}, note = {PMID: 12}, url = {https://doi.org/10.1000/X}}
        """
    )
    assert said(found) == {
        "pmid": 12,
        "doi": "10.1000/x",
        "title": "TTF-1 and β in 50% of",
        "first_author": "van der Müller",
        "year": 2014,
        "journal": "J Pathol",
        "volume": "7",
        "pages": "107–11",
    }
    assert found.label == "muster"


@pytest.mark.parametrize(
    ("content", "whole", "reason"),
    [
        ("TY  - JOUR\nTI  - One\nER  - \nTY  - JOUR\nTI  - Two", 1, "cut off"),
        ("TY  - JOUR\nTI  - One\nER  - \nstray words\nTY  - JOUR\nTI  - Two\nER  - \n", 2, "outside of any RIS record"),
        ("TY  - JOUR\nno tag here\nER  - \n", 0, "no identifier"),
        ("@article{a, title={One}}\n@article{b, title={Two", 1, "damaged or cut off"),
        ("@article{a, title={One}}\n@article{a, title={Two}}\n@misc{c, year={2014}}", 2, "no identifier, no title"),
        ("PMID- 1\nTI  - One\n\nPMID- 2\nrubbish\n", 1, "no tag"),
        ("PMID- 1\nTI  - One\n\nAB  - only\n", 1, "no PMID and no title"),
    ],
)
def test_a_damaged_entry_is_told_and_costs_no_other(content: str, whole: int, reason: str) -> None:
    found = parse_references(content)
    bad = [one for one in found if isinstance(one, UnreadableReference)]
    assert len(found) - len(bad) == whole
    assert len(bad) == 1
    assert reason in bad[0].reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        (b"%PDF-1.7\x00\x01", "no text"),
        ("@article{a, title={\x00}}", "no text"),
        ("@article{a, title={Müller}}".encode("latin-1"), "no text in UTF-8 .byte 20.: save it so"),
        ("PMID 5\n" * 2_001, "more than 2,000 references"),
        ("x" * 5_000_001, "5,000,001 long"),
    ],
    ids=range(7),
)
def test_an_input_that_cannot_be_used_is_refused(content: str | bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_references(content)


@pytest.mark.parametrize("content", ["@comment{x}", "% nothing"], ids=["comment", "percent"])
def test_a_file_without_entries_is_refused(content: str) -> None:
    with pytest.raises(InputError, match="no reference that can be read as bibtex"):
        parse_references(content, "bibtex")


def test_utf_16_with_its_mark_is_read() -> None:
    assert one("PMID 5".encode("utf-16")).pmid == 5


@pytest.mark.parametrize(
    "content",
    [
        "@article{a, title={" + "{" * 50_000 + "}" * 50_000 + "}}",
        "@article{" * 3_000,
        "@article{a," + "x={y}," * 20_000 + "}",
        "TY  - JOUR\n" * 1_900,
        "PMID- 1\n" + "TI  - x\n" * 50_000,
        "A" * 3_999,
        "Aa, " * 999,
        "A. " * 1_300,
        "(" * 3_999,
        "10.1000/" + "(" * 3_900,
        "\\input{/etc/passwd}" * 100,
    ],
    ids=range(11),
)
@pytest.mark.timeout(20)
def test_hostile_input_takes_no_long_time(content: str) -> None:
    try:
        assert parse_references(content)
    except InputError:
        return


@given(st.text(max_size=400), st.sampled_from(["auto", "text", "bibtex", "ris", "nbib"]))
def test_any_text_gives_references_or_a_clear_error(text: str, format: Any) -> None:  # noqa: A002
    try:
        found = parse_references(text, format)
    except InputError:
        return
    assert [one.place for one in found] == list(range(1, len(found) + 1))


@given(st.binary(max_size=200))
def test_any_bytes_give_references_or_a_clear_error(content: bytes) -> None:
    try:
        parse_references(content)
    except InputError:
        return


def test_what_cannot_be_read_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        parse_references("@article{secret, title={cut off")
    assert "secret" not in caplog.text


# --- Parts ----------------------------------------------------------------------------------------------------------


def test_more_than_one_identifier_of_a_kind_is_counted() -> None:
    named = identifiers_in("PMID 5, PMID: 6 and doi:10.1000/x, again PMID 5")
    assert (named.pmid, named.doi, named.more) == (5, "10.1000/x", 1)


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ('M{\\"u}ller \\& S{\\o}n', "Müller & Søn"),
        ("50% of {PD-L1}", "50% of PD-L1"),
        ("$\\alpha$-actin $\\geq$ 5", "α-actin ≥ 5"),
        ("\\input{/etc/passwd} x", "x"),
        ("no LaTeX", "no LaTeX"),
    ],
)
def test_latex_becomes_plain_text(latex: str, text: str) -> None:
    assert plain(latex) == text
