"""Whole PubMed XML files: what becomes a record, what is rejected, and what makes a file unreadable."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from indexing.pubmed.reader import read_pubmed_xml
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import (
    Article,
    Author,
    Book,
    Chemical,
    Correction,
    Deletion,
    Grant,
    Journal,
    MeshHeading,
    OtherAbstract,
    PartialDate,
    Qualifier,
    Section,
    SupplementaryMesh,
    Term,
)

GOLDEN = Path(__file__).parents[2] / "golden"

CITATION = Article(
    pmid=900000001,
    version=2,
    title="Ki-67 in Ca²⁺ signalling: a study of H₂O.",
    title_translated=True,
    vernacular_title="Ki-67 im Kalziumsignal: eine Studie.",
    sections=(
        Section("Little is known.", "BACKGROUND", "BACKGROUND"),
        Section("Counts rose to 10⁶.", "", "RESULTS"),
        Section("It matters."),
    ),
    other_abstracts=(
        OtherAbstract(
            (Section("Wenig ist bekannt.", "HINTERGRUND"), Section("Es stieg.", "ERGEBNIS")), "ger", "Publisher"
        ),
    ),
    copyright="© 2024 The Inventors.",
    authors=(
        Author(
            last_name="Müller",
            fore_name="Anna B",
            initials="AB",
            suffix="Jr",
            orcid="0000-0002-1825-0097",
            affiliations=("Institute of Pathology, Nowhere.", "Second Address, Elsewhere."),
        ),
        Author(last_name="Sukarno"),
        Author(collective_name="The Invented Study Group"),
    ),
    authors_complete=False,
    investigators=(Author(last_name="Doe", fore_name="Jo", initials="J"),),
    journal=Journal(
        title="Journal of invented pathology",
        abbreviation="J Invent Pathol",
        issn="1234-5678",
        nlm_id="999999999",
        volume="12",
        issue="3 Pt 1",
        country="Germany",
    ),
    pages="101-9",
    published=PartialDate("2024-03-07", "day", "2024 Mar 07"),
    published_online=PartialDate("2024-02-09", "day", "2024 02 09"),
    doi="10.9999/invented.1",
    pii="S1234-5678(24)00001-2",
    pmcid="PMC99000001.2",
    mesh=(
        MeshHeading(
            "Breast Neoplasms",
            "D001943",
            major=True,
            qualifiers=(Qualifier("pathology", "Q000473", major=True), Qualifier("genetics", "Q000235")),
        ),
        MeshHeading("Humans", "D006801"),
        MeshHeading("Biomarkers, Tumor", "D014408", major=True),
    ),
    supplementary_mesh=(SupplementaryMesh("Invented syndrome", "C000001", "Disease"),),
    keywords=("Ki-67", "CD8⁺ T cells", "space pathology"),
    chemicals=(Chemical("Ki-67 Antigen", "D019394", "0"),),
    grants=(Grant("R01 000001", "CA", "NCI NIH HHS", "United States"), Grant(agency="Invented Trust")),
    languages=("ger", "eng"),
    publication_types=(Term("Journal Article", "D016428"), Term("Retracted Publication", "D016441")),
    corrections=(
        Correction("RetractionIn", 900000002, "J Invent Pathol. 2024 Dec;12(12):900", "see also"),
        Correction("ErratumIn", None, "J Invent Pathol. 2024;12:300"),
    ),
    references=(900000900, 900000901, 900000902),
    status="MEDLINE",
    revised="2024-11-30",
)


def test_a_citation_with_everything() -> None:
    assert list(read_pubmed_xml(GOLDEN / "pubmed_citation.xml")) == [CITATION]


def test_a_chapter_has_its_authors_and_date_and_a_whole_book_its_editors_and_title() -> None:
    assert list(read_pubmed_xml(GOLDEN / "pubmed_book.xml")) == [
        Article(
            pmid=900000101,
            title="Invented Dysplasia",
            sections=(
                Section("It is rare.", "CLINICAL CHARACTERISTICS"),
                Section("None is known.", "MANAGEMENT"),
            ),
            copyright="Copyright © 1993-2024, Invented Press.",
            authors=(Author(last_name="Writer", fore_name="W", initials="W"),),
            book=Book("Reviews of Invented Genes", "Invented Press", "NBK999901", "2nd"),
            published=PartialDate("2004-06-25", "day", "2004 6 25"),
            keywords=("dysplasia",),
            languages=("eng",),
            publication_types=(Term("Review", "D016454"),),
            revised="2024-01-04",
        ),
        Article(
            pmid=900000102,
            title="The Whole Book",
            authors=(Author(last_name="Editor", initials="E"),),
            book=Book("The Whole Book", "Invented Press"),
            published=PartialDate("2019-09-01", "month", "2019 09"),
            languages=("eng",),
        ),
        Deletion(900000103),
    ]


def test_bulk_files_before_2016_have_citations_directly_under_another_root() -> None:
    assert list(read_pubmed_xml(GOLDEN / "pubmed_medline_2015.xml")) == [
        Article(
            pmid=900000201,
            title="An old letter.",
            authors=(
                Author(last_name="Ancient", initials="A", affiliations=("Department of Surgery, Nowhere.",)),
                Author(last_name="Elder", initials="E"),
            ),
            journal=Journal(title="Old journal", issn="1111-2222", volume="3"),
            published=PartialDate("1978-12-01", "month", "1978 Dec-1979 Jan"),
            pmcid="PMC99000002",
            languages=("eng",),
            publication_types=(Term("Letter"),),
            references=(900000903,),
            status="MEDLINE",
        ),
        Deletion(900000202),
        Deletion(900000203),
    ]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param((GOLDEN / "pubmed_citation.xml").read_bytes(), id="plain"),
        pytest.param(gzip.compress((GOLDEN / "pubmed_citation.xml").read_bytes()), id="gzip"),
        pytest.param(
            gzip.compress((GOLDEN / "pubmed_citation.xml").read_bytes()[:999])
            + gzip.compress((GOLDEN / "pubmed_citation.xml").read_bytes()[999:])
            + bytes(512),
            id="gzip of two members and padding",
        ),
    ],
)
def test_bytes_are_recognised_by_their_content_not_by_a_name(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "unnamed").write_bytes(data)
    assert list(read_pubmed_xml(tmp_path / "unnamed")) == [CITATION]
    assert list(read_pubmed_xml(io.BytesIO(data))) == [CITATION]
    assert list(read_pubmed_xml(_Dribble(data))) == [CITATION]


class _Dribble(io.BytesIO):
    """A stream that hands over a single byte at a time, as a slow connection may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1)


