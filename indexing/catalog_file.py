"""The SQLite file under the catalog: opening it, its tables, and its errors in our words.

Journal mode is WAL with synchronous=NORMAL. A killed process loses nothing that was committed. After a power failure
the file is whole, but the last batches before it may be missing; they are always the latest ones, so a source that is
still marked complete has all its records, and reading the others again restores the rest.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import CatalogError

APPLICATION_ID = int.from_bytes(b"plit", "big")
SCHEMA_VERSION = 2

# `record` stands last: the columns before it are then read without touching a long article's overflow pages.
# Counting rows would read the whole table, so `tally` keeps their number, and how often anything was changed.
_SCHEMA = """
CREATE TABLE articles (
    pmid INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    revised TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    source TEXT NOT NULL,
    position INTEGER,
    record BLOB NOT NULL
);
CREATE TABLE links (
    target INTEGER NOT NULL,
    pmid INTEGER NOT NULL,
    ref_type TEXT NOT NULL,
    date TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (target, pmid, ref_type)
) WITHOUT ROWID;
CREATE INDEX links_by_pmid ON links (pmid);
CREATE TABLE sources (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    completed TEXT NOT NULL,
    date TEXT NOT NULL DEFAULT ''
);
CREATE TABLE tally (articles INTEGER NOT NULL, changes INTEGER NOT NULL DEFAULT 0);
INSERT INTO tally (articles) VALUES (0);
"""
# Added by format 2, to new files and to those of format 1 alike.
_SCHEMA_2 = """
CREATE TABLE notices (
    origin TEXT NOT NULL,
    pmid INTEGER,
    doi TEXT NOT NULL,
    status TEXT NOT NULL,
    date TEXT NOT NULL,
    notice_pmid INTEGER,
    notice_doi TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX notices_by_origin ON notices (origin);
CREATE TABLE harvests (
    id INTEGER PRIMARY KEY,
    term TEXT NOT NULL UNIQUE,
    since TEXT NOT NULL,
    started TEXT NOT NULL,
    announced INTEGER NOT NULL,
    translation TEXT NOT NULL,
    warnings TEXT NOT NULL
);
CREATE TABLE slices (
    sequence INTEGER PRIMARY KEY,
    harvest INTEGER NOT NULL,
    date_kind TEXT NOT NULL,
    first TEXT NOT NULL,
    last TEXT NOT NULL,
    first_uid INTEGER NOT NULL,
    last_uid INTEGER NOT NULL
);
CREATE TABLE wanted (
    harvest INTEGER NOT NULL,
    pmid INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (harvest, pmid)
) WITHOUT ROWID;
CREATE TABLE queries (
    id INTEGER PRIMARY KEY,
    term TEXT NOT NULL UNIQUE
);
CREATE TABLE members (
    query INTEGER NOT NULL,
    pmid INTEGER NOT NULL,
    PRIMARY KEY (query, pmid)
) WITHOUT ROWID;
CREATE TABLE deleted (pmid INTEGER PRIMARY KEY);
"""
_FROM_1 = """
ALTER TABLE links ADD COLUMN date TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN date TEXT NOT NULL DEFAULT '';
ALTER TABLE tally ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
"""
# 64 MB: batches that touch the same pages are then copied into the file once.
_CHECKPOINT_PAGES = 16_384
_CACHE_KIB = 65_536


def connect(path: Path, *, read_only: bool, busy_timeout: float) -> sqlite3.Connection:
    """An open, checked catalog file, created where `read_only` is false and there is none yet.

    `busy_timeout` is in seconds: how long to wait for another process that is writing.
    """
    if path.is_dir():
        raise CatalogError(f"{path} is a directory: name a file, such as {path / 'catalog.sqlite'}")
    if read_only and not path.exists():
        raise CatalogError(f"there is no catalog at {path}: build one with `pathlit index`")
    with translated(path):
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
            uri=True,
            timeout=busy_timeout,
            isolation_level=None,
        )
        try:
            _prepare(connection, path, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    if read_only:
        _check(connection, path)
        if (version := _pragma(connection, "user_version")) < SCHEMA_VERSION:
            raise CatalogError(
                f"{path} was written by an older pathlit (catalog format {version}, this one reads {SCHEMA_VERSION}): "
                "run `pathlit index` once, without files, to bring it up to date"
            )
        return
    if _is_empty(connection):
        # Before the tables, since it cannot be set inside their transaction.
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            if _is_empty(connection):
                _run(connection, _SCHEMA + _SCHEMA_2)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    _check(connection, path)
    if _pragma(connection, "user_version") == 1:
        with transaction(connection):
            if _pragma(connection, "user_version") == 1:
                _run(connection, _FROM_1 + _SCHEMA_2)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")


def _run(connection: sqlite3.Connection, script: str) -> None:
    # One by one: executescript would commit the transaction that they belong to.
    for statement in script.strip().split(";\n"):
        connection.execute(statement)


def _is_empty(connection: sqlite3.Connection) -> bool:
    return (
        _pragma(connection, "application_id") == 0
        and not connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]
    )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise CatalogError(f"{path} is a SQLite file, but not a pathlit catalog: name another file")
    version = _pragma(connection, "user_version")
    if version > SCHEMA_VERSION:
        raise CatalogError(
            f"{path} was written by a newer pathlit (catalog format {version}, this one knows {SCHEMA_VERSION}): "
            "upgrade pathlit, or name another file"
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, also on KeyboardInterrupt. Takes the write lock at once, so it never fails half-way for it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns SQLite's and the file system's errors into CatalogError, saying what to do."""
    try:
        yield
    except sqlite3.ProgrammingError as exc:
        raise CatalogError(f"the catalog {path} cannot be used here: {exc}") from exc
    except sqlite3.Error as exc:
        primary_code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        raise CatalogError(_MESSAGES.get(primary_code, _OTHER).format(path=path, detail=exc)) from exc
    except OSError as exc:
        raise CatalogError(f"the catalog {path} cannot be opened: {exc.strerror or exc}") from exc


_OTHER = "the catalog {path} failed: {detail}"
_LOCKED = "another pathlit process is writing {path} ({detail}): wait for it to end, then run again"
_MESSAGES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: "the disk is full while writing {path}: free some space and run again; "
    "finished batches are kept",
    sqlite3.SQLITE_NOTADB: "{path} is not a catalog, nor any SQLite file: name another file",
    sqlite3.SQLITE_CORRUPT: "the catalog {path} is damaged ({detail}): restore it from a backup, or delete it and "
    "index the sources again",
    sqlite3.SQLITE_READONLY: "{path} cannot be written: it, or its folder, is read-only",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened: its folder is missing or may not be read or written",
    sqlite3.SQLITE_IOERR: "reading or writing {path} failed ({detail}): check the disk and its free space",
}
