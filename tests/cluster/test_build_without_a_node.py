"""Nodes go away during a build: with one of three it ends and no article is lost; without any it fails and says so."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from retrieval.errors import UnavailableError
from retrieval.index.elasticsearch import draft
from retrieval.index.elasticsearch.ingest import ingest
from tests.cluster.nodes import made_whole, without_delay
from tests.cluster.searching import articles
from tests.cluster.whole import COUNT, require_everything
from tests.contracts.backends import Clustered
from tests.contracts.library import Library
from tests.servers.elasticsearch import Cluster

pytestmark = [pytest.mark.elasticsearch, pytest.mark.server, pytest.mark.timeout(900)]


def once_indexed(stage: str, done: int, happens: threading.Event) -> bool:
    """Whether a build has come to the middle of its articles, for the first time."""
    if stage != "index" or done < COUNT // 2 or happens.is_set():
        return False
    happens.set()
    return True


@pytest.mark.parametrize("node", [0, 2])
def test_a_node_that_is_killed_and_stays_away_costs_no_article(library: Library, cluster: Cluster, node: int) -> None:
    killed = threading.Event()

    def progress(stage: str, done: int, total: int) -> None:
        if once_indexed(stage, done, killed):
            cluster.kill(node)
            without_delay(cluster, (node + 1) % 3)

    library.publish(articles(COUNT), progress=progress)
    assert killed.is_set()
    assert not cluster.nodes[node].running
    require_everything(library)


def test_a_node_that_is_killed_and_comes_back_costs_no_article(library: Library, cluster: Cluster) -> None:
    killed = threading.Event()
    back = threading.Thread(target=made_whole, args=(cluster,))

    def progress(stage: str, done: int, total: int) -> None:
        if once_indexed(stage, done, killed):
            cluster.kill(1)
            back.start()

    library.publish(articles(COUNT), progress=progress)
    back.join(180)
    assert killed.is_set()
    require_everything(library)


def test_a_cluster_that_goes_away_fails_the_build_and_nothing_else(
    library: Library, clustered: Clustered, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = clustered.cluster
    library.publish(articles(300))
    gone = threading.Event()

    def progress(stage: str, done: int, total: int) -> None:
        if once_indexed(stage, done, gone):
            for node in range(3):
                cluster.kill(node)

    monkeypatch.setattr(draft, "ingest", partial(ingest, patience_s=3.0))
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
        library.publish(articles(COUNT), progress=progress)
    assert gone.is_set()
    made_whole(cluster)
    assert (library.generations.all(), library.generations.current()) == (["000001"], "000001")
    assert library.open().pmids().tolist() == list(range(1, 301))
    monkeypatch.undo()
    library.publish()
    assert clustered.stray(library.generations) == []
    require_everything(library)