def test_a_lone_delete_citation_is_a_file() -> None:
    file = io.BytesIO(b"<DeleteCitation><PMID Version='1'>900000001</PMID><PMID>900000002</PMID></DeleteCitation>")
    assert list(read_pubmed_xml(file)) == [Deletion(900000001), Deletion(900000002)]


@pytest.mark.parametrize("root", ["PubmedArticleSet", "PubmedBookArticleSet", "MedlineCitationSet"])
def test_a_set_without_records_is_empty_and_not_an_error(root: str) -> None:
    assert list(read_pubmed_xml(io.BytesIO(f"<{root}></{root}>".encode()))) == []
    assert list(read_pubmed_xml(io.BytesIO(f"<{root}/>".encode()))) == []


def test_a_citation_with_only_a_pmid_is_an_article() -> None:
    assert list(read_pubmed_xml(_set(_citation(900000001)))) == [Article(pmid=900000001)]


# --- Records that are rejected --------------------------------------------------------------------------------------

REJECTED = {
    "<PubmedArticle><MedlineCitation/></PubmedArticle>": ("#2 (line 2)", "it has no PMID"),
    "<PubmedArticle/>": ("#2 (line 2)", "it has neither MedlineCitation nor BookDocument"),
    "<PubmedArticle><MedlineCitation><PMID>12a</PMID></MedlineCitation></PubmedArticle>": (
        "#2 (line 2)",
        "its PMID is '12a'; a PMID is a number from 1 up",
    ),
    "<PubmedArticle><MedlineCitation><PMID>0</PMID></MedlineCitation></PubmedArticle>": (
        "#2 (line 2)",
        "its PMID is '0'; a PMID is a number from 1 up",
    ),
    "<PubmedArticle><MedlineCitation><PMID>-5</PMID></MedlineCitation></PubmedArticle>": (
        "#2 (line 2)",
        "its PMID is '-5'; a PMID is a number from 1 up",
    ),
    "<PubmedArticle><MedlineCitation><PMID>٣٤</PMID></MedlineCitation></PubmedArticle>": (
        "#2 (line 2)",
        "its PMID is '٣٤'; a PMID is a number from 1 up",
    ),
    "<PubmedArticle><MedlineCitation><PMID Version='0'>900000002</PMID></MedlineCitation></PubmedArticle>": (
        "900000002",
        "its Version is '0'; a version is a number from 1 up",
    ),
    "<PubmedArticle><MedlineCitation><PMID Version='new'>900000002</PMID></MedlineCitation></PubmedArticle>": (
        "900000002",
        "its Version is 'new'; a version is a number from 1 up",
    ),
    "<Wrapped><PubmedArticle><MedlineCitation><PMID>900000002</PMID></MedlineCitation></PubmedArticle></Wrapped>": (
        "#2 (line 2)",
        "<Wrapped> is no record of a <PubmedArticleSet>",
    ),
    "<DeleteCitation><PMID>none</PMID></DeleteCitation>": (
        "#2 (line 2)",
        "its PMID is 'none'; a PMID is a number from 1 up",
    ),
}


