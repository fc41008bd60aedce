"""Files into the catalog: told apart by content, read once, rejected records named."""

import errno
import gzip
import json
import os
from pathlib import Path

import pytest

from indexing.catalog import Catalog
from indexing.ingest import find_files, ingest
from retrieval.checksums import sha256_of
from retrieval.errors import InputError, MalformedFileError

XML = (
    '<?xml version="1.0"?><PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID>'
    "<Article><ArticleTitle>Title of {pmid}.</ArticleTitle></Article></MedlineCitation></PubmedArticle>{more}"
    "</PubmedArticleSet>"
)
DELETE = "<DeleteCitation><PMID Version='1'>{pmid}</PMID></DeleteCitation>"


def xml(path: Path, pmid: int, more: str = "") -> Path:
    content = XML.format(pmid=pmid, more=more).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def jsonl(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n")
    return path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(tmp_path / "catalog.sqlite")


def test_xml_gz_and_json_lines_are_told_apart_by_content_not_by_name(tmp_path: Path, catalog: Catalog) -> None:
    files = [
        xml(tmp_path / "a.data", 1),
        xml(tmp_path / "b.xml.gz", 2),
        jsonl(tmp_path / "c.txt", {"pmid": 3, "title": "Third."}, {"id": "x:4", "text": "Fourth."}),
    ]
    report = ingest(files, catalog)
    assert report.tally.added == 4
    assert catalog.get(3).article.title == "Third."


def test_another_catalog_can_be_read(tmp_path: Path, catalog: Catalog) -> None:
    with Catalog.open(tmp_path / "other.sqlite") as other:
        ingest([xml(tmp_path / "a.xml", 1)], other)
    assert ingest([tmp_path / "other.sqlite"], catalog).tally.added == 1


def test_folders_are_read_in_numeric_order(tmp_path: Path) -> None:
    for name in ("pubmed26n10.xml", "pubmed26n9.xml", "notes.md", "pubmed26n100.xml"):
        xml(tmp_path / name, 1)
    assert [p.name for p in find_files([tmp_path])] == ["pubmed26n9.xml", "pubmed26n10.xml", "pubmed26n100.xml"]


def test_an_unchanged_file_is_skipped_and_a_changed_one_read_again(tmp_path: Path, catalog: Catalog) -> None:
    path = xml(tmp_path / "a.xml", 1)
    ingest([path], catalog)
    assert ingest([path], catalog).skipped == (str(path),)
    xml(path, 2)
    report = ingest([path], catalog)
    assert (report.skipped, report.tally.added) == ((), 1)


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path: Path, catalog: Catalog) -> None:
    files = []
    for number, folder in enumerate(("one", "two"), start=1):
        (tmp_path / folder).mkdir()
        files.append(xml(tmp_path / folder / "a.xml", number))
    assert ingest(files, catalog).tally.added == 2
    assert ingest(files, catalog).skipped == tuple(map(str, files))
    assert [source.name for source in catalog.sources()] == [str(path) for path in files]


def test_a_bulk_file_is_known_by_its_name_wherever_it_lies(tmp_path: Path, catalog: Catalog) -> None:
    path = xml(tmp_path / "pubmed26n0001.xml.gz", 1)
    ingest([path], catalog)
    (tmp_path / "elsewhere").mkdir()
    moved = path.rename(tmp_path / "elsewhere" / path.name)
    assert ingest([moved], catalog).skipped == (str(moved),)
    assert [source.name for source in catalog.sources()] == ["pubmed26n0001.xml.gz"]


def test_a_file_that_was_noted_by_its_bare_name_is_recognised_and_then_known_by_its_path(
    tmp_path: Path, catalog: Catalog
) -> None:
    path = xml(tmp_path / "a.xml", 1)
    catalog.mark_complete("a.xml", sha256_of(path))
    assert ingest([path], catalog).skipped == (str(path),)
    assert [source.name for source in catalog.sources()] == [str(path)]
    (tmp_path / "other").mkdir()
    copy = xml(tmp_path / "other" / "a.xml", 1)
    assert ingest([copy], catalog).tally.added == 1, "the old name stands for one file"


