"""Image files on disk, laid out as in the PMC Cloud: PMC1.1/fig1.jpg."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from retrieval.errors import CatalogError


class ImageFolder:
    """A file stands under its name only once it is complete and on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def has(self, key: str, md5: str = "") -> bool:
        """Whether the file is there, with this checksum where one is known."""
        try:
            return self.path.joinpath(key).is_file() and (
                not md5 or hashlib.md5(self.path.joinpath(key).read_bytes(), usedforsecurity=False).hexdigest() == md5
            )
        except OSError:
            return False

    def keep(self, key: str, data: bytes) -> None:
        """CatalogError where it cannot be written."""
        path = self.path / key
        unfinished = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as exc:
            raise CatalogError(
                f"the image {path} cannot be written: {exc.strerror}; free some space or choose another --home"
            ) from exc

    def drop(self, version: str, *, keep: Collection[str] = ()) -> None:
        """Remove the files of an article version, but those with the keys `keep`."""
        folder = self.path / version
        if not folder.is_dir():
            return
        try:
            for file in folder.iterdir():
                if f"{version}/{file.name}" not in keep:
                    file.unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
        except OSError as exc:
            raise CatalogError(f"images in {folder} cannot be removed: {exc.strerror}; remove them by hand") from exc
