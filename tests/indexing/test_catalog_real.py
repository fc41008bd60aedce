"""The catalog over real PubMed files: an incremental update, and the retractions that they hold."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from indexing.catalog import Catalog, Tally
from indexing.jsonl import read_jsonl
from indexing.pubmed.reader import read_pubmed_xml
from retrieval.records import Article, Deletion, IntegrityStatus
from tests import real_data
from tests.real_data import needs_data

DATA = real_data.DATA / "pubmed_xml"
pytestmark = [
    pytest.mark.data,
    needs_data,
]

BASELINE = "pmparser__pubmed20n1015__4856ff43.xml.gz"
UPDATE = "pmparser__pubmed20n1016__d47794fd.xml.gz"

DELETING = "pmparser__pubmed20n1016__dc9d71c7.xml.gz"


def rebuilt(records: Iterable[Article | Deletion]) -> dict[int, Article]:
    held: dict[int, Article] = {}
    for record in records:
        if isinstance(record, Deletion):
            held.pop(record.pmid, None)
        else:
            old = held.get(record.pmid)
            if old is None or (record.version, record.revised) >= (old.version, old.revised):
                held[record.pmid] = record
    return held


def held_by(catalog: Catalog) -> dict[int, Article]:
    return {entry.article.pmid: entry.article for entry in catalog.articles()}


def test_an_update_applied_later_equals_both_applied_at_once_and_a_dictionary(tmp_path: Path) -> None:
    baseline, update = list(read_pubmed_xml(DATA / BASELINE)), list(read_pubmed_xml(DATA / UPDATE))

    with Catalog.open(tmp_path / "later", batch_size=100) as catalog:
        first = catalog.apply(baseline, source=BASELINE, position=1015)
        catalog.mark_complete(BASELINE, "4856ff43")
    with Catalog.open(tmp_path / "later") as catalog:
        assert catalog.is_complete(BASELINE, "4856ff43")
        second = catalog.apply(update, source=UPDATE, position=1016)
        catalog.mark_complete(UPDATE, "d47794fd")
        later, fingerprint = held_by(catalog), catalog.fingerprint()
    with Catalog.open(tmp_path / "at once") as catalog:
        for name, position, mark in ((BASELINE, 1015, "4856ff43"), (UPDATE, 1016, "d47794fd")):
            catalog.apply(read_pubmed_xml(DATA / name), source=name, position=position)
            catalog.mark_complete(name, mark)
        assert catalog.fingerprint() == fingerprint

    assert later == rebuilt([*baseline, *update])
    # Two PMIDs come in several versions; the files share 361 PMIDs, and none of the later file's deletions is held.
    assert first == Tally(read=756, added=754, updated=2)
    assert second == Tally(read=953, added=372, unchanged=361, stale=2, absent=218)
    assert len(later) == 1126


def test_an_update_applied_twice_changes_nothing_more(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "catalog") as catalog:
        for name in (BASELINE, UPDATE):
            catalog.apply(read_pubmed_xml(DATA / name), source=name)
        fingerprint = catalog.fingerprint()
        again = catalog.apply(read_pubmed_xml(DATA / UPDATE), source=UPDATE)
        # The two older versions of 31828225 come before its fourth, as they did the first time.
        assert again == Tally(read=953, unchanged=733, stale=2, absent=218)
        assert catalog.fingerprint() == fingerprint


def test_deletions_take_articles_of_both_earlier_files_away(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "catalog") as catalog:
        for name in (BASELINE, UPDATE):
            catalog.apply(read_pubmed_xml(DATA / name), source=name)
        held = held_by(catalog)
        tally = catalog.apply(read_pubmed_xml(DATA / DELETING), source=DELETING)
        gone = held.keys() - held_by(catalog).keys()
    assert gone == {31840186, 31840298, 31839613, 31839618}
    assert (tally.deleted, tally.absent) == (4, 258)


def raw_records() -> Iterator[tuple[int, str]]:
    """(PMID, XML) of every citation, cut out of the text of the files without an XML parser."""
    for path in sorted(DATA.glob("*.xml.gz")):
        text = gzip.decompress(path.read_bytes()).decode()
        for record in re.findall(r"<MedlineCitation .*?</MedlineCitation>", text, re.DOTALL):
            yield int(re.findall(r"<PMID[^>]*>(\d+)<", record)[0]), record


def linked(record: str, ref_type: str) -> set[int]:
    links = re.findall(rf'<CommentsCorrections RefType="{ref_type}">(.*?)</CommentsCorrections>', record, re.DOTALL)
    return {int(pmid) for link in links for pmid in re.findall(r"<PMID[^>]*>(\d+)<", link)}


def pmids_by_words(records: list[tuple[int, str]], own: str, publication_type: str, incoming: str) -> set[int]:
    """PMIDs whose raw record holds a link of one type, or a publication type, or that another record points at."""
    words = (f'RefType="{own}"', f">{publication_type}</PublicationType>")
    marked = {pmid for pmid, record in records if any(word in record for word in words)}
    return marked.union(*(linked(record, incoming) for _, record in records))


def test_retracted_papers_are_known_and_errata_are_not_retractions(tmp_path: Path) -> None:
    by_status: dict[IntegrityStatus, set[int]] = {}
    with Catalog.open(tmp_path / "catalog") as catalog:
        for path in sorted(DATA.glob("*.xml.gz")):
            catalog.apply(read_pubmed_xml(path), source=path.name)
        for entry in catalog.articles():
            by_status.setdefault(entry.integrity.status, set()).add(entry.article.pmid)
        held = held_by(catalog).keys()
    assert by_status.keys() == {
        IntegrityStatus.OK,
        IntegrityStatus.CORRECTED,
        IntegrityStatus.RETRACTED,
        IntegrityStatus.RETRACTION_NOTICE,
        IntegrityStatus.CONCERN_NOTICE,
        IntegrityStatus.ERRATUM_NOTICE,
    }
    assert by_status[IntegrityStatus.RETRACTED] == {15146069, 23999824, 25023401}
    assert by_status[IntegrityStatus.RETRACTION_NOTICE] == {31839707, 38075128, 41578200}
    assert by_status[IntegrityStatus.CONCERN_NOTICE] == {36490231}

    raw = list(raw_records())
    retracted = pmids_by_words(raw, "RetractionIn", "Retracted Publication", "RetractionOf")
    assert by_status[IntegrityStatus.RETRACTED] == held & retracted
    notices = pmids_by_words(raw, "RetractionOf", "Retraction of Publication", "RetractionIn")
    assert by_status[IntegrityStatus.RETRACTION_NOTICE] == held & notices
    errata = pmids_by_words(raw, "ErratumFor", "Published Erratum", "ErratumIn")
    assert by_status[IntegrityStatus.ERRATUM_NOTICE] == held & errata
    assert len(by_status[IntegrityStatus.ERRATUM_NOTICE]) == 34


def test_retracted_papers_of_the_abstracts_are_known_by_their_publication_type(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "catalog") as catalog:
        catalog.apply(read_jsonl(DATA.parent / "abstracts.jsonl.gz"), source="abstracts")
        assert len(catalog) == 23_118
        retracted = {e.article.pmid for e in catalog.articles() if e.integrity.status is IntegrityStatus.RETRACTED}
    assert retracted == {15146069, 23999824, 25023401, 31541003}
