"""Imported notices in the catalog's file: put, read, and counted against its articles."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from indexing.notices import Notice, NoticeBook
from retrieval.errors import InputError
from retrieval.records import LOCAL_PMID_FLOOR, Article, IntegrityStatus, Record

_PUT: Final = """
INSERT INTO notices (origin, pmid, doi, status, date, notice_pmid, notice_doi, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_READ: Final = """
SELECT origin, pmid, doi, status, date, notice_pmid, notice_doi, reason FROM notices ORDER BY origin, rowid
"""
_READ_ONE: Final = """
SELECT origin, pmid, doi, status, date, notice_pmid, notice_doi, reason FROM notices WHERE origin = ? ORDER BY rowid
"""
# A scan, which takes some 10 ms at 70,000 notices; an empty DOI names nothing.
_NAMING: Final = """
SELECT origin, pmid, doi, status, date, notice_pmid, notice_doi, reason FROM notices
WHERE ?1 IN (pmid, notice_pmid) OR (?2 <> '' AND ?2 IN (doi, notice_doi)) ORDER BY origin, rowid
"""


class _Named(Record, frozen=True):
    """The one field of a stored record that is needed to match it."""

    doi: str = ""


_DECODER: Final = msgspec.json.Decoder(_Named)


def replace_notices(connection: sqlite3.Connection, origin: str, notices: Iterable[Notice], max_shrink: float) -> int:
    """All notices of one origin, within the caller's transaction; returns how many there are now."""
    rows = [(origin, n.pmid, n.doi, n.status.value, n.date, n.notice_pmid, n.notice_doi, n.reason) for n in notices]
    before = connection.execute(_READ_ONE, (origin,)).fetchall()
    if len(before) - len(rows) > max_shrink * len(before):
        raise InputError(
            f"there are {len(before):,} notices of {origin}, and the new list holds {len(rows):,}: it may be cut "
            "short; nothing was changed"
        )
    if rows != before:
        connection.execute("DELETE FROM notices WHERE origin = ?", (origin,))
        connection.executemany(_PUT, rows)
        connection.execute("UPDATE tally SET changes = changes + 1")
    return len(rows)


def read_notices(connection: sqlite3.Connection) -> Iterator[tuple[str, Notice]]:
    """Every notice with its origin, in the order in which an origin's notices were put."""
    return _decoded(connection.execute(_READ))


def notices_naming(connection: sqlite3.Connection, article: Article) -> NoticeBook:
    """The notices that may concern one article."""
    doi = article.doi.lower()
    return NoticeBook.of(_decoded(connection.execute(_NAMING, (article.pmid, doi))))


def count_articles_named(connection: sqlite3.Connection, origin: str) -> int:
    """How many articles of the catalog the notices of one origin are about; reads every record to match DOIs."""
    rows = connection.execute("SELECT pmid, doi FROM notices WHERE origin = ?", (origin,)).fetchall()
    pmids = {pmid for pmid, _ in rows if pmid is not None}
    dois = {doi for _, doi in rows if doi}
    dois_alone = {doi for pmid, doi in rows if doi and pmid is None}
    if not dois:
        query = "SELECT count(*) FROM articles WHERE pmid IN (SELECT pmid FROM notices WHERE origin = ?)"
        return int(connection.execute(query, (origin,)).fetchone()[0])
    return sum(
        pmid in pmids or _DECODER.decode(record).doi.lower() in (dois if pmid >= LOCAL_PMID_FLOOR else dois_alone)
        for pmid, record in connection.execute("SELECT pmid, record FROM articles")
    )


def _decoded(
    rows: Iterable[tuple[str, int | None, str, str, str, int | None, str, str]],
) -> Iterator[tuple[str, Notice]]:
    for origin, pmid, doi, status, date, notice_pmid, notice_doi, reason in rows:
        yield origin, Notice(IntegrityStatus(status), pmid, doi, date, notice_pmid, notice_doi, reason)
