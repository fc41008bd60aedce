"""Files into the catalog: PubMed XML, JSON lines, or another catalog, told apart by their first bytes."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn

from indexing.bulk.names import BulkName
from indexing.catalog import Catalog, Tally
from indexing.jsonl import read_jsonl
from indexing.pubmed.reader import read_pubmed_xml
from retrieval.checksums import sha256_of
from retrieval.errors import InputError, RecordError
from retrieval.records import Article, Deletion, Record

_SUFFIXES: Final = (".xml", ".xml.gz", ".jsonl", ".jsonl.gz")
_SQLITE: Final = b"SQLite format 3\0"
_GZIP: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Rejected = Callable[[RecordError], None]
FileProgress = Callable[[Path, int], None]
"""Hears (file, records read of it so far)."""


class IngestReport(Record, frozen=True):
    """What ingesting did; every record that was read is in `tally` or among the rejected."""

    files: int
    skipped: tuple[str, ...]
    """Files that were applied before and have not changed since, as they were given."""
    tally: Tally
    rejected: tuple[str, ...]


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files to read: those named, and in folders every .xml and .jsonl (or .gz), in numeric order.

    InputError for a folder below them that cannot be read: what it holds would be missing unnoticed.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = list(_files_below(path))
            if not inside:
                raise InputError(f"the folder {path} holds no file that ends in {', '.join(_SUFFIXES)}")
            found += sorted(inside, key=_numeric)
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"there is no file or folder {path}")
    return list(dict.fromkeys(found))


def ingest(
    files: Iterable[Path],
    catalog: Catalog,
    *,
    progress: FileProgress | None = None,
    on_reject: Callable[[str], None] = lambda message: None,
) -> IngestReport:
    """Apply each file in order; one that was applied before and is unchanged is skipped.

    Bulk files behind one that is new are applied again, since an older file applied last would undo newer ones.
    A malformed file raises MalformedFileError: what came before it is kept, and it is read again next time.
    `on_reject` hears each rejection at once, also those before an error.
    """
    rejected: list[str] = []
    skipped: list[str] = []
    tally = Tally()
    count = 0

    def reject(error: RecordError) -> None:
        rejected.append(_encodable(str(error)))
        on_reject(rejected[-1])

    files = list(files)
    changed: set[int] = set()
    for path in files:
        count += 1
        name, fingerprint = _source_name(path), _fingerprint(path)
        bulk = BulkName.parse(name)
        if bulk and not catalog.is_complete(name, fingerprint):
            _require_order(bulk, files, catalog)
            changed.add(bulk.year)
        if _is_known(catalog, path, name, fingerprint) and not (bulk and bulk.year in changed):
            skipped.append(_encodable(str(path)))
            continue

        def hear(done: int, path: Path = path) -> None:
            if progress:
                progress(path, done)

        # Taken before reading: a file that is replaced meanwhile must not pass for a newer one.
        day = _day(path) if bulk else ""
        tally += catalog.apply(read_file(path, reject), source=name, progress=hear)
        catalog.mark_complete(name, fingerprint, date=day)
    return IngestReport(files=count, skipped=tuple(skipped), tally=tally, rejected=tuple(rejected))


def read_file(path: Path, on_reject: Rejected) -> Iterator[Article | Deletion]:
    """The records of one file, whatever kind it is; InputError for a kind that pathlit does not read."""
    start = _first_bytes(path)
    if start.startswith(_SQLITE):
        return _from_catalog(path)
    if start.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"{"):
        return read_jsonl(path, on_reject=on_reject)
    if start.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"<") or not start:
        return read_pubmed_xml(path, on_reject=on_reject)
    raise InputError(f"{path} is neither PubMed XML nor JSON lines nor a catalog: it begins with {start[:20]!r}")


def _from_catalog(path: Path) -> Iterator[Article | Deletion]:
    with Catalog.open(path, read_only=True) as other:
        for entry in other.articles():
            yield entry.article


def _require_order(bulk: BulkName, files: Sequence[Path], catalog: Catalog) -> None:
    """InputError where files that come after this one were applied, and are not to be applied again now."""
    here = {BulkName.parse(path.name) for path in files}
    later = sorted(
        source.name
        for source in catalog.sources()
        if (known := BulkName.parse(source.name)) and known.year == bulk.year and known > bulk and known not in here
    )
    if later:
        raise InputError(
            f"file {bulk.number} of PubMed's year 20{bulk.year} comes before files that were read already ({later[0]} "
            f"and on, {len(later):,} in all) and would undo them: name those as well, or use `pathlit refresh --bulk`"
        )


def _source_name(path: Path) -> str:
    """What the catalog calls a file: a bulk file by its bare name, wherever it lies, any other by its whole path."""
    return _encodable(path.name if BulkName.parse(path.name) else str(path.resolve()))


def _is_known(catalog: Catalog, path: Path, name: str, fingerprint: str) -> bool:
    if catalog.is_complete(name, fingerprint):
        return True
    # Earlier versions knew every file by its bare name.
    bare = _encodable(path.name)
    if bare != name and catalog.is_complete(bare, fingerprint):
        catalog.rename_source(bare, name)
        return True
    return False


def _files_below(folder: Path) -> Iterator[Path]:
    try:
        for parent, _, names in os.walk(folder, onerror=_refuse):
            for name in names:
                if name.endswith(_SUFFIXES) and (path := Path(parent, name)).is_file():
                    yield path
    except OSError as exc:
        _refuse(exc)


def _refuse(error: OSError) -> NoReturn:
    raise InputError(
        f"{error.filename} cannot be read: {error.strerror}; allow reading it, or name the files to read"
    ) from error


def _fingerprint(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc


def _day(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()


def _encodable(name: str) -> str:
    """File names are bytes: those that are not UTF-8 are written as escapes, since SQLite and JSON hold only text."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _first_bytes(path: Path, count: int = 512) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(len(_GZIP))
            file.seek(0)
            if start == _GZIP:
                with gzip.open(file) as unpacked:
                    return unpacked.read(count)
            return file.read(count)
    except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise InputError(f"{path} is a damaged .gz file: {exc}; fetch it again") from exc
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc


def _numeric(path: Path) -> list[tuple[int, str]]:
    """Sorts pubmed26n2 before pubmed26n10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", str(path))]
