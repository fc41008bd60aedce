"""Files into the catalog: told apart by content, read once, rejected records named."""

import gzip
import json
from pathlib import Path

import pytest

from indexing.catalog import Catalog
from indexing.ingest import find_files, ingest
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
    assert ingest([path], catalog).skipped == ("a.xml",)
    xml(path, 2)
    report = ingest([path], catalog)
    assert (report.skipped, report.tally.added) == ((), 1)


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
