"""One bulk file onto the disk: resumed where it stopped, checked against its MD5, and only then given its name."""

from __future__ import annotations

import errno
import gzip
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from indexing.bulk.checksums import is_noted, md5_of, note, published_md5
from indexing.bulk.listing import BulkFile
from indexing.bulk.requests import BulkRequests, PassingError, bare_address
from retrieval.errors import SourceError

DownloadProgress = Callable[[int, int | None], None]
"""Hears (bytes here so far, bytes in all where the server says)."""

MD5_LIMIT = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT)
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_STEP = 1 << 20
"""So many bytes more count as progress that earns new attempts."""


def download(requests: BulkRequests, file: BulkFile, folder: Path, progress: DownloadProgress | None = None) -> Path:
    """The verified file folder/name; one that is there already is not fetched again. Raises SourceError.

    Unfinished files stay as name.part for the next time, with what tells their version in name.part.tag.
    """
    target, part = folder / file.name, folder / f"{file.name}.part"
    with _on_disk(part):
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists() and is_noted(target, file.date):
            return target
        expected = _expected(requests, file)
        if expected and target.exists() and md5_of(target) == expected:
            note(target, expected, file.date)
            return target
        found = _arrived(requests, file, part, progress)
        if not expected:
            _require_whole(part, file)
        if expected and found != expected:
            # The file may have been replaced while it came: both are read once more, from the beginning.
            _discard(part)
            expected = _expected(requests, file)
            found = _arrived(requests, file, part, progress)
            if found != expected:
                _discard(part)
                raise SourceError(
                    f"{file.name} arrived twice with the MD5 {found}, but {bare_address(file.md5)} says {expected}: "
                    "try again later, or fetch it from another mirror"
                )
        part.replace(target)
        _tag(part).unlink(missing_ok=True)
        _sync(folder)
        note(target, found, file.date)
    return target


def _expected(requests: BulkRequests, file: BulkFile) -> str:
    if not file.md5:
        return ""
    return published_md5(requests.text(file.md5, limit=MD5_LIMIT, complete=lambda text: bool(published_md5(text))))


def _arrived(requests: BulkRequests, file: BulkFile, part: Path, progress: DownloadProgress | None) -> str:
    """Fetches the whole file into `part` and gives its MD5."""
    requests.persist(lambda: _attempt(requests, file, part, progress), progress=lambda: _size(part) // _STEP)
    return md5_of(part)


def _require_whole(part: Path, file: BulkFile) -> None:
    """Without a published sum there is the one that gzip itself keeps at its end."""
    if not file.name.endswith(".gz"):
        return
    try:
        with gzip.open(part) as unpacked:
            while unpacked.read(_STEP):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
        _discard(part)
        raise SourceError(
            f"{file.name} arrived damaged ({exc or 'it is empty'}): run again to fetch it once more, or use a mirror "
            "that has .md5 files"
        ) from exc


def _attempt(requests: BulkRequests, file: BulkFile, part: Path, progress: DownloadProgress | None) -> None:
    here, tag = _size(part), _tag(part)
    headers: dict[str, str] = {}
    if here and tag.exists() and (version := tag.read_text(encoding="utf-8")):
        headers = {"Range": f"bytes={here}-", "If-Range": version}
    with requests.get(file.location, headers) as answer:
        first, total = _range(answer)
        if answer.status_code == 416:
            if here and total == here:
                return
            _discard(part)
            raise PassingError(f"{requests.host} has no byte {here:,} of {file.name}: it is fetched from the beginning")
        if answer.status_code == 206 and first != here:
            _discard(part)
            raise PassingError(f"{requests.host} resumed {file.name} at byte {first}, not {here:,}")
        if answer.status_code == 200:
            here = 0
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
        with part.open("r+b" if here else "wb") as out:
            out.seek(here)
            if not here:
                # Only once the old bytes are gone: they belong to another version.
                tag.write_text(_version(answer), encoding="utf-8")
            for piece in requests.pieces(answer):
                out.write(piece)
                here += len(piece)
                if progress:
                    progress(here, total)
            out.flush()
            os.fsync(out.fileno())


def _range(answer: httpx2.Response) -> tuple[int | None, int | None]:
    """First byte and whole length, as far as Content-Range tells."""
    match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if match is None:
        return None, None
    return int(match[1]) if match[1] else None, int(match[2]) if match[2] != "*" else None


def _version(answer: httpx2.Response) -> str:
    """What If-Range may name: a strong ETag, or the date."""
    tag: str = answer.headers.get("ETag", "")
    version = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
    return version if version.isascii() else ""


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _on_disk(part: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise SourceError(
                f"the disk is full while {part} is written: free some space and run again, it goes on from there"
            ) from exc
        raise SourceError(f"{exc.filename or part} cannot be used: {exc.strerror or exc}") from exc
