"""Generations change under a running server: no query fails, none waits for the change, none sees two generations."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from retrieval.encoders.base import Vectors
from retrieval.errors import ConfigurationError, NotPublishedError
from retrieval.index.interface import Scored
from retrieval.live import LiveSearcher
from retrieval.query import Constraint
from retrieval.records import Deletion, Filters, Query
from retrieval.search import Searcher
from retrieval.vocabulary.file import SynonymGroup
from tests.fakes import Corpus, HashingEncoder, article

GENERATIONS = 20
SEARCHERS = 3


class Openings:
    """Opens the generations of a corpus; remembers which, and fails where it is told to."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.opened: list[str] = []
        self.failure: Exception | None = None
        self.now = 0.0
        self.live = LiveSearcher(corpus.store, self.open, clock=lambda: self.now)

    def open(self, generation: str) -> Searcher:
        self.opened.append(generation)
        if self.failure is not None:
            raise self.failure
        return self.corpus.open_searcher(generation)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(tmp_path, HashingEncoder())


def test_before_the_first_publish_the_error_says_what_to_do(corpus: Corpus) -> None:
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    for ask in (live.searcher, live.refresh):
        with pytest.raises(NotPublishedError, match="pathlit index"):
            ask()
    corpus.publish([article(1, "One.")])
    assert live.searcher().generation == "000001"


def test_a_query_opens_the_first_generation_and_never_a_later_one(corpus: Corpus) -> None:
    openings = Openings(corpus)
    corpus.publish([article(1, "Old.")])
    assert openings.live.searcher().generation == "000001"
    corpus.publish([article(2, "New.")])
    assert openings.live.searcher().generation == "000001"
    assert openings.opened == ["000001"]


def test_a_refresh_brings_the_new_generation_and_a_running_query_keeps_the_old_one(corpus: Corpus) -> None:
    corpus.publish([article(1, "Old.")])
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    old = live.searcher()
    corpus.publish([article(2, "New.")])
    live.refresh()
    assert live.searcher().generation == "000002"
    assert [h.article.pmid for h in old.search(Query(text="new", legs=("lexical",))).hits] == []


def test_a_generation_is_ready_once_it_was_searched_not_once_it_was_opened(corpus: Corpus) -> None:
    openings = Openings(corpus)
    corpus.publish([article(1, "One.")])
    openings.live.searcher()
    ready = [openings.live.ready]
    for _ in range(2):
        openings.live.refresh()
        ready.append(openings.live.ready)
    assert ready == [None, "000001", "000001"]
    assert openings.opened == ["000001"]


def test_the_old_generation_serves_until_the_new_one_was_searched_on_both_legs(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.publish([article(1, "Old.")])
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    live.refresh()
    corpus.publish([article(2, "New.")])
    reader = type(corpus.open_reader())
    lexical, dense = reader.lexical, reader.dense
    seen: list[tuple[str, Filters, str | None]] = []

    def spied_lexical(
        self: object, text: str, constraint: Constraint, limit: int, names: Sequence[SynonymGroup]
    ) -> list[Scored]:
        seen.append(("lexical", constraint.filters, live.ready))
        return lexical(self, text, constraint, limit, names)  # type: ignore[arg-type]

    def spied_dense(self: object, vector: Vectors, constraint: Constraint, limit: int) -> list[Scored]:
        seen.append(("dense", constraint.filters, live.ready))
        return dense(self, vector, constraint, limit)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "lexical", spied_lexical)
    monkeypatch.setattr(reader, "dense", spied_dense)
    live.refresh()
    assert sorted(seen, key=lambda s: s[0]) == [("dense", Filters(), "000001"), ("lexical", Filters(), "000001")]
    assert live.ready == "000002"


def test_a_generation_that_cannot_be_opened_leaves_the_old_one_serving_and_is_logged_once(
    corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    openings = Openings(corpus)
    corpus.publish([article(1, "Old.")])
    openings.live.refresh()
    corpus.publish([article(2, "New.")])
    openings.failure = ConfigurationError("the encoder cannot be loaded")
    for openings.now in (0.0, 10.0, 20.0):
        openings.live.refresh()
    assert openings.live.searcher().generation == openings.live.ready == "000001"
    openings.failure = ConfigurationError("no memory")
    openings.now = 100.0
    openings.live.refresh()
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "generation 000002 cannot be used: the encoder cannot be loaded; 000001 goes on serving",
        "generation 000002 cannot be used: no memory; 000001 goes on serving",
    ]


def test_a_failed_generation_is_tried_again_after_pauses_that_double_up_to_a_minute(corpus: Corpus) -> None:
    openings = Openings(corpus)
    corpus.publish([article(1, "Old.")])
    openings.live.refresh()
    corpus.publish([article(2, "New.")])
    openings.failure = RuntimeError("broken")
    tried: list[int] = []
    for second in range(300):
        before = len(openings.opened)
        openings.now = float(second)
        openings.live.refresh()
        tried += [second] * (len(openings.opened) - before)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    openings.failure = None
    openings.now = 303.0
    openings.live.refresh()
    assert openings.live.ready == "000002"


