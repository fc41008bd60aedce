"""Applying a batch of records to the catalog's tables: read what is stored once, decide in memory, write once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from retrieval.integrity_dates import known_part
from retrieval.records import Article, Deletion

Outcome = Literal["added", "updated", "unchanged", "stale", "deleted", "absent"]

# Papers that a paper cites are kept in Article.references; as links they would outnumber all others a hundredfold.
_NO_LINKS = frozenset({"Cites"})
HASH_BYTES = 16
_ENCODER = msgspec.json.Encoder()

_STORED = "SELECT pmid, version, revised FROM articles WHERE pmid IN (SELECT value FROM json_each(?))"
_STORED_RECORDS = "SELECT pmid, record FROM articles WHERE pmid IN (SELECT value FROM json_each(?))"
_PUT = """
INSERT INTO articles (pmid, version, revised, content_hash, source, position, record) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (pmid) DO UPDATE SET version = excluded.version, revised = excluded.revised,
content_hash = excluded.content_hash, source = excluded.source, position = excluded.position, record = excluded.record
"""


def content_hash(article: Article) -> bytes:
    """HASH_BYTES that change when, and only when, the text that encoders see changes: title and abstract."""
    return hashlib.blake2b(f"{article.title}\0{article.abstract}".encode(), digest_size=HASH_BYTES).digest()


class _State(NamedTuple):
    """What the catalog holds for a PMID; `article` is None for a row that was there before the batch."""

    version: int
    revised: str
    record: bytes
    article: Article | None


def apply_batch(
    connection: sqlite3.Connection, batch: Sequence[Article | Deletion], source: str, position: int | None
) -> Counter[Outcome]:
    """Applies the records in order, within the caller's transaction; the outcomes add up to the batch."""
    before = _stored_states(connection, batch)
    now: dict[int, _State | None] = dict(before)
    outcomes: Counter[Outcome] = Counter()
    for record in batch:
        outcomes[_apply(now, record)] += 1
    _write(connection, before, now, source, position)
    return outcomes


def _apply(now: dict[int, _State | None], record: Article | Deletion) -> Outcome:
    held = now.get(record.pmid)
    if isinstance(record, Deletion):
        now[record.pmid] = None
        return "deleted" if held else "absent"
    if held and (record.version, record.revised) < (held.version, held.revised):
        return "stale"
    encoded = _ENCODER.encode(record)
    if held and encoded == held.record:
        return "unchanged"
    now[record.pmid] = _State(record.version, record.revised, encoded, record)
    return "updated" if held else "added"


def _stored_states(connection: sqlite3.Connection, batch: Iterable[Article | Deletion]) -> dict[int, _State]:
    """The rows there are for the batch's PMIDs; their JSON only where an article of equal standing may match it."""
    pmids = {record.pmid for record in batch}
    rows = connection.execute(_STORED, (_ENCODER.encode(sorted(pmids)).decode(),)).fetchall()
    standing = {pmid: (version, revised) for pmid, version, revised in rows}
    if not standing:
        return {}
    rivals = {
        record.pmid
        for record in batch
        if isinstance(record, Article) and (record.version, record.revised) == standing.get(record.pmid)
    }
    records: dict[int, bytes] = {}
    if rivals:
        records = dict(connection.execute(_STORED_RECORDS, (_ENCODER.encode(sorted(rivals)).decode(),)))
    return {pmid: _State(*held, records.get(pmid, b""), None) for pmid, held in standing.items()}


def _write(
    connection: sqlite3.Connection,
    before: dict[int, _State],
    now: dict[int, _State | None],
    source: str,
    position: int | None,
) -> None:
    # In the order of the key: neighbours share pages, so a batch touches each page once.
    put = [(pmid, state) for pmid, state in sorted(now.items()) if state and state.article]
    gone = [(pmid,) for pmid in sorted(before) if now[pmid] is None]
    deleted = [(pmid,) for pmid, state in sorted(now.items()) if state is None]
    replaced = [(pmid,) for pmid, _ in put if pmid in before]
    connection.executemany("DELETE FROM links WHERE pmid = ?", gone + replaced)
    connection.executemany("DELETE FROM articles WHERE pmid = ?", gone)
    # Kept for the turn of the year: what was deleted is not carried over from the old catalog.
    connection.executemany("INSERT OR IGNORE INTO deleted VALUES (?)", deleted)
    connection.executemany("DELETE FROM deleted WHERE pmid = ?", [(pmid,) for pmid, _ in put])
    connection.executemany(
        _PUT,
        (
            (pmid, state.version, state.revised, content_hash(state.article), source, position, state.record)
            for pmid, state in put
            if state.article
        ),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO links (target, pmid, ref_type, date) VALUES (?, ?, ?, ?)",
        sorted(
            {
                (link.pmid, pmid, link.ref_type, known_part(state.article.published or state.article.published_online))
                for pmid, state in put
                if state.article
                for link in state.article.corrections
                if link.pmid is not None and link.ref_type not in _NO_LINKS
            }
        ),
    )
    connection.execute(
        "UPDATE tally SET articles = articles + ?, changes = changes + ?",
        (len(put) - len(replaced) - len(gone), len(put) + len(gone)),
    )