def test_another_file_of_a_bare_name_noted_before_is_read(tmp_path: Path, catalog: Catalog) -> None:
    catalog.mark_complete("a.xml", "of other content")
    assert ingest([xml(tmp_path / "a.xml", 1)], catalog).tally.added == 1


def test_a_bulk_file_is_dated_by_its_last_change_and_no_other_file_is(tmp_path: Path, catalog: Catalog) -> None:
    bulk, own = xml(tmp_path / "pubmed26n0001.xml.gz", 1), xml(tmp_path / "own.xml", 2)
    for path in (bulk, own):
        os.utime(path, (1_768_500_000, 1_768_500_000))
    ingest([bulk, own], catalog)
    assert {Path(source.name).name: source.date for source in catalog.sources()} == {
        "pubmed26n0001.xml.gz": "2026-01-15",
        "own.xml": "",
    }


def test_a_file_name_that_is_not_utf_8_is_kept_with_escapes(tmp_path: Path, catalog: Catalog) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl"))
    jsonl(path, {"pmid": 1, "title": "Lung."}, {"pmid": 2})
    report = ingest([path], catalog)
    assert report.tally.added == 1
    assert "caf\\xe9.jsonl, record at line 2" in report.rejected[0]
    assert ingest([path], catalog).skipped == (f"{tmp_path}/caf\\xe9.jsonl",)


def test_rejections_are_heard_even_where_the_file_turns_out_to_be_malformed(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "a.xml"
    path.write_text(XML.format(pmid=0, more="") + XML.format(pmid=2, more=""))
    heard: list[str] = []
    with pytest.raises(MalformedFileError):
        ingest([path], catalog, on_reject=heard.append)
    assert len(heard) == 1
    assert "a.xml, record" in heard[0]


def test_deletions_follow_the_order_of_the_files(tmp_path: Path, catalog: Catalog) -> None:
    first = xml(tmp_path / "n1.xml", 1)
    second = xml(tmp_path / "n2.xml", 2, DELETE.format(pmid=1))
    report = ingest([first, second], catalog)
    assert (report.tally.added, report.tally.deleted, len(catalog)) == (2, 1, 1)


def test_rejected_records_are_named_and_the_rest_is_kept(tmp_path: Path, catalog: Catalog) -> None:
    path = jsonl(tmp_path / "a.jsonl", {"pmid": 1, "title": "Good."}, {"pmid": 2}, {"title": "Nameless."})
    report = ingest([path], catalog)
    assert report.tally.read == 1
    assert len(report.rejected) == 2
    assert "a.jsonl" in report.rejected[0]


def test_a_malformed_file_keeps_what_came_before_and_is_not_marked_as_read(tmp_path: Path, catalog: Catalog) -> None:
    path = tmp_path / "a.xml"
    path.write_text(XML.format(pmid=1, more="") + XML.format(pmid=2, more=""))
    with pytest.raises(MalformedFileError, match=r"a\.xml, line 1: .*1 records? "):
        ingest([path], catalog)
    assert catalog.sources() == ()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xml", b"PK\x03\x04 a zip", "is neither PubMed XML nor JSON lines nor a catalog"),
        ("a.xml.gz", b"\x1f\x8b\x08\x00rubbish", "is a damaged .gz file"),
    ],
)
def test_other_files_are_refused_by_name(
    tmp_path: Path, catalog: Catalog, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        ingest([tmp_path / name], catalog)


def test_what_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file or folder"):
        find_files([tmp_path / "missing.xml"])
    with pytest.raises(InputError, match="holds no file that ends in"):
        find_files([tmp_path])


def test_a_folder_that_cannot_be_read_is_named_instead_of_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xml(tmp_path / "a.xml", 1)
    (tmp_path / "closed").mkdir()
    listed = os.scandir

    def refuse(path: Path | str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    # Tests may run as root, whom no permission stops.
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"closed cannot be read: Permission denied; allow reading it"):
        find_files([tmp_path])
