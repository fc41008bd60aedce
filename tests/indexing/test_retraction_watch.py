"""The CSV of Retraction Watch, in rows made up after its published form."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from indexing.notices import Notice
from indexing.retraction_watch import read_retraction_watch
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import IntegrityStatus

COLUMNS = (
    "Record ID,Title,Subject,Institution,Journal,Publisher,Country,Author,URLS,ArticleType,RetractionDate,"
    "RetractionDOI,RetractionPubMedID,OriginalPaperDate,OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature,Reason,Paywalled,Notes,"
).split(",")

ROW = {
    "Record ID": "7",
    "Title": "An invented paper, with a comma",
    "Author": "A Müller;B Nakamura",
    "RetractionDate": "9/1/2023 0:00",
    "RetractionDOI": "10.1000/notice",
    "RetractionPubMedID": "222",
    "OriginalPaperDate": "1/2/2019 0:00",
    "OriginalPaperDOI": "10.1000/paper",
    "OriginalPaperPubMedID": "111",
    "RetractionNature": "Retraction",
    "Reason": "+Concerns/Issues About Data;+Paper Mill;",
}
NOTICE = Notice(
    IntegrityStatus.RETRACTED,
    pmid=111,
    doi="10.1000/paper",
    date="2023-09-01",
    notice_pmid=222,
    notice_doi="10.1000/notice",
    reason="Concerns/Issues About Data; Paper Mill",
)


def text_of(*rows: dict[str, str]) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([{**ROW, **row}.get(column, "") for column in COLUMNS] for row in rows)
    return written.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "retraction_watch.csv"


def read(path: Path, *rows: dict[str, str]) -> list[Notice]:
    path.write_text(text_of(*rows), encoding="utf-8", newline="")
    return list(read_retraction_watch(path))


def test_a_row_is_a_notice(path: Path) -> None:
    assert read(path, {}) == [NOTICE]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_any_of_its_encodings_is_read(path: Path, encoding: str) -> None:
    path.write_bytes(text_of({"Reason": "+Müller;"}).encode(encoding))
    assert [notice.reason for notice in read_retraction_watch(path)] == ["Müller"]


VALUES = [
    ("RetractionDate", "09/01/2023", "date", "2023-09-01"),
    ("RetractionDate", "12/31/2023 0:00", "date", "2023-12-31"),
    ("RetractionDate", "31/12/2023 0:00", "date", "2023-12-31"),
    ("RetractionDate", "2023-09-01", "date", "2023-09-01"),
    ("RetractionDate", "2023-09-01T00:00:00", "date", "2023-09-01"),
    ("RetractionDate", "2/30/2023", "date", ""),
    ("RetractionDate", "", "date", ""),
    ("RetractionDate", "unknown", "date", ""),
    ("OriginalPaperDOI", "https://doi.org/10.1000/PAPER", "doi", "10.1000/paper"),
    ("OriginalPaperDOI", "http://dx.doi.org/10.1000/PAPER", "doi", "10.1000/paper"),
    ("OriginalPaperDOI", "doi: 10.1000/PAPER", "doi", "10.1000/paper"),
    ("OriginalPaperDOI", "unavailable", "doi", ""),
    ("OriginalPaperDOI", "Unavailable", "doi", ""),
    ("OriginalPaperDOI", "", "doi", ""),
    ("OriginalPaperPubMedID", "0", "pmid", None),
    ("OriginalPaperPubMedID", "", "pmid", None),
    ("OriginalPaperPubMedID", "unavailable", "pmid", None),
    ("OriginalPaperPubMedID", " 31540000 ", "pmid", 31540000),
    ("OriginalPaperPubMedID", "31540000.0", "pmid", 31540000),
    ("RetractionPubMedID", "0", "notice_pmid", None),
    ("RetractionDOI", "unavailable", "notice_doi", ""),
    ("RetractionNature", "Retraction", "status", IntegrityStatus.RETRACTED),
    ("RetractionNature", "Expression of concern", "status", IntegrityStatus.CONCERN),
    ("RetractionNature", "Expression of Concern", "status", IntegrityStatus.CONCERN),
    ("RetractionNature", "Correction", "status", IntegrityStatus.CORRECTED),
    ("RetractionNature", "Reinstatement", "status", IntegrityStatus.OK),
    ("Reason", "+Withdrawn as Out of Date;+Retract and Replace;", "status", IntegrityStatus.WITHDRAWN),
    ("Reason", "+Withdrawn (out of date);", "status", IntegrityStatus.WITHDRAWN),
    ("Reason", "+Withdrawn to Publish in Different Journal;", "status", IntegrityStatus.RETRACTED),
    ("Reason", "", "reason", ""),
    ("Reason", "Paper Mill", "reason", "Paper Mill"),
]


@pytest.mark.parametrize(("column", "written", "field", "expected"), VALUES)
def test_a_value_as_it_is_written(path: Path, column: str, written: str, field: str, expected: object) -> None:
    (notice,) = read(path, {column: written})
    assert getattr(notice, field) == expected


def test_a_notice_at_the_place_of_its_paper_has_no_record_of_its_own(path: Path) -> None:
    (by_doi,) = read(path, {"RetractionDOI": "10.1000/PAPER", "RetractionPubMedID": "0"})
    assert (by_doi.doi, by_doi.notice_doi, by_doi.notice_pmid) == ("10.1000/paper", "", None)
    (by_pmid,) = read(path, {"RetractionPubMedID": "111"})
    assert (by_pmid.pmid, by_pmid.notice_pmid, by_pmid.notice_doi) == (111, None, "10.1000/notice")
    (unknown,) = read(path, {"RetractionPubMedID": "0", "OriginalPaperPubMedID": "0"})
    assert (unknown.pmid, unknown.notice_pmid) == (None, None)


REJECTED = [
    (
        {"RetractionNature": "Hoax"},
        "RetractionNature 'Hoax' is none of retraction, expression of concern, correction, ",
    ),
    ({"RetractionNature": ""}, "RetractionNature '' is none of"),
    (
        {"OriginalPaperDOI": "unavailable", "OriginalPaperPubMedID": "0"},
        r"by neither PMID nor DOI \(OriginalPaperPubMedID '0', OriginalPaperDOI 'unavailable'\)",
    ),
]


@pytest.mark.parametrize(("row", "message"), REJECTED)
def test_a_row_that_cannot_be_used_is_named_and_the_rest_is_kept(path: Path, row: dict[str, str], message: str) -> None:
    with pytest.raises(RecordError, match=rf"record 8 \(line 3\): .*{message}"):
        read(path, {}, {"Record ID": "8", **row}, {})
    rejected: list[RecordError] = []
    assert list(read_retraction_watch(path, rejected.append)) == [NOTICE, NOTICE]
    assert [error.identifier for error in rejected] == ["8 (line 3)"]


def test_rows_of_another_width_are_rejected_by_name(path: Path) -> None:
    good = text_of({})
    header, row = good.splitlines()
    without_last_comma = row.removesuffix(",")
    path.write_text("\n".join([header, "9,cut", row, row + ",extra", "", without_last_comma]) + "\n")
    rejected: list[RecordError] = []
    assert list(read_retraction_watch(path, rejected.append)) == [NOTICE, NOTICE]
    assert [(error.identifier, error.reason) for error in rejected] == [
        ("9 (line 2)", "it has 2 columns, the header 20"),
        ("7 (line 4)", "it has 22 columns, the header 20"),
    ]


def test_other_columns_and_another_order_do_not_matter(path: Path) -> None:
    names = [name for name in COLUMNS if name not in {"Title", "Notes", ""}][::-1]
    path.write_text(",".join(names) + "\n" + ",".join(ROW.get(name, "") for name in names) + "\n")
    assert list(read_retraction_watch(path)) == [NOTICE]


def test_a_file_without_its_columns_names_those_that_it_lacks(path: Path) -> None:
    path.write_text("Record ID,DOI,RetractionNature\n1,10.1000/paper,Retraction\n")
    with pytest.raises(
        InputError, match=r"no column RetractionDate, RetractionDOI, .*OriginalPaperPubMedID, Reason; name"
    ):
        list(read_retraction_watch(path))
    path.write_text("")
    with pytest.raises(InputError, match="is no Retraction Watch file"):
        list(read_retraction_watch(path))


def test_a_file_that_is_cut_off_is_refused(path: Path) -> None:
    whole = text_of({}, {})
    path.write_text(whole[: whole.rindex("10.1000/paper")])
    with pytest.raises(MalformedFileError, match=r"line 3: it ends within a row; fetch it again \(1 records were read"):
        list(read_retraction_watch(path))


def test_a_quotation_mark_that_never_closes_is_refused(path: Path) -> None:
    path.write_text(text_of({}) + '8,"open\n' + "x\n" * 100_000)
    with pytest.raises(MalformedFileError, match="it is not CSV"):
        list(read_retraction_watch(path))


def test_a_file_with_no_usable_row_is_refused(path: Path) -> None:
    path.write_text(text_of())
    with pytest.raises(InputError, match="none of its 0 rows can be used"):
        list(read_retraction_watch(path))
    path.write_text(text_of({"RetractionNature": "Hoax"}))
    with pytest.raises(InputError, match="none of its 1 rows can be used"):
        list(read_retraction_watch(path, lambda _: None))


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(InputError, match=r"retraction_watch\.csv: cannot be read \(No such file"):
        list(read_retraction_watch(path))
