"""The turn of PubMed's year: a catalog read anew from the next baseline, beside the old one, and put in its place.

Numbering starts again with each year's baseline, and what is no longer in it was dropped without a deletion. So the
new catalog starts empty, and takes over from the old one only what did not come from the bulk files.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from indexing.catalog import Catalog
from indexing.catalog_file import translated
from retrieval.errors import CatalogError

_BULK: Final = "GLOB 'pubmed[0-9][0-9]n[0-9]*.xml*'"
_CARRY: Final = f"""
CREATE TEMP TABLE carried AS SELECT o.pmid FROM old.articles o LEFT JOIN main.articles n ON n.pmid = o.pmid
    WHERE NOT o.source {_BULK} AND o.pmid NOT IN (SELECT pmid FROM main.deleted)
    AND (n.pmid IS NULL OR (o.version, o.revised) > (n.version, n.revised));
DELETE FROM main.links WHERE pmid IN (SELECT pmid FROM carried);
INSERT OR REPLACE INTO main.articles SELECT o.* FROM old.articles o JOIN carried c ON c.pmid = o.pmid;
INSERT OR IGNORE INTO main.links (target, pmid, ref_type, date)
    SELECT l.target, l.pmid, l.ref_type, l.date FROM old.links l JOIN carried c ON c.pmid = l.pmid;
INSERT OR IGNORE INTO main.sources (name, fingerprint, completed, date)
    SELECT name, fingerprint, completed, date FROM old.sources WHERE NOT name {_BULK} ORDER BY sequence;
DELETE FROM main.notices;
INSERT INTO main.notices SELECT * FROM old.notices ORDER BY rowid;
DELETE FROM main.harvests;
INSERT INTO main.harvests SELECT * FROM old.harvests;
DELETE FROM main.slices;
INSERT INTO main.slices SELECT * FROM old.slices;
DELETE FROM main.wanted;
INSERT INTO main.wanted SELECT * FROM old.wanted;
DELETE FROM main.queries;
INSERT INTO main.queries SELECT * FROM old.queries;
DELETE FROM main.members;
INSERT INTO main.members SELECT * FROM old.members;
UPDATE main.tally SET articles = (SELECT count(*) FROM main.articles),
    changes = changes + (SELECT changes FROM old.tally) + 1;
DROP TABLE carried;
"""  # noqa: S608 - nothing in it comes from outside


def carry_over(old: Path, new: Catalog) -> int:
    """Bring what is not from bulk files into the new catalog, unless that has it as new; returns the articles now."""
    with new.reading() as connection:
        connection.execute("ATTACH DATABASE ? AS old", (f"{old.absolute().as_uri()}?mode=ro",))
    try:
        with new.writing() as connection:
            for statement in _CARRY.strip().split(";\n"):
                connection.execute(statement)
    finally:
        with new.reading() as connection:
            connection.execute("DETACH DATABASE old")
    return len(new)


def take_the_place(new: Path, old: Path) -> None:
    """Atomically; neither may be open. CatalogError while somebody reads the old one: its log would stay behind."""
    for path in (old, new):
        with translated(path):
            connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
            try:
                # A write-ahead log that outlives its file would be read into the file that takes its name.
                mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
            finally:
                connection.close()
        if mode != "delete":
            raise CatalogError(f"another pathlit process is reading {path}: wait for it to end, then run again")
    new.replace(old)
