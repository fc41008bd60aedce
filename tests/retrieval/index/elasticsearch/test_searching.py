"""Several searches in one message: each of them is answered, or the whole fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig

from retrieval.errors import GenerationError, UnavailableError
from retrieval.index.elasticsearch import searching
from retrieval.index.elasticsearch.counts import TermCounts
from retrieval.index.elasticsearch.searching import Searching, best, ranked
from retrieval.index.interface import Scored

META = ApiResponseMeta(200, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "es1", 9200))
BUSY = {"error": {"type": "es_rejected_execution_exception", "reason": "queue full"}, "status": 429}
MOVED = {
    "error": {
        "type": "search_phase_execution_exception",
        "failed_shards": [{"shard": 0, "reason": {"type": "search_context_missing_exception"}}],
    },
    "status": 404,
}
BROKEN = {"error": {"type": "query_shard_exception", "reason": "secret words"}, "status": 400}


class Client:
    """Answers each message from a list, and remembers what it was asked."""

    def __init__(self, *messages: list[dict[str, Any]]) -> None:
        self.messages = list(messages)
        self.asked: list[list[dict[str, Any]]] = []

    def msearch(self, *, index: str, searches: list[dict[str, Any]], search_type: str) -> SimpleNamespace:
        assert (index, search_type) == ("pathlit-000001", "dfs_query_then_fetch")
        assert all(header == {"allow_partial_search_results": False} for header in searches[::2])
        self.asked.append(searches[1::2])
        return SimpleNamespace(body={"responses": self.messages.pop(0)}, meta=META)


def searching_with(client: Client) -> Searching:
    return Searching(client, "pathlit-000001")  # type: ignore[arg-type]


def hits(*sorts: list[Any]) -> dict[str, Any]:
    return {"hits": {"total": {"value": len(sorts)}, "hits": [{"sort": sort} for sort in sorts]}, "status": 200}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_answers_come_in_the_order_of_the_searches() -> None:
    client = Client([hits([2.0, 7]), hits([1.0, 8], [0.5, 9])])
    first, second = searching_with(client).all([{"size": 1}, {"size": 2}])
    assert ranked(first) == [Scored(7, 2.0)]
    assert ranked(second) == [Scored(8, 1.0), Scored(9, 0.5)]


def test_what_the_cluster_is_too_busy_for_is_asked_again_and_nothing_else() -> None:
    client = Client([BUSY, hits([1.0, 1]), BUSY], [hits([1.0, 2]), BUSY], [hits([1.0, 3])])
    answers = searching_with(client).all([{"size": 1}, {"size": 2}, {"size": 3}])
    assert [ranked(answer)[0].pmid for answer in answers] == [2, 1, 3]
    assert client.asked == [[{"size": 1}, {"size": 2}, {"size": 3}], [{"size": 1}, {"size": 3}], [{"size": 3}]]


def test_a_search_whose_copy_of_a_shard_moved_away_under_it_is_asked_again() -> None:
    client = Client([MOVED, hits([1.0, 1])], [hits([1.0, 2])])
    answers = searching_with(client).all([{"size": 1}, {"size": 2}])
    assert [ranked(answer)[0].pmid for answer in answers] == [2, 1]
    assert client.asked[1:] == [[{"size": 1}]]


def test_a_cluster_that_stays_busy_is_said_to_be_overloaded() -> None:
    client = Client(*[[BUSY]] * 4)
    with pytest.raises(UnavailableError, match="http://es1:9200 is overloaded"):
        searching_with(client).one({})
    assert client.messages == []


def test_a_search_that_is_refused_fails_at_once_without_saying_what_was_asked() -> None:
    client = Client([hits(), BROKEN])
    with pytest.raises(GenerationError, match="refuses the request") as refused:
        searching_with(client).all([{}, {}])
    assert "secret" not in str(refused.value)
    assert len(client.asked) == 1


def test_no_document_is_read_to_rank() -> None:
    body = best({"match_all": {}}, 5)
    assert (body["_source"], body["stored_fields"], body["track_total_hits"]) == (False, "_none_", False)
    assert body["sort"] == [{"_score": "desc"}, {"pmid": "asc"}]


def test_all_pmids_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PAGE", 2)
    client = Client([hits([1], [3])], [hits([4], [9])], [hits([12])])
    assert searching_with(client).pmids({"match_all": {}}).tolist() == [1, 3, 4, 9, 12]
    assert searching_with(Client([hits()])).pmids({"match_all": {}}).tolist() == []


def test_a_term_is_counted_once_and_those_of_a_name_together() -> None:
    client = Client([hits([1], [2]), hits()], [hits([1])])
    counts = TermCounts(searching_with(client), articles=10)
    counts.learn(["her2", "erbb2"])
    counts.learn(["erbb2"])
    assert [counts.count(term) for term in ("her2", "erbb2", "lung")] == [0, 2, 1]
    assert [len(asked) for asked in client.asked] == [2, 1]


def test_counts_are_forgotten_where_there_are_too_many() -> None:
    client = Client(*[[hits([1])]] * 30)
    counts = TermCounts(searching_with(client), articles=10, room=20)
    for n in range(30):
        assert counts.count(f"term{n}") == 1
    assert len(counts._known) <= 20
