"""Generations are built, published, rolled back and pruned while people search through the API: nobody notices."""

from __future__ import annotations

import http.client
import threading
from collections import defaultdict
from functools import partial

import pytest

from retrieval.records import Deletion
from tests.api.running import RunningServer
from tests.cluster.searching import articles, eventually
from tests.contracts.library import Library
from tests.users import Users, search_answer

pytestmark = [pytest.mark.elasticsearch, pytest.mark.server, pytest.mark.timeout(900)]

QUESTIONS = ("lung adenocarcinoma", "edition", "melanoma year:1995..", "case -fibrosis")


class Visitors(Users):
    """Ask the running server without a pause; remember of every answer its generation and its articles."""

    def __init__(self, port: int, threads: int = 4) -> None:
        self._port = port
        self._lock = threading.Lock()
        super().__init__([partial(self._ask, user) for user in range(threads)])
        self.failures: list[str] = []
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.latest: dict[int, str] = {}
        self.answered = 0

    def _ask(self, user: int) -> None:
        connection, turn = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120), user
        while not self.stopped.is_set():
            turn += 1
            body = {"query": QUESTIONS[turn % len(QUESTIONS)], "limit": 200, "facets": ["year"]}
            answer = search_answer(connection, body, self.failures)
            if answer is None:
                continue
            with self._lock:
                self.answered += 1
                self.latest[user] = generation = answer.body["meta"]["generation"]
                self.seen[generation].update(int(hit["pmid"]) for hit in answer.body["data"]["hits"])
        connection.close()

    def reach(self, generation: str) -> None:
        """Every one of them has been answered from it."""
        eventually(lambda: set(self.latest.values()) == {generation} or bool(self.failures), 120)


def edition(library: Library, number: int, truth: dict[str, set[int]]) -> str:
    """Generation N holds a hundred articles of its own beside those that all have; the ones before are deleted."""
    new = articles(60, first=10_000 * number, said="Edition.")
    gone = [Deletion(pmid=pmid) for pmid in range(10_000 * (number - 1), 10_000 * (number - 1) + 60) if number > 1]
    common = articles(60) if number == 1 else []
    generation = library.publish([*gone, *common, *new], keep=3).generation
    truth[generation] = {*range(1, 61), *(article.pmid for article in new)}
    return generation


def test_the_alias_moves_to_and_fro_under_load_without_a_failure(library: Library) -> None:
    truth: dict[str, set[int]] = {}
    edition(library, 1, truth)
    live = library.live()
    live.refresh()
    with RunningServer(live, watch_every_s=0.1) as server, Visitors(server.port) as users:
        for number in range(2, 6):
            newest = edition(library, number, truth)
            users.reach(newest)
            users.reach(library.generations.rollback())
            users.reach(library.generations.rollback(newest))
        library.generations.prune(keep=2)
        users.reach(library.generations.current())
    print(f"\n{users.answered} searches over {len(users.seen)} generations")
    assert users.failures == []
    assert set(users.seen) == set(truth)
    for generation, found in users.seen.items():
        assert found <= truth[generation], generation
        assert found & {pmid for pmid in truth[generation] if pmid > 60}, generation
