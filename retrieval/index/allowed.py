"""Which articles a condition allows, as the dense leg needs it: from the lexical index, kept for the next time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from retrieval.index.dense import PmidSet
from retrieval.index.lexical import LexicalReader
from retrieval.query import Constraint

_ROOM: Final = 5_000_000
"""PMIDs kept over all conditions, at some 50 bytes each."""


class AllowedSets:
    """The sets of one generation, which never changes under them; safe to use from several threads."""

    def __init__(self, reader: LexicalReader, room: int = _ROOM) -> None:
        self._reader = reader
        self._room = room
        self._kept: OrderedDict[Constraint, PmidSet | None] = OrderedDict()
        self._taken = 0
        self._lock = threading.Lock()

    def get(self, constraint: Constraint) -> PmidSet | None:
        """The allowed PMIDs; None where every article is allowed."""
        with self._lock:
            if constraint in self._kept:
                self._kept.move_to_end(constraint)
                return self._kept[constraint]
        # Outside the lock: a broad condition takes seconds on millions of articles, and others need not wait for it.
        allowed = self._work_out(constraint)
        with self._lock:
            if constraint not in self._kept:
                self._kept[constraint] = allowed
                self._taken += _size(constraint, allowed)
            while self._taken > self._room:
                self._taken -= _size(*self._kept.popitem(last=False))
        return allowed

    def _work_out(self, constraint: Constraint) -> PmidSet | None:
        """As its smaller side: the articles that meet the condition, or those that do not."""
        reader = self._reader
        matching = reader.count_matching(constraint)
        if matching == reader.count:
            return None
        if matching > reader.count // 2:
            return PmidSet(reader.matching(constraint, complement=True), complement=True)
        return PmidSet(reader.matching(constraint) if matching else [])


def _size(constraint: Constraint, allowed: PmidSet | None) -> int:
    # Even an empty set takes room, so that the number of conditions is bounded as well.
    filters = constraint.filters
    return 1_000 + len(filters.pmids) + len(filters.exclude_pmids) + (allowed.size if allowed else 0)
