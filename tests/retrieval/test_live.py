"""Generations change under a running server: no query fails, none sees two generations."""

import threading
from pathlib import Path

import pytest

from retrieval.errors import NotPublishedError
from retrieval.live import LiveSearcher
from retrieval.records import Deletion, Query
from tests.fakes import Corpus, HashingEncoder, article

GENERATIONS = 20
SEARCHERS = 3


def test_before_the_first_publish_the_error_says_what_to_do(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    with pytest.raises(NotPublishedError, match="pathlit index"):
        live.searcher()
    corpus.publish([article(1, "One.")])
    assert live.searcher().generation == "000001"


def test_a_new_generation_is_served_and_a_running_query_keeps_the_old_one(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([article(1, "Old.")])
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    old = live.searcher()
    corpus.publish([article(2, "New.")])
    assert live.searcher().generation == "000002"
    assert [h.article.pmid for h in old.search(Query(text="new")).hits] == []


def test_a_generation_that_cannot_be_opened_leaves_the_old_one_serving(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    corpus = Corpus(tmp_path)
    corpus.publish([article(1, "Old.")])
    live = LiveSearcher(corpus.store, corpus.open_searcher)
    live.searcher()
    corpus.publish([article(2, "New.")])
    (corpus.store.folder("000002") / "manifest.json").write_text("{")
    assert live.searcher().generation == "000001"
    assert live.searcher().generation == "000001"
    assert [record.getMessage() for record in caplog.records] == [
        "generation 000002 cannot be opened; the one before goes on serving"
    ]
    corpus.publish([article(3, "Newer.")])
    assert live.searcher().generation == "000003"


def test_searches_go_on_unharmed_while_twenty_generations_are_published_and_rolled_back(tmp_path: Path) -> None:
    """Generation N holds article 1000 + N alone, so a result that mixed two generations would show it."""
    corpus = Corpus(tmp_path, HashingEncoder())
    corpus.publish([article(1001, "Carcinoma in generation 1.")])
    live = LiveSearcher(corpus.store, corpus.open_searcher)
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

    threads = [threading.Thread(target=keep_searching) for _ in range(SEARCHERS)]
    for thread in threads:
        thread.start()
    for number in range(2, GENERATIONS + 1):
        corpus.publish([Deletion(pmid=999 + number), article(1000 + number, f"Carcinoma in generation {number}.")])
        if number % 4 == 0:
            corpus.store.rollback()
            live.searcher()
            corpus.store.rollback(f"{number:06d}")
    done.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(answered) > GENERATIONS
    assert len(set(answered)) > GENERATIONS // 2
    assert live.searcher().generation == f"{GENERATIONS:06d}"
