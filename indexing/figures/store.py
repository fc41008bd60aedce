"""The figures of open-access articles, in one SQLite file: what `pathlit figures` writes and others read.

Each article's figures go in as a whole, together with the note that it was read: wherever a harvest is killed, an
article is in with all its figures or not at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from indexing.catalog_file import transaction
from retrieval.errors import CatalogError
from retrieval.records import Figure, Record

_FORMAT: Final = 1
_APPLICATION_ID: Final = int.from_bytes(b"pfig", "big")
_BUSY_TIMEOUT_S: Final = 10.0
_SCHEMA: Final = """
CREATE TABLE articles (
    number INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    pmid INTEGER,
    retracted INTEGER NOT NULL,
    stamp TEXT NOT NULL,
    state TEXT NOT NULL
);
CREATE TABLE figures (
    number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    pmid INTEGER,
    licence TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (number, place)
);
CREATE INDEX figures_by_pmid ON figures (pmid)
"""
_DECODER: Final = msgspec.json.Decoder(Figure)


class ArticleState(Record, frozen=True):
    """How an article was found when it was read to its end, figures or none."""

    pmcid: str
    """Without a version."""
    version: int
    """0 where no version could be read."""
    stamp: str = ""
    """Equal to the source's own stamp as long as asking again would be of no use."""
    state: str = ""
    """A digest of all that decided what was kept: metadata, licences allowed, images asked for."""
    pmid: int | None = None
    is_retracted: bool = False


class FigureStore:
    """Open one with `FigureStore.open`, best in a `with` statement; one thread uses it. Raises CatalogError."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Creates the file where there is none, unless `read_only`."""
        store = cls(path, read_only=read_only)
        if read_only and not path.exists():
            raise CatalogError(f"there are no figures at {path}: collect some with `pathlit figures`")
        with store._translated():
            mode = "ro" if read_only else "rwc"
            store._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None
            )
        try:
            store._prepare()
        except BaseException:
            store.close()
            raise
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closing twice is harmless."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # --- Writing ------------------------------------------------------------------------------------------------

    def put(self, article: ArticleState, figures: Sequence[Figure] = ()) -> None:
        """Replaces all that is known of the article, whatever its version, by these figures."""
        number = _number(article.pmcid)
        with self._writing() as connection:
            connection.execute("DELETE FROM figures WHERE number = ?", (number,))
            connection.executemany(
                "INSERT INTO figures (number, place, pmid, licence, record) VALUES (?, ?, ?, ?, ?)",
                [(number, n, f.pmid, f.license_code, msgspec.json.encode(f)) for n, f in enumerate(figures)],
            )
            connection.execute(
                "INSERT OR REPLACE INTO articles (number, version, pmid, retracted, stamp, state) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (number, article.version, article.pmid, article.is_retracted, article.stamp, article.state),
            )

    def stamp(self, pmcid: str, stamp: str) -> None:
        """Notes that the article was found unchanged."""
        with self._writing() as connection:
            connection.execute("UPDATE articles SET stamp = ? WHERE number = ?", (stamp, _number(pmcid)))

    def delete(self, pmcid: str) -> int:
        """Forgets an article; returns how many figures it had."""
        with self._writing() as connection:
            connection.execute("DELETE FROM articles WHERE number = ?", (_number(pmcid),))
            return connection.execute("DELETE FROM figures WHERE number = ?", (_number(pmcid),)).rowcount

    # --- Reading ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM figures").fetchone()[0])

    def __iter__(self) -> Iterator[Figure]:
        """Every figure, by article and in the order of its text."""
        with self._reading() as connection:
            for (record,) in connection.execute("SELECT record FROM figures ORDER BY number, place"):
                yield self._figure(record)

    def by_pmid(self, pmid: int) -> tuple[Figure, ...]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT record FROM figures WHERE pmid = ? ORDER BY number, place", (pmid,)
            ).fetchall()
        return tuple(self._figure(record) for (record,) in rows)

    def article(self, pmcid: str) -> ArticleState | None:
        """How the article was last read; None where it was not."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT version, stamp, state, pmid, retracted FROM articles WHERE number = ?", (_number(pmcid),)
            ).fetchone()
        if row is None:
            return None
        version, stamp, state, pmid, retracted = row
        return ArticleState(pmcid, version, stamp, state, pmid, bool(retracted))

    def articles(self) -> Iterator[ArticleState]:
        """Every article that was read to its end."""
        with self._reading() as connection:
            rows = connection.execute("SELECT number, version, stamp, state, pmid, retracted FROM articles")
            for number, version, stamp, state, pmid, retracted in rows:
                yield ArticleState(f"PMC{number}", version, stamp, state, pmid, bool(retracted))

    def not_under(self, licences: Collection[str]) -> tuple[str, ...]:
        """Articles (without version) that have a figure under any other licence than these."""
        marks = ", ".join("?" * len(licences))
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT DISTINCT number FROM figures WHERE licence NOT IN ({marks})",  # noqa: S608
                tuple(licences),
            ).fetchall()
        return tuple(f"PMC{number}" for (number,) in rows)

    # --- Underneath ---------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        with self._reading() as connection:
            if not self._read_only:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                with transaction(connection):
                    if not connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]:
                        for statement in _SCHEMA.split(";\n"):
                            connection.execute(statement)
                        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                        connection.execute(f"PRAGMA user_version = {_FORMAT}")
            found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if found[0] != _APPLICATION_ID:
            raise CatalogError(f"{self.path} is a SQLite file, but holds no pathlit figures: name another home folder")
        if found[1] != _FORMAT:
            raise CatalogError(
                f"{self.path} has figure format {found[1]}, this pathlit knows {_FORMAT}: use the pathlit that wrote "
                "it, or delete it and run `pathlit figures` again"
            )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise CatalogError(f"the figures {self.path} are not open: use FigureStore.open")
        with self._translated():
            yield self._connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection, transaction(connection):
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise CatalogError(
                f"the figures {self.path} cannot be used: {exc}; look at the disk and its free space, or wait for "
                "another pathlit process to end"
            ) from exc

    def _figure(self, record: bytes) -> Figure:
        try:
            return _DECODER.decode(record)
        except msgspec.DecodeError as exc:
            raise CatalogError(
                f"a record in {self.path} is damaged ({exc}): delete it and run `pathlit figures` again"
            ) from exc


def _number(pmcid: str) -> int:
    return int(pmcid.upper().removeprefix("PMC").partition(".")[0])
