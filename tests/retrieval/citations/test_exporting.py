"""What an export says: fields, notes, keys and limits, on literal records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pathlit
from indexing.pubmed.reader import read_pubmed_xml
from retrieval.citations import FORMATS, STYLES, export, standing_note
from retrieval.citations.keys import citation_keys
from retrieval.citations.latex import escaped_title
from retrieval.citations.parts import first_and_last_page
from retrieval.errors import InputError
from retrieval.integrity import assess
from retrieval.records import (
    Article,
    Author,
    Book,
    Finding,
    Integrity,
    IntegrityStatus,
    Journal,
    MeshHeading,
    PartialDate,
    Qualifier,
)

MARKERS = Article(
    pmid=7,
    title="Märker of TTF-1: β-catenin in 50% of tumours?",
    authors=(
        Author(last_name="van der Müller", fore_name="Jan Erik", initials="JE", suffix="Jr"),
        Author(collective_name="Lung and Liver Study Group"),
    ),
    journal=Journal(title="The journal of pathology", abbreviation="J Pathol", issn="0022-3417", volume="7", issue="3"),
    published=PartialDate(sortable="2014-06-01", precision="season", raw="2014 Summer"),
    pages="107-11",
    doi="10.5555/a_b",
    pmcid="PMC12.2",
    languages=("ger",),
    mesh=(MeshHeading(name="Lung", major=True, qualifiers=(Qualifier(name="pathology", major=True),)),),
    keywords=("TTF-1",),
)
CHAPTER = Article(
    pmid=8,
    title="Genes of the lung.",
    title_translated=True,
    vernacular_title="Gene der Lunge.",
    authors=(Author(last_name="Genes", fore_name="Ada"),),
    book=Book(title="GeneReviews", publisher="University", accession="NBK1", edition="2"),
    published_online=PartialDate(sortable="2001-02-03", precision="day", raw="2001 Feb 3"),
)
RETRACTED = Integrity(
    status=IntegrityStatus.RETRACTED,
    findings=(Finding(IntegrityStatus.RETRACTED, "PubMed CommentsCorrections", "RetractionIn 9", notice_pmid=9),),
)


def one(name: str, article: Article = MARKERS, integrity: Integrity = RETRACTED) -> str:
    return export([(article, integrity)], name)  # type: ignore[arg-type]


def test_ris() -> None:
    assert one("ris").splitlines() == [
        "TY  - JOUR",
        "ID  - vandermuller2014marker",
        "AU  - van der Müller, Jan Erik, Jr",
        "AU  - Lung and Liver Study Group",
        "TI  - Märker of TTF-1: β-catenin in 50% of tumours?",
        "T2  - The journal of pathology",
        "J2  - J Pathol",
        "VL  - 7",
        "IS  - 3",
        "SP  - 107",
        "EP  - 111",
        "PY  - 2014",
        "DA  - 2014///Summer",
        "SN  - 0022-3417",
        "DO  - 10.5555/a_b",
        "AN  - 7",
        "DB  - PubMed",
        "C2  - PMC12",
        "LA  - ger",
        "KW  - Lung",
        "KW  - TTF-1",
        "N1  - Retracted: see PMID 9",
        "UR  - https://pubmed.ncbi.nlm.nih.gov/7/",
        "ER  - ",
    ]


def test_bibtex() -> None:
    text = one("bibtex")
    assert text.startswith("@article{vandermuller2014marker,\n")
    for field in (
        "author = {van der Müller, Jr, Jan Erik and {Lung and Liver Study Group}}",
        r"title = {Märker of {TTF-1}: {$\beta$}-catenin in 50\% of tumours?}",
        "month = {Summer}",
        "pages = {107--111}",
        "doi = {10.5555/a_b}",
        "note = {Retracted: see PMID 9}",
    ):
        assert f"\t{field}" in text


def test_nbib() -> None:
    lines = one("nbib").splitlines()
    for line in (
        "PMID- 7",
        "DP  - 2014 Summer",
        "PG  - 107-11",
        "FAU - van der Müller, Jan Erik, Jr",
        "AU  - van der Müller JE Jr",
        "CN  - Lung and Liver Study Group",
        "MH  - Lung/*pathology",
        "PMC - PMC12",
        "GN  - Retracted: see PMID 9",
    ):
        assert line in lines


def test_csl_json() -> None:
    (item,) = json.loads(one("csl-json"))
    assert item["author"] == [
        {"family": "van der Müller", "given": "Jan Erik", "suffix": "Jr"},
        {"literal": "Lung and Liver Study Group"},
    ]
    assert item["issued"] == {"date-parts": [[2014]], "season": 2}
    assert (item["page"], item["note"]) == ("107-111", "Retracted: see PMID 9")


def test_endnote_keeps_a_group_in_one_piece() -> None:
    lines = one("endnote").splitlines()
    assert lines[:3] == ["%0 Journal Article", "%A van der Müller, Jan Erik, Jr", "%A Lung and Liver Study Group,"]
    assert "%Z Retracted: see PMID 9" in lines


def test_a_part_of_a_book_is_one_and_a_translated_title_stands_in_brackets() -> None:
    ris = one("ris", CHAPTER, Integrity())
    assert ris.startswith("TY  - CHAP\n")
    assert "TI  - [Genes of the lung]\nTT  - Gene der Lunge.\nT2  - GeneReviews\n" in ris
    assert "DA  - 2001/02/03/\n" in ris
    assert one("bibtex", CHAPTER).startswith("@incollection{genes2001genes,\n")
    assert json.loads(one("csl-json", CHAPTER))[0]["type"] == "chapter"


@pytest.mark.parametrize(
    ("status", "finding", "note"),
    [
        (IntegrityStatus.OK, {}, ""),
        (IntegrityStatus.RETRACTED, {"notice_pmid": 9}, "Retracted: see PMID 9"),
        (IntegrityStatus.RETRACTED, {"notice_doi": "10.1/x"}, "Retracted: see doi:10.1/x"),
        (IntegrityStatus.WITHDRAWN, {}, "Withdrawn"),
        (IntegrityStatus.RETRACTION_NOTICE, {"paper_pmid": 3}, "Retraction notice: about PMID 3"),
        (IntegrityStatus.CONCERN, {"notice_pmid": 4}, "Expression of concern: see PMID 4"),
    ],
)
def test_what_is_said_of_a_papers_standing(status: IntegrityStatus, finding: dict[str, object], note: str) -> None:
    findings = (Finding(status, "PubMed", "a reason", **finding),) if finding else ()  # type: ignore[arg-type]
    assert standing_note(Integrity(status=status, findings=findings)) == note


def test_every_status_but_ok_has_its_words() -> None:
    silent = [status for status in IntegrityStatus if not standing_note(Integrity(status=status))]
    assert silent == [IntegrityStatus.OK]


def test_keys_are_unique_and_do_not_depend_on_the_order() -> None:
    same = [Article(pmid=n, title="The markers.", authors=(Author(last_name="Muster"),)) for n in (1, 2)]
    other = Article(pmid=3, title="A tumour.", authors=(Author(last_name="Muster"),))
    assert citation_keys([*same, other]) == ["mustermarkers_1", "mustermarkers_2", "mustertumour"]
    assert citation_keys([other, *reversed(same)]) == ["mustertumour", "mustermarkers_2", "mustermarkers_1"]
    assert citation_keys([same[0], same[0]]) == ["mustermarkers_1", "mustermarkers_1_2"]
    assert citation_keys([Article(pmid=4)]) == ["pmid4"]


@pytest.mark.parametrize(
    ("pages", "first_and_last"),
    [
        ("107-11", ("107", "111")),
        ("547-9", ("547", "549")),
        ("S12-8", ("S12", "S18")),
        ("e31201", ("e31201", "")),
        ("107-11; quiz 112", ("107-11; quiz 112", "")),
        ("", ("", "")),
    ],
)
def test_pubmeds_short_page_ranges_are_written_out(pages: str, first_and_last: tuple[str, str]) -> None:
    assert first_and_last_page(pages) == first_and_last


def test_names_keep_their_capitals() -> None:
    assert escaped_title("A role of PD-L1 and CD8 in the lung") == "A role of {PD-L1} and {CD8} in the lung"


@pytest.mark.parametrize(("name", "style"), [("word", "apa"), ("text", "harvard")])
def test_unknown_formats_and_styles_are_refused(name: str, style: str) -> None:
    with pytest.raises(InputError, match="choose among"):
        export([(MARKERS, Integrity())], name, style=style)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 1001])
def test_none_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(InputError, match="give 1 to 1,000"):
        export([(MARKERS, Integrity())] * count, "ris")


# --- Lists for manuscripts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        (
            "vancouver",
            [
                "1. van der Müller JE Jr, Lung and Liver Study Group. Märker of TTF-1: β-catenin in 50% of tumours? "
                "J Pathol. 2014;7(3):107–11. doi:10.5555/a_b PubMed PMID: 7; PubMed Central PMCID: PMC12. "
                "[Retracted: see PMID 9]",
                "2. Zander A. Cells. J Pathol. 2014 Mar 5;8. PubMed PMID: 1.",
            ],
        ),
        (
            "ama",
            [
                "1. van der Müller JE Jr, Lung and Liver Study Group. Märker of TTF-1: β-catenin in 50% of tumours? "
                "J Pathol. 2014;7(3):107-111. doi:10.5555/a_b [Retracted: see PMID 9]",
                "2. Zander A. Cells. J Pathol. 2014;8.",
            ],
        ),
        (
            "apa",
            [
                "van der Müller, J. E., Jr, & Lung and Liver Study Group. (2014). Märker of TTF-1: β-catenin in 50% of "
                "tumours? The Journal of Pathology, 7(3), 107–111. https://doi.org/10.5555/a_b [Retracted: see PMID 9]",
                "Zander, A. (2014). Cells. The Journal of Pathology, 8.",
            ],
        ),
    ],
)
def test_a_list_keeps_the_order_given_and_marks_retracted_papers(style: str, lines: list[str]) -> None:
    other = Article(
        pmid=1,
        title="Cells.",
        authors=(Author(last_name="Zander", initials="A"),),
        journal=Journal(title="The journal of pathology", abbreviation="J Pathol", volume="8"),
        published=PartialDate(sortable="2014-03-05", precision="day", raw="2014 Mar 5"),
    )
    some = [(MARKERS, RETRACTED), (other, Integrity())]
    assert export(some, "text", style=style).splitlines() == lines  # type: ignore[arg-type]


def test_every_demonstration_article_can_be_listed_in_every_style() -> None:
    corpus = Path(pathlit.__file__).parent / "demo_corpus.xml"
    articles = [record for record in read_pubmed_xml(corpus) if isinstance(record, Article)]
    judged = [(article, assess(article)) for article in articles]
    for style in STYLES:
        lines = export(judged, "text", style=style).splitlines()
        assert len(lines) == len(judged)
        for (article, integrity), line in zip(judged, lines, strict=True):
            assert article.authors[0].last_name in line
            assert line.endswith(f"[{standing_note(integrity)}]") == bool(standing_note(integrity))


def test_every_format_says_what_it_is_made_for() -> None:
    assert all(
        found.made_for and found.suffix.startswith(".") and "/" in found.media_type for found in FORMATS.values()
    )
