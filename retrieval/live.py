"""Serving while generations come and go: the published one is opened beside the old one, then swapped in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from retrieval.errors import PathlitError
from retrieval.index.generation import GenerationStore
from retrieval.search import Searcher

_log = logging.getLogger(__name__)


class LiveSearcher:
    """Hands out the searcher of the published generation.

    A query keeps the searcher that it was given, so it runs to its end on one generation; the old one is freed when its
    last query lets go of it. A generation that cannot be opened is logged once and the old one goes on serving.
    """

    def __init__(self, store: GenerationStore, open_searcher: Callable[[str], Searcher]) -> None:
        self._store = store
        self._open_searcher = open_searcher
        self._searcher: Searcher | None = None
        self._failed: str | None = None
        self._opening = threading.Lock()

    def searcher(self) -> Searcher:
        """The searcher to use for one query. GenerationError where nothing can be served at all."""
        serving = self._searcher
        if serving is None:
            with self._opening:
                if self._searcher is None:
                    self._searcher = self._open_searcher(self._store.current())
                return self._searcher
        # Whoever notices the change opens the new generation; everybody else goes on with the old one meanwhile.
        if self._wanted() not in (serving.generation, self._failed) and self._opening.acquire(blocking=False):
            try:
                self._swap()
            finally:
                self._opening.release()
        return self._searcher or serving

    def _wanted(self) -> str | None:
        try:
            return self._store.current()
        except PathlitError:
            return self._failed

    def _swap(self) -> None:
        wanted = self._wanted()
        if wanted is None or (self._searcher and wanted == self._searcher.generation):
            return
        try:
            self._searcher = self._open_searcher(wanted)
            self._failed = None
        except Exception:  # noqa: BLE001 - whatever is wrong with the new one, the old one is sound
            _log.exception("generation %s cannot be opened; the one before goes on serving", wanted)
            self._failed = wanted