def test_another_generation_is_tried_at_once_after_a_failed_one(corpus: Corpus) -> None:
    openings = Openings(corpus)
    corpus.publish([article(1, "Old.")])
    openings.live.refresh()
    corpus.publish([article(2, "New.")])
    openings.failure = RuntimeError("broken")
    openings.live.refresh()
    openings.failure = None
    openings.live.refresh()
    assert openings.live.ready == "000001"
    corpus.publish([article(3, "Newer.")])
    openings.live.refresh()
    assert openings.live.ready == "000003"


def test_a_generation_whose_search_fails_never_comes_into_service(corpus: Corpus) -> None:
    openings = Openings(corpus)
    corpus.publish([article(1, "Old.")])
    openings.live.refresh()
    corpus.publish([article(2, "New.")])
    corpus.encoder = Broken()
    openings.live.refresh()
    assert openings.live.searcher().generation == "000001"
    assert openings.opened == ["000001", "000002"]


def test_a_lost_pointer_leaves_the_generation_in_service(corpus: Corpus, caplog: pytest.LogCaptureFixture) -> None:
    corpus.publish([article(1, "Old.")])
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    live.refresh()
    (corpus.store.root / "CURRENT").unlink()
    live.refresh()
    live.refresh()
    assert live.searcher().generation == "000001"
    (told,) = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert told.startswith("the published generation is not known: no generation is published in ")
    corpus.store.rollback("000001")
    live.refresh()
    assert live.ready == "000001"


def test_without_anything_in_service_a_failure_is_raised_and_then_waited_out(corpus: Corpus) -> None:
    openings = Openings(corpus)
    corpus.publish([article(1, "One.")])
    openings.failure = ConfigurationError("no encoder")
    with pytest.raises(ConfigurationError, match="no encoder"):
        openings.live.refresh()
    openings.live.refresh()
    assert openings.opened == ["000001"]
    openings.now, openings.failure = 1.0, None
    openings.live.refresh()
    assert openings.live.ready == "000001"


def test_a_query_is_answered_at_once_while_a_new_generation_is_opened(corpus: Corpus) -> None:
    corpus.publish([article(1, "Old.")])
    opening, go_on = threading.Event(), threading.Event()

    def open_slowly(generation: str) -> Searcher:
        if generation == "000002":
            opening.set()
            assert go_on.wait(30)
        return corpus.open_searcher(generation)

    live = LiveSearcher(corpus.store, open_slowly)
    live.refresh()
    corpus.publish([article(2, "New.")])
    refreshing = threading.Thread(target=live.refresh)
    refreshing.start()
    try:
        assert opening.wait(30)
        # It would hang here, not fail, were it to wait for the opening.
        assert live.searcher().generation == "000001"
    finally:
        go_on.set()
        refreshing.join(30)
    assert live.searcher().generation == "000002"


def test_searches_go_on_unharmed_while_twenty_generations_are_published_and_rolled_back(corpus: Corpus) -> None:
    """Generation N holds article 1000 + N alone, so a result that mixed two generations would show it."""
    corpus.publish([article(1001, "Carcinoma in generation 1.")])
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    live.refresh()
    done = threading.Event()
    answered: list[str] = []
    faults: list[str] = []

    def keep_searching() -> None:
        while not done.is_set():
            try:
                result = live.searcher().search(Query(text="carcinoma"))
            except Exception as exc:  # noqa: BLE001 - whatever goes wrong in a query is what this test looks for
                faults.append(repr(exc))
                return
            found = [hit.article.pmid for hit in result.hits]
            if found != [1000 + int(result.generation)]:
                faults.append(f"generation {result.generation} answered {found}")
            answered.append(result.generation)

    def wait_for_an_answer_of(generation: str) -> None:
        while generation not in answered and not faults:
            done.wait(0.001)

    threads = [threading.Thread(target=keep_searching, daemon=True) for _ in range(SEARCHERS)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, GENERATIONS + 1):
            corpus.publish([Deletion(pmid=999 + number), article(1000 + number, f"Carcinoma in generation {number}.")])
            live.refresh()
            wait_for_an_answer_of(f"{number:06d}")
            if number % 4 == 0:
                corpus.store.rollback()
                live.refresh()
                assert live.ready == f"{number - 1:06d}"
                corpus.store.rollback(f"{number:06d}")
                live.refresh()
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert faults == []
    assert set(answered) >= {f"{number:06d}" for number in range(2, GENERATIONS + 1)}
    assert live.searcher().generation == f"{GENERATIONS:06d}"


class Broken(HashingEncoder):
    def encode_queries(self, texts: object) -> Vectors:
        raise RuntimeError("no memory")
