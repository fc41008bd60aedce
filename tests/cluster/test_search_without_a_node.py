"""One of three nodes goes away while people search: nobody notices, no answer lacks what the lost node held."""

from __future__ import annotations

import pytest

from tests.cluster.nodes import made_whole
from tests.cluster.searching import Askers, articles
from tests.contracts.library import Library
from tests.servers.elasticsearch import Cluster

pytestmark = [pytest.mark.elasticsearch, pytest.mark.server, pytest.mark.timeout(900)]


def test_no_search_fails_and_none_is_partial_while_a_node_is_killed_and_another_stops_in_order(
    library: Library, cluster: Cluster
) -> None:
    # So few that the engine looks at every vector: its copies of a shard need not have the same graph.
    library.publish(articles(600))
    cluster.wait("green", nodes=3)
    with Askers(library.searcher()) as users:
        users.go_on(30)
        cluster.kill(1)
        users.go_on(80)
        made_whole(cluster)
        users.go_on(20)
        cluster.stop_node(0)
        users.go_on(80)
        made_whole(cluster)
        users.go_on(20)
    print(f"\n{users.answered} searches, the longest took {users.longest_s:.1f} s")
    assert users.faults == []


def test_a_reader_can_be_opened_and_searches_go_on_whichever_node_is_away(library: Library, cluster: Cluster) -> None:
    library.publish(articles(300))
    cluster.wait("green", nodes=3)
    expected = library.searcher()
    for node in range(3):
        cluster.kill(node)
        with Askers(expected, threads=2) as users:
            users.go_on(10)
        assert users.faults == []
        assert library.open().pmids().tolist() == list(range(1, 301))
        made_whole(cluster)
