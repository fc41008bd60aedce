"""Those who search without a pause while something happens to the cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from retrieval.records import FACETS, Article, Query, SearchResult
from retrieval.search import Searcher
from tests.contracts.documents import paper
from tests.users import Users

ORGANS = ("lung", "colon", "skin", "breast", "kidney")
FINDINGS = ("adenocarcinoma", "melanoma", "fibrosis", "necrosis", "metastases", "inflammation", "atypia")
QUERIES = (
    Query(text="lung adenocarcinoma with necrosis", limit=20, facets=FACETS),
    Query(text='"skin melanoma" -fibrosis', limit=20),
    Query(text="kidney inflammation year:2010..", limit=50, facets=("year",)),
    Query(text="atypia organ:colon", limit=20, fusion="rrf"),
    Query(text="metastases", limit=100, legs=("lexical",), facets=("organ",)),
)


def articles(count: int, *, first: int = 1, said: str = "") -> list[Article]:
    """Invented, each with words that few others have."""
    return [
        paper(
            pmid,
            f"{ORGANS[pmid % 5].capitalize()} {FINDINGS[pmid % 7]} of case {pmid}. {said}".strip(),
            f"We saw {FINDINGS[pmid * 3 % 7]} in the {ORGANS[pmid * 2 % 5]} of patient {pmid % 97}. " * 3,
            year=1990 + pmid % 30,
            languages=["eng"],
        )
        for pmid in range(first, first + count)
    ]


def essence(result: SearchResult) -> SearchResult:
    """All of an answer but how long it took."""
    return replace(result, timings_ms={})


class Askers(Users):
    """Threads that put the same questions again and again, and compare the answers with those of calmer times."""

    def __init__(self, searcher: Searcher, queries: Sequence[Query] = QUERIES, threads: int = 4) -> None:
        self._searcher = searcher
        self._expected = [(query, essence(searcher.search(query))) for query in queries]
        self._lock = threading.Lock()
        super().__init__([partial(self._search, turn) for turn in range(threads)])
        self.faults: list[str] = []
        self.answered = 0
        self.longest_s = 0.0

    def _search(self, turn: int) -> None:
        while not self.stopped.is_set():
            query, expected = self._expected[turn % len(self._expected)]
            turn += 1
            start = time.monotonic()
            try:
                fault = "" if essence(self._searcher.search(query)) == expected else f"{query.text}: another answer"
            except Exception as exc:  # noqa: BLE001 - whatever goes wrong in a query is what these tests look for
                fault = repr(exc)
            with self._lock:
                self.answered += 1
                self.longest_s = max(self.longest_s, time.monotonic() - start)
                if fault:
                    self.faults.append(fault)

    def go_on(self, answers: int, timeout_s: float = 60) -> None:
        """Returns once so many more have been answered."""
        wanted, until = self.answered + answers, time.monotonic() + timeout_s
        while self.answered < wanted and time.monotonic() < until:
            time.sleep(0.02)
        assert self.answered >= wanted, f"only {self.answered} searches in time; faults: {self.faults[:3]}"


def eventually(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.05)
