"""A finished generation is merged: one segment a shard, and nothing kept twice; whatever its nodes do meanwhile."""

from __future__ import annotations

import warnings
from functools import partial

import pytest

from retrieval.index.elasticsearch import draft, merging
from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
from tests.cluster.nodes import without_delay
from tests.cluster.searching import articles
from tests.cluster.whole import COUNT, require_everything
from tests.contracts.library import Library
from tests.servers.elasticsearch import Cluster

pytestmark = [pytest.mark.elasticsearch, pytest.mark.server, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def _small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft, "merge", partial(merging.merge, worth_bytes=0))


def test_each_shard_becomes_one_segment_without_the_servers_own_copies(library: Library) -> None:
    generations = library.generations
    assert isinstance(generations, ElasticsearchGenerations)
    library.publish(articles(COUNT))
    require_everything(library)
    index = generations.layout.index("000001")
    shards = generations.client.indices.stats(index=index, level="shards")["indices"][index]["shards"]
    copies = [copy for shard in shards.values() for copy in shard]
    assert [copy["segments"]["count"] for copy in copies] == [1] * 4
    with warnings.catch_warnings(action="ignore"):  # the client warns that this request may change
        usage = generations.client.indices.disk_usage(index=index, run_expensive_tasks=True)[index]
    assert usage["fields"]["_source"]["stored_fields_in_bytes"] > 0
    assert usage["fields"]["_recovery_source"]["stored_fields_in_bytes"] == 0


def test_a_node_that_is_away_costs_the_merge_its_gain_and_nothing_else(
    library: Library, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "_LEASES_S", 5.0)

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "finish" and not done:
            cluster.kill(1)
            without_delay(cluster, 0)

    library.publish(articles(COUNT), progress=progress)
    assert not cluster.nodes[1].running
    require_everything(library)
