"""The current state of every PMID, in one SQLite file: what harvests write and builds read.

Applying the same sources again, in the same order, gives the same catalog, wherever an earlier run was killed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from indexing.bulk.names import BulkName
from indexing.catalog_batch import Outcome, apply_batch
from indexing.catalog_file import connect, transaction, translated
from indexing.catalog_notices import count_articles_named, notices_naming, read_notices, replace_notices
from indexing.notices import Notice, NoticeBook
from retrieval.errors import ArticleNotFoundError, CatalogError, InputError
from retrieval.integrity import LINKS, TITLE, TYPES, IncomingLink, assess
from retrieval.records import Article, Deletion, Integrity, Record

BATCH_SIZE = 2000
BUSY_TIMEOUT_S = 10.0

_DECODER = msgspec.json.Decoder(Article)
_OWN_SOURCES = frozenset({LINKS, TYPES, TITLE})


class CatalogEntry(Record, frozen=True):
    """An article as the catalog holds it; `integrity` also weighs what other records and notices say of it."""

    article: Article
    content_hash: bytes
    """16 bytes over title and abstract: equal hashes, equal embeddings."""
    integrity: Integrity


class Tally(Record, frozen=True):
    """What became of the records that were read: `read` is the sum of the others."""

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    """Older than what the catalog holds, and ignored."""
    deleted: int = 0
    absent: int = 0
    """Deletions of PMIDs that the catalog does not hold."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class CompletedSource(Record, frozen=True):
    """A source that was applied to its end."""

    name: str
    fingerprint: str
    completed: str
    """When it was, in UTC, ISO 8601."""
    date: str = ""
    """The day on which the source itself was made (ISO), empty where that is not known."""


