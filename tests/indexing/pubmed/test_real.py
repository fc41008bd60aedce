"""Facts about real PubMed files, and memory that does not grow with the file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexing.pubmed.reader import read_pubmed_xml
from retrieval.errors import MalformedFileError
from retrieval.records import Article, Deletion
from tests import real_data
from tests.real_data import needs_data

DATA = real_data.DATA / "pubmed_xml"
RETRACTED = {15146069, 23999824, 25023401}


@pytest.mark.data
@needs_data
def test_every_file_has_the_records_that_its_manifest_counts() -> None:
    with (DATA / "MANIFEST.tsv").open(encoding="utf-8", newline="") as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t"))
    assert len(rows) == 44
    for row in rows:
        records = list(read_pubmed_xml(DATA / row["file"]))
        books = sum(isinstance(record, Article) and record.book is not None for record in records)
        deletions = sum(isinstance(record, Deletion) for record in records)
        counted = (len(records) - books - deletions, deletions, books)
        assert counted == (int(row["citations"]), int(row["delete_pmids"]), int(row["books"])), row["file"]


@pytest.mark.data
@needs_data
def test_the_three_retracted_articles_carry_their_mark() -> None:
    marked = set()
    for path in DATA.glob("*.xml.gz"):
        for record in read_pubmed_xml(path):
            if isinstance(record, Article) and record.pmid in RETRACTED:
                types = {term.ui for term in record.publication_types}
                if "D016441" in types or any(c.ref_type == "RetractionIn" for c in record.corrections):
                    marked.add(record.pmid)
    assert marked == RETRACTED


@pytest.mark.data
@needs_data
def test_three_documents_in_one_file_give_the_first_and_then_an_error() -> None:
    records: list[Article | Deletion] = []
    with pytest.raises(
        MalformedFileError, match=r"three_documents_in_one\.xml\.gz, line 18094: .*100 records"
    ) as caught:
        records.extend(read_pubmed_xml(DATA / "malformed" / "three_documents_in_one.xml.gz"))
    assert len(records) == 100
    assert caught.value.records_before == 100


class _Endless(io.RawIOBase):
    """A PubMed file of any length that is never whole in memory."""

    def __init__(self, citations: int) -> None:
        self._pieces = self._file(citations)

    @staticmethod
    def _file(citations: int) -> Iterator[bytes]:
        yield b"<PubmedArticleSet>"
        for pmid in range(1, citations + 1):
            text = b"text %d " % pmid * 500
            abstract = b"<Article><Abstract><AbstractText>%b</AbstractText></Abstract></Article>" % text
            yield b"<PubmedArticle><MedlineCitation><PMID>%d</PMID>%b</MedlineCitation></PubmedArticle>" % (
                pmid,
                abstract,
            )
        yield b"</PubmedArticleSet>"

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


def _resident_mib() -> float:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc/self/statm to see resident memory")
def test_memory_stays_flat_over_a_long_file() -> None:
    highest, start = 0.0, 0.0
    for count, _ in enumerate(read_pubmed_xml(_Endless(12_000), name="endless"), start=1):  # type: ignore[arg-type]
        if count == 1000:
            start = _resident_mib()
        elif count % 500 == 0:
            highest = max(highest, _resident_mib())
    assert count == 12_000  # 70 MB of XML
    assert highest - start < 10
