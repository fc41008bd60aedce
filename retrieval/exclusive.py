"""One at a time: a lock on a file, which the system lets go of when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from retrieval.errors import BusyError, ConfigurationError


def is_held(path: Path) -> bool:
    """Whether a process holds the lock just now."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def exclusive(path: Path, work: str) -> Iterator[None]:
    """Hold the lock while `work` is done; BusyError, naming who holds it, where another process does."""
    try:
        file = path.open("a+")
    except OSError as exc:
        raise ConfigurationError(f"the lock {path} cannot be opened: {exc.strerror}; is its folder writable?") from exc
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            file.seek(0)
            holder = " ".join(file.read(200).split()) or "another process"
            raise BusyError(f"{holder} is at work in {path.parent}; wait for it to end, then run again") from exc
        file.truncate(0)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(f"{work} (process {os.getpid()}, since {started})\n")
        file.flush()
        yield