@pytest.mark.parametrize(("xml", "identifier", "reason"), [(x, i, r) for x, (i, r) in REJECTED.items()])
def test_a_bad_record_is_named_and_the_rest_is_kept(xml: str, identifier: str, reason: str) -> None:
    rejected: list[RecordError] = []
    file = _set(_citation(900000001), "\n", xml, _citation(900000003))
    records = read_pubmed_xml(file, name="update.xml", on_reject=rejected.append)
    assert list(records) == [Article(pmid=900000001), Article(pmid=900000003)]
    assert (rejected[0].source, rejected[0].identifier, rejected[0].reason) == ("update.xml", identifier, reason)


def test_without_a_listener_a_bad_record_raises_after_the_good_ones_before_it() -> None:
    records = read_pubmed_xml(_set(_citation(900000001), "<PubmedArticle/>"), name="update.xml")
    assert next(records) == Article(pmid=900000001)
    with pytest.raises(RecordError, match=r"update\.xml, record #2 \(line 1\): it has neither"):
        next(records)


def test_an_element_that_is_no_record_is_rejected_rather_than_passed_over() -> None:
    rejected: list[RecordError] = []
    file = _set(_citation(900000001), "<ERROR>cannot fetch</ERROR>", _citation(900000002))
    assert [r.pmid for r in read_pubmed_xml(file, on_reject=rejected.append)] == [900000001, 900000002]
    assert [e.reason for e in rejected] == ["<ERROR> is no record of a <PubmedArticleSet>"]


def test_an_entity_that_nothing_declares_rejects_its_record_instead_of_losing_text() -> None:
    doctype = '<!DOCTYPE PubmedArticleSet SYSTEM "http://localhost:9/no.dtd">'
    title = "<Article><ArticleTitle>Wear&nbsp;and<!-- not --> tear</ArticleTitle></Article>"
    rejected: list[RecordError] = []
    file = _set(_citation(900000001), _citation(900000002, title), _citation(900000003), doctype=doctype)
    assert [r.pmid for r in read_pubmed_xml(file, on_reject=rejected.append)] == [900000001, 900000003]
    assert [e.reason for e in rejected] == ["it uses the undeclared entity &nbsp;"]


# --- Files that cannot be read to their end -------------------------------------------------------------------------

