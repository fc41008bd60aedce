"""How often a host is asked: one token bucket for all processes of this machine, kept in a small locked file.

A token comes back one second after its answer has begun, not after it was taken: a request that was held up on its way
then never arrives together with later ones. So whatever the network does, no second at the host ever sees more
requests than there are tokens.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from retrieval.errors import ConfigurationError

WINDOW: Final = 1.0
_MOST_TOKENS: Final = 10
_TOKEN: Final = struct.Struct("<dq")
"""When the token is free again, on the machine's monotonic clock; and the process that holds it, 0 for none."""
_LONGEST_HOLD: Final = 120.0
_MARGIN: Final = 0.02
_NAP_WHILE_HELD: Final = 0.05


class Pace:
    """`per_second` tokens for a host; processes with different rates share the first tokens of one bucket.

    `folder` holds the buckets, by default one of this user in the system's folder for temporary files.
    """

    def __init__(
        self,
        host: str,
        per_second: int,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host = host
        self._per_second = per_second
        self._folder = folder
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def token(self) -> Iterator[None]:
        """Waits for a token and holds it; leave the block as soon as the answer has begun, or failed to come."""
        taken = self._take()
        try:
            yield
        finally:
            self._give_back(taken)

    def _take(self) -> int:
        while True:
            with self._bucket() as tokens:
                now = self._clock()
                # From the end, so that those with a lower rate find the first tokens free.
                for index in reversed(range(self._per_second)):
                    free_at, holder = tokens[index]
                    if holder and not _is_alive(holder):
                        # Killed with a request on its way: it may still arrive.
                        tokens[index] = (now + WINDOW + _MARGIN, 0)
                    elif free_at > now + _LONGEST_HOLD + WINDOW:
                        # The clock began anew with the machine.
                        tokens[index] = (now, 0)
                    if tokens[index][0] <= now:
                        tokens[index] = (now + _LONGEST_HOLD, os.getpid())
                        return index
                soonest = min(free_at for free_at, _ in tokens[: self._per_second])
                held = any(holder for _, holder in tokens[: self._per_second])
            # A token that is held may come back at any time.
            self._sleep(min(max(soonest - now, 0.001), _NAP_WHILE_HELD if held else WINDOW))

    def _give_back(self, index: int) -> None:
        with self._bucket() as tokens:
            tokens[index] = (self._clock() + WINDOW + _MARGIN, 0)

    @contextmanager
    def _bucket(self) -> Iterator[list[tuple[float, int]]]:
        """The tokens, under a lock that other processes wait for; what is changed in the list is kept."""
        path = self._path()
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise ConfigurationError(
                f"{path}, which keeps the pace of requests to {self._host}, cannot be opened: {exc.strerror}; "
                "set TMPDIR to a folder that you may write to"
            ) from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            raw = os.pread(handle, _TOKEN.size * _MOST_TOKENS, 0).ljust(_TOKEN.size * _MOST_TOKENS, b"\0")
            tokens = [(float(free_at), int(holder)) for free_at, holder in _TOKEN.iter_unpack(raw)]
            yield tokens
            os.pwrite(handle, b"".join(_TOKEN.pack(*token) for token in tokens), 0)
        finally:
            os.close(handle)

    def _path(self) -> Path:
        folder = self._folder or Path(tempfile.gettempdir()) / f"pathlit-{os.getuid()}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(f"the folder {folder} cannot be made: {exc.strerror}; set TMPDIR") from exc
        return folder / f"pace-{re.sub(r'[^A-Za-z0-9.]+', '-', self._host)}"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
