"""How many articles have a term: asked of the cluster once per term, since a generation does not change."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import islice
from typing import Final

from retrieval.index.elasticsearch.conditions import DslClauses
from retrieval.index.elasticsearch.searching import NO_HITS, Searching

_ROOM: Final = 200_000
_FORGOTTEN: Final = 10
"""One in so many terms goes when there is no more room."""


class TermCounts:
    """Of one index; safe to use from several threads."""

    def __init__(self, searching: Searching, articles: int, room: int = _ROOM) -> None:
        self.articles = articles
        self._searching = searching
        self._room = room
        self._known: dict[str, int] = {}
        self._lock = threading.Lock()

    def learn(self, terms: Iterable[str]) -> None:
        """Ask for all that are not known yet, by one message."""
        unknown = sorted({term for term in terms if term not in self._known})
        if not unknown:
            return
        clauses = DslClauses()
        answers = self._searching.all([{"query": clauses.row("text", [term]), **NO_HITS} for term in unknown])
        counts = {term: int(a["hits"]["total"]["value"]) for term, a in zip(unknown, answers, strict=True)}
        with self._lock:
            if len(self._known) + len(counts) > self._room:
                for term in list(islice(self._known, self._room // _FORGOTTEN)):
                    del self._known[term]
            self._known |= counts

    def count(self, term: str) -> int:
        found = self._known.get(term)
        if found is None:
            self.learn([term])
            found = self._known[term]
        return found
