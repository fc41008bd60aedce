"""Generations: numbered folders, immutable once verified, of which one small pointer file names the published one.

generations/
  000041/ 000042/     manifest.json, lexical/, dense/
  .building-000043/   a build at work, or what a killed one left; the next build removes it
  CURRENT             "000042": replaced atomically; nothing else changes what users search
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError, NotPublishedError
from retrieval.exclusive import exclusive
from retrieval.index.embedded import EmbeddedDraft, EmbeddedReader
from retrieval.index.generations import outdated, rollback_target
from retrieval.index.manifest import MANIFEST_NAME, Manifest, read_manifest, require_files

_POINTER: Final = "CURRENT"
_BUILDING: Final = ".building-"
_BUILD_LOCK: Final = ".lock"
_POINTER_LOCK: Final = ".pointer.lock"
_CLEARINGS: Final = 50
_CLEARING_S: Final = 0.02
_NUMBER = re.compile(r"\d{6,}")


class GenerationStore:
    """The generations under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # --- Reading ----------------------------------------------------------------------------------------------------

    def current(self) -> str:
        """The published generation's number; NotPublishedError before the first publish."""
        try:
            name = self._pointer.read_text(encoding="ascii").strip()
        except FileNotFoundError as exc:
            if known := self.all():
                raise NotPublishedError(
                    f"no generation is published in {self.root}, though there are: {', '.join(known)}; "
                    f"publish one with `pathlit rollback {known[-1]}`"
                ) from exc
            raise NotPublishedError(
                f"nothing has been indexed in {self.root.parent} yet; run `pathlit index FILES` or `pathlit demo` first"
            ) from exc
        except (OSError, UnicodeDecodeError) as exc:
            raise GenerationError(f"{self._pointer} cannot be read: {exc}") from exc
        if not _NUMBER.fullmatch(name):
            raise GenerationError(f"{self._pointer} holds {name!r} instead of a generation's number; roll back to one")
        return name

    def all(self) -> list[str]:
        """Every finished generation, oldest first."""
        if not self.root.is_dir():
            return []
        found = (p.name for p in self.root.iterdir() if _NUMBER.fullmatch(p.name) and (p / MANIFEST_NAME).is_file())
        return sorted(found, key=int)

    def folder(self, name: str) -> Path:
        return self.root / name

    def manifest(self, name: str) -> Manifest:
        return read_manifest(self.folder(name))

    def bytes(self, name: str) -> int:
        return sum(file.bytes for file in self.manifest(name).files.values())

    def require_whole(self, name: str, *, thorough: bool = False) -> None:
        require_files(self.folder(name), self.manifest(name), checksums=thorough)

    def open(self, name: str, analyzer: Analyzer) -> EmbeddedReader:
        return EmbeddedReader.open(self.folder(name), analyzer)

    def advice(self) -> str:
        return f"delete {self.root} so that nothing is found any more"

    # --- Writing ----------------------------------------------------------------------------------------------------

    @contextmanager
    def building(self) -> Iterator[tuple[str, Path]]:
        """The number and the empty folder of a new generation; one build at a time.

        Leaves nothing behind unless `seal` was called: a build that fails takes its folder with it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with exclusive(self.root / _BUILD_LOCK, "build"):
            for leftover in self.root.glob(f"{_BUILDING}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            name = f"{max([0, *map(int, self.all()), self._pointed()]) + 1:06d}"
            folder = self.root / f"{_BUILDING}{name}"
            folder.mkdir()
            try:
                yield name, folder
            finally:
                _clear(folder)

    @contextmanager
    def drafting(self, analyzer: Analyzer) -> Iterator[EmbeddedDraft]:
        with self.building() as (name, folder), TemporaryDirectory(prefix=_BUILDING, dir=self.root) as scratch:
            yield EmbeddedDraft(name, folder, Path(scratch), analyzer, lambda: self.seal(folder, name))

    def seal(self, folder: Path, name: str) -> Path:
        """Make a verified folder a finished generation: everything on disk first, then its name."""
        for path in [*folder.rglob("*"), folder]:
            _sync(path)
        final = self.folder(name)
        folder.rename(final)
        _sync(self.root)
        return final

    def publish(self, name: str) -> None:
        """Point users at a finished generation, atomically; VerificationError where its files are not all there."""
        with self._lock(_POINTER_LOCK):
            self._point_at(name)

    def _point_at(self, name: str) -> None:
        require_files(self.folder(name), read_manifest(self.folder(name)), checksums=False)
        fresh = self._pointer.with_name(f"{_POINTER}.{os.getpid()}.new")
        fresh.write_text(f"{name}\n", encoding="ascii")
        _sync(fresh)
        fresh.replace(self._pointer)
        _sync(self.root)

    def rollback(self, to: str | None = None) -> str:
        """Publish the generation before the current one, or the one named; returns its number."""
        if not self.root.is_dir():
            self.current()  # raises: nothing has been indexed
        with self._lock(_POINTER_LOCK):
            to = rollback_target(self.all(), to, self.current)
            self._point_at(to)
        return to

    def prune(self, keep: int) -> list[str]:
        """Delete all but the newest `keep` generations, never the current one; returns the deleted numbers."""
        with self._lock(_POINTER_LOCK):
            doomed = outdated(self.all(), keep, [self.current()] if keep > 0 else [])
            # Renamed first, so that a prune killed half-way leaves no generation with half its files.
            graves = [self.folder(name).rename(self.root / f"{_BUILDING}pruned-{name}") for name in doomed]
        for grave in graves:
            shutil.rmtree(grave, ignore_errors=True)
        return doomed

    # --- Inside -----------------------------------------------------------------------------------------------------

    @property
    def _pointer(self) -> Path:
        return self.root / _POINTER

    def _pointed(self) -> int:
        try:
            return int(self.current())
        except GenerationError:
            return 0

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Held for a moment by whoever moves the pointer or deletes what it might name; others wait."""
        with (self.root / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _clear(folder: Path) -> None:
    """Threads of the lexical index may go on writing there for a moment after an error."""
    for _ in range(_CLEARINGS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_CLEARING_S)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