THREE = b"".join(
    b"<PubmedArticle><MedlineCitation><PMID>%d</PMID></MedlineCitation></PubmedArticle>\n" % pmid
    for pmid in (900000001, 900000002, 900000003)
)
WHOLE = b"<?xml version='1.0'?>\n<PubmedArticleSet>\n" + THREE + b"</PubmedArticleSet>\n"
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE PubmedArticleSet [
<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d SYSTEM "file:///etc/hostname">
]>
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>&c;&d;</ArticleTitle></Article>
</MedlineCitation></PubmedArticle></PubmedArticleSet>"""

BROKEN = {
    "empty": (b"", 1, 0, "the file is empty"),
    "blank": (b"\n \n", 3, 0, "the file is empty"),
    "not XML": (b'{"error": "API rate limit exceeded"}', 1, 0, "not well-formed XML: Start tag expected"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>", 2, 0, "its root element is 'html'"),
    "another XML": (b"<eSearchResult><Count>0</Count></eSearchResult>", 1, 0, "its root element is 'eSearchResult'"),
    "only a prolog": (b"<?xml version='1.0'?>\n<!-- nothing -->", 2, 0, "the file ends before its root element"),
    "two documents": (WHOLE + WHOLE, 7, 3, "not well-formed XML: XML declaration allowed only at the start"),
    "two roots": (WHOLE + b"<PubmedArticleSet/>", 7, 3, "not well-formed XML: Extra content at the end"),
    "cut in a record": (WHOLE[:250], 5, 2, "not well-formed XML"),
    "cut between records": (WHOLE[: WHOLE.index(b"\n</PubmedArticleSet")], 5, 3, "not well-formed XML: Premature end"),
    "a bare ampersand": (WHOLE.replace(b"900000002", b"AT&T"), 4, 1, "not well-formed XML"),
    "not UTF-8": (WHOLE.replace(b"900000002", b"\xff"), 4, 1, "not well-formed XML"),
    "undeclared namespace": (WHOLE.replace(b"900000002", b"<a:b/>900000002"), 4, 3, "Namespace prefix a on b"),
    "UTF-16": (WHOLE.decode().encode("utf-16"), 2, 0, "its encoding is not UTF-8"),
    "an instruction outside": (WHOLE + b"<?end?>" + WHOLE, 7, 3, "not well-formed XML: XML declaration"),
    "entity bomb": (BOMB, 6, 0, "it declares entities"),
    "endless nesting": (WHOLE.replace(b"900000002", b"<i>" * 5000), 4, 1, "not well-formed XML: Excessive depth"),
    "gzip without its end mark": (gzip.compress(WHOLE)[:-8], 7, 3, "the gzip data ends before its end mark"),
    "gzip with a wrong checksum": (gzip.compress(WHOLE)[:-8] + bytes(8), 1, 0, "incorrect data check"),
    "garbage behind gzip": (gzip.compress(WHOLE) + b"garbage", 7, 3, "incorrect header check"),
}


@pytest.mark.parametrize(("data", "line", "before", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_gives_what_came_before_the_break_and_says_where_it_is(
    data: bytes, line: int, before: int, reason: str
) -> None:
    records: list[Article | Deletion] = []
    with pytest.raises(MalformedFileError) as caught:
        records.extend(read_pubmed_xml(io.BytesIO(data), name="broken.xml"))
    assert [r.pmid for r in records] == [900000001, 900000002, 900000003][:before]
    assert reason in caught.value.reason
    assert (caught.value.source, caught.value.line, caught.value.records_before) == ("broken.xml", line, before)


def test_a_large_gzip_cut_anywhere_gives_the_records_before_the_cut() -> None:
    citations = "\n".join(_citation(pmid) for pmid in range(900000001, 900005001))
    data = gzip.compress(_set(citations).getvalue())
    records: list[Article | Deletion] = []
    with pytest.raises(MalformedFileError, match="the gzip data ends before its end mark"):
        records.extend(read_pubmed_xml(io.BytesIO(data[: len(data) // 2])))
    assert len(records) > 2000
    assert [r.pmid for r in records] == list(range(900000001, 900000001 + len(records)))


def test_a_path_that_cannot_be_opened_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.xml: cannot be opened \(No such file or directory\)"):
        next(read_pubmed_xml(tmp_path / "missing.xml"))


def _citation(pmid: int, inner: str = "") -> str:
    return f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID>{inner}</MedlineCitation></PubmedArticle>"


def _set(*records: str, doctype: str = "") -> io.BytesIO:
    return io.BytesIO(f"{doctype}<PubmedArticleSet>{''.join(records)}</PubmedArticleSet>".encode())


def test_comments_and_instructions_before_and_around_the_root_cost_no_record() -> None:
    """Real files and hand-made ones carry licences and notes there."""
    data = (
        b"<?xml version='1.0'?><!-- first --><?note x?><!DOCTYPE PubmedArticleSet><!-- second\n-->"
        b"<PubmedArticleSet><!-- third --><PubmedArticle><MedlineCitation><PMID>900000001</PMID></MedlineCitation>"
        b"</PubmedArticle><!-- fourth --></PubmedArticleSet><!-- fifth -->"
    )
    assert [record.pmid for record in read_pubmed_xml(io.BytesIO(data))] == [900000001]


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000, 4096])
@pytest.mark.parametrize("name", ["pubmed_citation.xml", "pubmed_book.xml", "pubmed_medline_2015.xml"])
def test_it_does_not_matter_where_one_read_ends_and_the_next_begins(
    monkeypatch: pytest.MonkeyPatch, name: str, chunk: int
) -> None:
    whole = list(read_pubmed_xml(GOLDEN / name))
    monkeypatch.setattr("indexing.pubmed.elements._CHUNK", chunk)
    assert list(read_pubmed_xml(GOLDEN / name)) == whole
    assert list(read_pubmed_xml(io.BytesIO(gzip.compress((GOLDEN / name).read_bytes())))) == whole


@pytest.mark.parametrize("chunk", [64, 1000])
def test_a_cut_file_gives_the_same_records_however_it_is_read(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    record = b"<PubmedArticle><MedlineCitation><PMID>%d</PMID></MedlineCitation></PubmedArticle>\n"
    whole = b"<PubmedArticleSet>" + b"".join(record % pmid for pmid in range(1, 40))
    monkeypatch.setattr("indexing.pubmed.elements._CHUNK", chunk)
    for end in range(len(whole) - 300, len(whole), 7):
        read: list[int] = []
        with pytest.raises(MalformedFileError) as raised:
            read.extend(record.pmid for record in read_pubmed_xml(io.BytesIO(whole[:end])))
        complete = whole[:end].count(b"</PubmedArticle>")
        assert (read, raised.value.records_before) == (list(range(1, complete + 1)), complete)
