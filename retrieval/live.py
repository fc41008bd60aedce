"""Serving while generations come and go: the published one is opened and tried beside the old one, then swapped in."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from retrieval.errors import PathlitError
from retrieval.index.generations import Generations
from retrieval.records import Query
from retrieval.search import Searcher

_log = logging.getLogger(__name__)
_WARM_UP: Final = Query(text="pathology of the carcinoma")
"""Through both legs, under the condition that users' searches have: its set of articles is worked out here."""
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0


class LiveSearcher:
    """Hands out the searcher in service. Safe to use from several threads.

    A query keeps the searcher that it was given, so it runs to its end on one generation; the old one is freed when its
    last query lets go of it. A generation that cannot be opened or searched never replaces one that can.
    """

    def __init__(
        self,
        store: Generations,
        open_searcher: Callable[[str], Searcher],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._open_searcher = open_searcher
        self._clock = clock
        self._searcher: Searcher | None = None
        self._ready: str | None = None
        self._changing = threading.Lock()
        self._failed: str | None = None
        self._told: set[str] = set()
        self._pause_s = 0.0
        self._next_try = 0.0

    @property
    def ready(self) -> str | None:
        """The generation in service, once it has been searched; None before."""
        return self._ready

    def searcher(self) -> Searcher:
        """The searcher to use for one query, at once; only where there is none yet, it is opened here.

        GenerationError where nothing can be served at all.
        """
        serving = self._searcher
        if serving is None:
            with self._changing:
                if self._searcher is None:
                    self._searcher = self._open_searcher(self._store.current())
                serving = self._searcher
        return serving

    def refresh(self) -> None:
        """Bring the published generation into service: open it, search it, swap.

        A failure is raised where nothing is in service, otherwise logged once and the old generation goes on serving.
        The same generation is tried again after a pause that doubles, from 1 s to 60 s; another one is tried at once.
        """
        with self._changing:
            wanted = ""
            try:
                wanted = self._store.current()
                if wanted != self._ready and self._is_due(wanted):
                    self._take_over(wanted)
            except Exception as exc:
                self._postpone(wanted)
                if self._ready is None:
                    raise
                self._tell(wanted, exc)
            else:
                if wanted == self._ready:
                    self._failed = None
                    self._told.clear()

    def _take_over(self, wanted: str) -> None:
        serving = self._searcher
        # A query may have opened it already, without a search of every kind.
        fresh = serving if serving and serving.generation == wanted else self._open_searcher(wanted)
        fresh.search(_WARM_UP)
        self._searcher, self._ready = fresh, wanted
        _log.info("generation %s is in service", wanted)

    def _is_due(self, wanted: str) -> bool:
        return wanted != self._failed or self._clock() >= self._next_try

    def _postpone(self, wanted: str) -> None:
        again = wanted == self._failed
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S) if again else _FIRST_PAUSE_S
        self._failed, self._next_try = wanted, self._clock() + self._pause_s

    def _tell(self, wanted: str, exc: Exception) -> None:
        message = f"{wanted}: {exc}"
        if message not in self._told:
            self._told.add(message)
            what = f"generation {wanted} cannot be used" if wanted else "the published generation is not known"
            # Our own errors say what is wrong; whatever else it is, its place in the code helps.
            trace = None if isinstance(exc, PathlitError) else exc
            _log.error("%s: %s; %s goes on serving", what, exc, self._ready, exc_info=trace)