class Catalog:
    """Open one with `Catalog.open`, best in a `with` statement; one thread uses it at a time.

    Every method raises CatalogError where the file cannot be read or written.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        batch_size: int = BATCH_SIZE,
        busy_timeout: float = BUSY_TIMEOUT_S,
    ) -> None:
        self.path = path
        self._read_only = read_only
        self._batch_size = batch_size
        self._busy_timeout = busy_timeout
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        batch_size: int = BATCH_SIZE,
        busy_timeout: float = BUSY_TIMEOUT_S,
    ) -> Self:
        """Creates the file where there is none, unless `read_only`; `busy_timeout` (s) is how long to wait for
        another process's batch. Raises CatalogError for anything that is not a catalog of this format."""
        catalog = cls(path, read_only=read_only, batch_size=batch_size, busy_timeout=busy_timeout)
        catalog._connection = catalog._connect(read_only=read_only)
        return catalog

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closing twice is harmless."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # --- Writing ------------------------------------------------------------------------------------------------

    def apply(
        self,
        records: Iterable[Article | Deletion],
        *,
        source: str,
        position: int | None = None,
        progress: Callable[[int], None] | None = None,
        along: Callable[[sqlite3.Connection, Sequence[Article | Deletion]], None] | None = None,
    ) -> Tally:
        """Brings the catalog up to date with the records, a batch at a time, each batch whole or not at all.

        A higher version wins, then a later `revised`; equal ones replace. `progress` hears the records read so far;
        `along` writes what must hold exactly if the batch does, in the same transaction.
        An error of `records` itself passes through; the batches before it are kept.
        """
        outcomes: Counter[Outcome] = Counter()
        stream = iter(records)
        while batch := list(islice(stream, self._batch_size)):
            with self.writing() as connection:
                outcomes += apply_batch(connection, batch, source, position)
                if along:
                    along(connection, batch)
            if progress:
                progress(outcomes.total())
        return Tally(read=outcomes.total(), **{str(outcome): count for outcome, count in outcomes.items()})

    def mark_complete(self, name: str, fingerprint: str, *, date: str = "") -> None:
        """Notes that a source was applied to its end; `fingerprint` tells its content from other content.

        `date` is the ISO day on which the source was made, where that is known.
        """
        completed = datetime.now(UTC).isoformat(timespec="seconds")
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sources (name, fingerprint, completed, date) VALUES (?, ?, ?, ?)",
                (name, fingerprint, completed, date),
            )

    def rename_source(self, old: str, new: str) -> None:
        """When it was completed, and with which content, stays as it was noted."""
        with self.writing() as connection:
            connection.execute("UPDATE OR REPLACE sources SET name = ? WHERE name = ?", (new, old))

    def put_notices(self, origin: str, notices: Iterable[Notice], *, max_shrink: float = 1.0) -> int:
        """Replaces all notices of one origin, or none of them where `notices` raises; returns how many there are now.

        InputError where more than `max_shrink` of them (a share of 1) would be gone: a list cut short looks like that.

        They change the standing of articles that have not changed themselves; the next build shows it.
        """
        if not origin.strip() or origin in _OWN_SOURCES:
            raise InputError(f"{origin!r} cannot be the origin of notices: name who keeps the list, such as a website")
        with self.writing() as connection:
            return replace_notices(connection, origin, notices, max_shrink)

    # --- Reading ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        with self.reading() as connection:
            return int(connection.execute("SELECT articles FROM tally").fetchone()[0])

    def get(self, pmid: int) -> CatalogEntry:
        """Raises ArticleNotFoundError."""
        with self.reading() as connection:
            row = connection.execute("SELECT record, content_hash FROM articles WHERE pmid = ?", (pmid,)).fetchone()
            if row is None:
                raise ArticleNotFoundError(f"the catalog {self.path} holds no article with PMID {pmid}")
            links = connection.execute("SELECT pmid, ref_type, date FROM links WHERE target = ?", (pmid,)).fetchall()
            article = self._article(pmid, row[0])
            notices = notices_naming(connection, article)
        return _entry(article, row[1], links, notices)

    def judge(self, article: Article) -> Integrity:
        """What the catalog's links and notices, and its own record, say of an article that need not be in it."""
        with self.reading() as connection:
            query = "SELECT pmid, ref_type, date FROM links WHERE target = ?"
            links = connection.execute(query, (article.pmid,)).fetchall()
            return _entry(article, b"", links, notices_naming(connection, article)).integrity

    def articles(self) -> Iterator[CatalogEntry]:
        """Every article by rising PMID, in flat memory, as the catalog was when the first one was asked for.

        Reads on a connection of its own, which stays open until the iterator ends or is closed.
        """
        self._connected()
        with translated(self.path), closing(self._connect(read_only=True)) as connection:
            # One transaction, so that all cursors see the same state.
            connection.execute("BEGIN")
            notices = NoticeBook.of(read_notices(connection))
            links = connection.execute("SELECT target, pmid, ref_type, date FROM links ORDER BY target")
            link = links.fetchone()
            for pmid, record, digest in connection.execute(
                "SELECT pmid, record, content_hash FROM articles ORDER BY pmid"
            ):
                incoming = []
                while link and link[0] <= pmid:
                    if link[0] == pmid:
                        incoming.append(link[1:])
                    link = links.fetchone()
                yield _entry(self._article(pmid, record), digest, incoming, notices)

    def notices(self) -> tuple[tuple[str, Notice], ...]:
        """Every imported notice with its origin, in the order of import."""
        with self.reading() as connection:
            return tuple(read_notices(connection))

    def count_articles_named(self, origin: str) -> int:
        """How many articles the notices of one origin are about; may read the whole catalog."""
        with self.reading() as connection:
            return count_articles_named(connection, origin)

    def is_complete(self, name: str, fingerprint: str) -> bool:
        """Whether this source was applied to its end with this very content."""
        with self.reading() as connection:
            row = connection.execute("SELECT fingerprint FROM sources WHERE name = ?", (name,)).fetchone()
        return row is not None and row[0] == fingerprint

    def changes(self) -> int:
        """How many records and notices were ever put or deleted: the same number, the same content."""
        with self.reading() as connection:
            return int(connection.execute("SELECT changes FROM tally").fetchone()[0])

    def sources(self) -> tuple[CompletedSource, ...]:
        """In the order of their completion; a source that was completed again stands where it last was."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT name, fingerprint, completed, date FROM sources ORDER BY sequence"
            ).fetchall()
        return tuple(CompletedSource(*row) for row in rows)

    def position(self) -> CompletedSource | None:
        """Where the catalog is current to: PubMed's newest bulk file, otherwise the source that was completed last."""
        sources = self.sources()
        bulk = [(name, source) for source in sources if (name := BulkName.parse(source.name))]
        return max(bulk, default=(None, next(reversed(sources), None)), key=lambda pair: pair[0])[1]

    def fingerprint(self) -> str:
        """A digest of all that the catalog says: equal for equal content, however it came to be. Reads every row."""
        digest = hashlib.blake2b(digest_size=16)
        queries = (
            "SELECT pmid, version, revised, content_hash, source, position, record FROM articles ORDER BY pmid",
            "SELECT target, pmid, ref_type, date FROM links ORDER BY target, pmid, ref_type",
            "SELECT name, fingerprint FROM sources ORDER BY sequence",
            "SELECT origin, pmid, doi, status, date, notice_pmid, notice_doi, reason FROM notices "
            "ORDER BY origin, rowid",
        )
        with self.reading() as connection:
            for query in queries:
                for row in connection.execute(query):
                    digest.update(repr(row).encode())
                digest.update(b"\0")
        return digest.hexdigest()

    # --- Underneath ---------------------------------------------------------------------------------------------

    def _connect(self, *, read_only: bool) -> sqlite3.Connection:
        return connect(self.path, read_only=read_only, busy_timeout=self._busy_timeout)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise CatalogError(f"the catalog {self.path} is not open: use Catalog.open")
        return self._connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The open connection, for tables that others keep in this file; its errors come out as CatalogError."""
        connection = self._connected()
        with translated(self.path):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The same within one transaction, all or nothing."""
        connection = self._connected()
        if self._read_only:
            raise CatalogError(f"the catalog {self.path} was opened for reading only: open it without read_only")
        with translated(self.path), transaction(connection):
            yield connection

    def _article(self, pmid: int, record: bytes) -> Article:
        try:
            return _DECODER.decode(record)
        except msgspec.DecodeError as exc:
            raise CatalogError(
                f"the record of PMID {pmid} in {self.path} is damaged ({exc}): index its source again"
            ) from exc


def _entry(
    article: Article, digest: bytes, incoming: Iterable[tuple[int, str, str]], notices: NoticeBook
) -> CatalogEntry:
    integrity = assess(article, map(IncomingLink._make, incoming), notices.findings(article))
    return CatalogEntry(article, digest, integrity)
