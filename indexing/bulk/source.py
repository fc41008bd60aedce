"""PubMed by the bulk: NLM's yearly baseline and daily update files, from a server or a local folder."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from indexing.bulk.checksums import forget, md5_of, published_md5
from indexing.bulk.download import MD5_LIMIT, DownloadProgress, download
from indexing.bulk.listing import BulkFile, BulkListing, arrange
from indexing.bulk.names import BulkName
from indexing.bulk.page import is_whole, read_page
from indexing.bulk.requests import BulkRequests, Wait, bare_address
from retrieval.errors import ConfigurationError, SourceError

NCBI_BULK: Final = "https://ftp.ncbi.nlm.nih.gov/pubmed/"
BASELINE: Final = "baseline"
UPDATES: Final = "updatefiles"

_PAGE_LIMIT: Final = 16 << 20


class BulkSource:
    """`location` is the http(s) address of a tree with baseline/ and updatefiles/, or the path of a local one.

    A local folder may also hold all files side by side. Its files are checked and used where they lie; those of a
    server are downloaded to `folder`, one at a time, and deleted after use unless `keep`. Times are seconds.
    """

    def __init__(
        self,
        location: str,
        folder: Path,
        *,
        keep: bool = False,
        timeout: float = 30.0,
        max_attempts: int = 6,
        wait: Wait = threading.Event.wait,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.location = location
        self.folder = folder
        self.keep = keep
        self._timeout, self._max_attempts = timeout, max_attempts
        self._wait, self._jitter = wait, jitter

    @property
    def name(self) -> str:
        """The location without the password that its address may hold."""
        return bare_address(self.location) if self._is_remote else self.location

    def listing(self) -> BulkListing:
        """What there is now; asks the server twice. Raises SourceError, also where numbers are missing."""
        if not self._is_remote:
            return self._local_listing(Path(self.location))
        warnings: list[str] = []
        with self._requests(threading.Event()) as requests:
            baseline = self._remote_files(requests, BASELINE, warnings)
            updates = self._remote_files(requests, UPDATES, warnings)
        listing = arrange(baseline, updates, source=self.name)
        return BulkListing(listing.year, listing.baseline, listing.updates, (*listing.warnings, *warnings))

    def fetch(self, file: BulkFile, progress: DownloadProgress | None = None) -> Path:
        """The file on this disk, complete and with the MD5 that was published for it; it stays. Raises SourceError."""
        with self._requests(threading.Event()) as requests:
            return self._fetch(requests, file, progress)

    def files(self, wanted: Iterable[BulkFile]) -> Generator[tuple[BulkFile, Path], None, None]:
        """Each file when it is asked for, with the next one on its way meanwhile.

        A downloaded file is deleted, unless `keep`, once the next one is asked for: the one in use when the iterator
        is closed stays, as does what has arrived of the next.
        """
        # Closing a generator runs its `finally` at once, so nothing goes on in the background after that.
        stop = threading.Event()
        with self._requests(stop) as requests, ThreadPoolExecutor(1, "pathlit-bulk") as pool:
            queue = iter(wanted)

            def begin() -> tuple[BulkFile, Future[Path]] | None:
                file = next(queue, None)
                return (file, pool.submit(self._fetch, requests, file, None)) if file else None

            try:
                coming = begin()
                while coming:
                    file, arrival = coming
                    path = arrival.result()
                    coming = begin()
                    yield file, path
                    if self._is_remote and not self.keep:
                        forget(path)
            finally:
                stop.set()

    # --- Underneath ---------------------------------------------------------------------------------------------

    @property
    def _is_remote(self) -> bool:
        scheme, mark, _ = self.location.partition("://")
        if mark and scheme.lower() not in ("http", "https"):
            raise ConfigurationError(f"PubMed's bulk files cannot be read by {scheme}: use https, as in {NCBI_BULK}")
        if not mark and self.location.lower().startswith(("http:", "https:")):
            raise ConfigurationError(f"the address of PubMed's bulk files lacks its two slashes: write {NCBI_BULK}")
        return bool(mark)

    @contextmanager
    def _requests(self, stop: threading.Event) -> Iterator[BulkRequests]:
        try:
            host = urlsplit(self.location).netloc.rpartition("@")[2]
        except ValueError as exc:
            raise ConfigurationError(
                f"the address of PubMed's bulk files is none ({exc}): write it as {NCBI_BULK}"
            ) from exc
        with BulkRequests(
            host,
            timeout=self._timeout,
            max_attempts=self._max_attempts,
            stop=stop,
            wait=self._wait,
            jitter=self._jitter,
        ) as requests:
            yield requests

    def _fetch(self, requests: BulkRequests, file: BulkFile, progress: DownloadProgress | None) -> Path:
        return download(requests, file, self.folder, progress) if self._is_remote else _checked(file)

    def _remote_files(self, requests: BulkRequests, part: str, warnings: list[str]) -> list[BulkFile]:
        base = f"{self.location.rstrip('/')}/{part}/"
        entries = read_page(requests.text(base, limit=_PAGE_LIMIT, complete=is_whole))
        sums = {entry.name for entry in entries if entry.name.endswith(".md5")}
        files = []
        for entry in entries:
            if name := BulkName.parse(entry.name):
                md5 = f"{base}{entry.name}.md5" if sums else ""
                location = f"{base}{entry.name}"
                files.append(BulkFile(entry.name, name.year, name.number, location, entry.date, entry.size, False, md5))
        files.sort(key=lambda file: (file.year, file.number))
        while sums and files and f"{files[-1].name}.md5" not in sums:
            warnings.append(f"{files.pop().name} has no .md5 yet: it is left for the next time")
        if files and not sums:
            warnings.append(f"{bare_address(base)} has no .md5 files: downloads are checked by gzip's own sum")
        return files

    def _local_listing(self, root: Path) -> BulkListing:
        try:
            if (root / BASELINE).is_dir():
                updates = root / UPDATES
                later = _local_files(updates) if updates.is_dir() else []
                return arrange(_local_files(root / BASELINE), later, source=self.name)
            return arrange(_local_files(root), None, source=self.name)
        except OSError as exc:
            raise SourceError(f"the mirror {root} cannot be read: {exc.strerror}; check the path") from exc


def _local_files(folder: Path) -> list[BulkFile]:
    files = []
    for path in folder.iterdir():
        if name := BulkName.parse(path.name):
            stat, md5 = path.stat(), path.with_name(f"{path.name}.md5")
            date = datetime.fromtimestamp(stat.st_mtime, UTC).date().isoformat()
            known = str(md5) if md5.exists() else ""
            files.append(BulkFile(path.name, name.year, name.number, str(path), date, stat.st_size, True, known))
    return files


def _checked(file: BulkFile) -> Path:
    path = Path(file.location)
    try:
        if not file.md5:
            return path
        with Path(file.md5).open(encoding="utf-8", errors="replace") as sums:
            expected = published_md5(sums.read(MD5_LIMIT))
        found = md5_of(path)
    except OSError as exc:
        raise SourceError(f"{exc.filename} cannot be read: {exc.strerror}; complete the mirror") from exc
    if found != expected:
        raise SourceError(f"{path} has the MD5 {found}, but {file.md5} says {expected or 'none'}: fetch both again")
    return path
