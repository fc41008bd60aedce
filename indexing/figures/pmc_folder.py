"""Articles of PMC's open-access collection: what a source of them offers, and the source that is a folder on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from indexing.figures.pmc_metadata import VERSION_NAME
from retrieval.errors import InputError, RecordError

MAX_METADATA = 4 << 20
MAX_TEXT = 32 << 20
MAX_IMAGE = 64 << 20
"""Bytes: what is larger is refused, named, before it fills memory or disk."""


class PmcSource(Protocol):
    """Files by key ("PMC1.1/fig1.jpg"). RecordError for one article's trouble, SourceError for the whole source's."""

    @property
    def name(self) -> str:
        """Where figures come from, as records say it."""

    def stamp(self, pmcid: str) -> str:
        """Stays the same for as long as asking for this article again would bring nothing new."""

    def newest(self, pmcid: str) -> str:
        """The article's newest version: "PMC1.2" for "PMC1"."""

    def metadata(self, version: str) -> bytes | None:
        """JSON; None where this source may do without."""

    def names(self, version: str) -> tuple[str, ...]:
        """The files of a version, where this source can tell without its metadata."""

    def read(self, key: str, limit: int) -> bytes:
        """A whole file of at most `limit` bytes."""

    def stop(self) -> None:
        """What is under way in other threads is no longer needed."""


class PmcFolder:
    """A folder laid out like the PMC Cloud (PMC1.1/, PMC2.1/, metadata/), or the folder of one article version.

    Without metadata an article's text says its licence.
    """

    def __init__(self, path: Path) -> None:
        self._root = path.parent if VERSION_NAME.fullmatch(path.name) else path
        self._only = path.name if VERSION_NAME.fullmatch(path.name) else ""
        self._versions: dict[str, int] | None = None

    @property
    def name(self) -> str:
        return str(self._root.absolute())

    def articles(self) -> Iterator[str]:
        """The PMCIDs in the folder, by number; InputError where there are none."""
        yield from sorted(self._found(), key=lambda pmcid: int(pmcid[3:]))

    def stamp(self, pmcid: str) -> str:
        version = self.newest(pmcid)
        files = [*(self._root / version).iterdir(), self._root / "metadata" / f"{version}.json"]
        seen = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(files) if file.exists()]
        return hashlib.blake2b(repr((version, seen)).encode(), digest_size=16).hexdigest()

    def newest(self, pmcid: str) -> str:
        version = self._found().get(pmcid)
        if version is None:
            raise RecordError(self.name, pmcid, "there is no folder of this article")
        return f"{pmcid}.{version}"

    def metadata(self, version: str) -> bytes | None:
        for key in (f"metadata/{version}.json", f"{version}/{version}.json"):
            if (self._root / key).is_file():
                return self.read(key, MAX_METADATA)
        return None

    def names(self, version: str) -> tuple[str, ...]:
        return tuple(sorted(file.name for file in (self._root / version).iterdir() if file.is_file()))

    def read(self, key: str, limit: int) -> bytes:
        path = self._root / key
        try:
            if path.stat().st_size > limit:
                raise RecordError(self.name, key, f"it is larger than {limit:,} bytes")
            return path.read_bytes()
        except FileNotFoundError as exc:
            raise RecordError(self.name, key, "there is no such file") from exc
        except OSError as exc:
            raise RecordError(self.name, key, f"it cannot be read: {exc.strerror}") from exc

    def stop(self) -> None:
        """Nothing here takes long."""

    def _found(self) -> dict[str, int]:
        """The newest version of each article."""
        if self._versions is None:
            try:
                names = [self._only] if self._only else [entry.name for entry in self._root.iterdir() if entry.is_dir()]
            except OSError as exc:
                raise InputError(f"the folder {self._root} cannot be read: {exc.strerror}") from exc
            found: dict[str, int] = {}
            for name in names:
                if VERSION_NAME.fullmatch(name):
                    pmcid, _, version = name.partition(".")
                    found[pmcid] = max(found.get(pmcid, 0), int(version))
            if not found:
                raise InputError(
                    f"the folder {self._root} holds no article folder such as PMC1234567.1: name a folder that is "
                    "laid out like the PMC Cloud"
                )
            self._versions = found
        return self._versions
