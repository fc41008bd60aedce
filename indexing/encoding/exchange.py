"""The folder through which texts go to workers and vectors come back: shared by all machines, or an object store."""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np

from indexing.encoding.partition import EncodedPartition, HalfVectors, Partition, checksum_of
from retrieval.encoders.base import Passage
from retrieval.errors import ConfigurationError, SourceError

_WHOLE: Final = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"})
"""Schemes whose files appear whole or not at all."""
_TEXTS, _VECTORS, _CHECKSUM, _UNFINISHED = ".texts", ".npy", ".sha256", ".part"
_OURS: Final = re.compile(r"[0-9a-f]{32}\.(texts|npy|sha256)(\.[0-9a-f]+\.part)?")


class _Texts(msgspec.Struct, frozen=True, array_like=True):
    identity: str
    hashes: list[bytes]
    passages: list[Passage]


class Exchange:
    """A folder of one home folder's own, by its fsspec URL: a path, s3://bucket/folder, and so on.

    Credentials come from each machine's environment. SourceError where the folder fails, ConfigurationError where it
    cannot be opened at all.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def __reduce__(self) -> tuple[type[Exchange], tuple[str]]:
        # Without the open filesystem, which every process opens for itself.
        return type(self), (self.url,)

    @property
    def shown(self) -> str:
        """The URL without what may be a password."""
        return re.sub(r"//[^/@]*@", "//", self.url)

    # --- Texts ------------------------------------------------------------------------------------------------------

    def put_texts(self, partition: Partition[Passage]) -> str:
        """Returns the SHA-256 of the file."""
        texts = _Texts(partition.identity, list(partition.hashes), list(partition.items))
        data = msgspec.msgpack.encode(texts)
        self._write(partition.name + _TEXTS, data)
        return hashlib.sha256(data).hexdigest()

    def texts(self, name: str, checksum: str) -> Partition[Passage]:
        """SourceError where the texts are not there or not those that were put."""
        data = self._read(name + _TEXTS)
        if data is None:
            raise SourceError(
                f"the texts of partition {name} are not in the exchange folder {self.shown} as this machine sees it: "
                "the folder must be shared by all machines that encode; name one that is (PATHLIT_RAY__EXCHANGE)"
            )
        if hashlib.sha256(data).hexdigest() != checksum:
            raise SourceError(f"the texts of partition {name} in {self.shown} are damaged: their checksum is another")
        texts = msgspec.msgpack.decode(data, type=_Texts)
        return Partition(texts.identity, texts.hashes, texts.passages)

    # --- Vectors ----------------------------------------------------------------------------------------------------

    def put_vectors(self, encoded: EncodedPartition) -> None:
        """The checksum last: vectors without one are unfinished."""
        buffer = io.BytesIO()
        np.save(buffer, encoded.vectors, allow_pickle=False)
        self._write(encoded.name + _VECTORS, buffer.getvalue())
        self._write(encoded.name + _CHECKSUM, encoded.checksum.encode())

    def finished(self, partition: Partition[Passage]) -> EncodedPartition | None:
        """The vectors that a run before left behind; None where there are none, or damaged ones."""
        checksum = self._read(partition.name + _CHECKSUM)
        vectors = self._vectors(partition.name) if checksum else None
        if checksum is None or vectors is None or len(vectors) != len(partition.hashes):
            return None
        expected = checksum.decode(errors="replace")
        if checksum_of(partition.name, vectors) != expected:
            return None
        return EncodedPartition(partition.name, partition.hashes, vectors, expected)

    def vectors(self, name: str, hashes: tuple[bytes, ...], checksum: str) -> EncodedPartition:
        """What a worker has just written; SourceError where it is not what the worker had in memory."""
        vectors = self._vectors(name)
        if vectors is None or len(vectors) != len(hashes) or checksum_of(name, vectors) != checksum:
            self.remove(name)
            raise SourceError(
                f"the vectors of partition {name} came damaged through the exchange folder {self.shown}: their "
                "checksum is not the worker's; look after that disk or store, then run again, which encodes what is "
                "not kept yet"
            )
        return EncodedPartition(name, hashes, vectors, checksum)

    def _vectors(self, name: str) -> HalfVectors | None:
        data = self._read(name + _VECTORS)
        if data is None:
            return None
        try:
            vectors = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, EOFError, OSError):
            return None
        sound = isinstance(vectors, np.ndarray) and vectors.ndim == 2 and vectors.dtype == np.float16
        return vectors if sound else None

    # --- Order ------------------------------------------------------------------------------------------------------

    def remove(self, name: str) -> None:
        """All files of one partition."""
        # The checksum first, so that nothing half removed looks finished.
        for suffix in (_CHECKSUM, _VECTORS, _TEXTS):
            self._delete(f"{self._folder}/{name}{suffix}")

    def sweep(self) -> None:
        """Removes whatever runs before left behind."""
        try:
            self._files.invalidate_cache()
            for path in self._files.ls(self._folder, detail=False):
                if _OURS.fullmatch(str(path).rpartition("/")[2]):
                    self._delete(path)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise self._failed(exc) from exc

    # --- Files ------------------------------------------------------------------------------------------------------

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        # Imported here: optional, as is the package of each kind of store.
        try:
            import fsspec
        except ImportError as exc:
            raise ConfigurationError("fsspec is not installed: install `pathlit[ray]`") from exc

        try:
            files, folder = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as exc:
            raise ConfigurationError(f"the exchange folder {self.shown} cannot be opened: {exc}") from exc
        return files, str(folder).rstrip("/")

    @property
    def _files(self) -> Any:
        return self._opened[0]

    @property
    def _folder(self) -> str:
        return self._opened[1]

    def _write(self, name: str, data: bytes) -> None:
        path = f"{self._folder}/{name}"
        files = self._files
        protocol = files.protocol if isinstance(files.protocol, str) else files.protocol[0]
        try:
            files.makedirs(self._folder, exist_ok=True)
            if protocol in _WHOLE:
                files.pipe_file(path, data)
                return
            unfinished = f"{path}.{uuid.uuid4().hex}{_UNFINISHED}"
            files.pipe_file(unfinished, data)
            files.mv(unfinished, path)
        except OSError as exc:
            raise self._failed(exc) from exc

    def _read(self, name: str) -> bytes | None:
        try:
            return bytes(self._files.cat_file(f"{self._folder}/{name}"))
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise self._failed(exc) from exc

    def _delete(self, path: str) -> None:
        try:
            self._files.rm_file(path)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: OSError) -> SourceError:
        reason = exc.strerror or type(exc).__name__
        return SourceError(f"the exchange folder {self.shown} fails: {reason}; is it there, writable, and not full?")
