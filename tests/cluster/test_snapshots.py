"""A generation goes to the cluster's snapshot repository and comes back whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import GenerationError
from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
from retrieval.index.elasticsearch.snapshots import Snapshots
from retrieval.index.interface import NO_CONDITION
from tests.cluster.searching import articles
from tests.contracts.library import Library
from tests.servers.elasticsearch import Cluster

pytestmark = [pytest.mark.elasticsearch, pytest.mark.server, pytest.mark.timeout(900)]


@pytest.fixture
def snapshots(library: Library, cluster: Cluster) -> Snapshots:
    """In a repository that gives a hundred kilobytes a second at most, so that a restore takes its time."""
    generations = library.generations
    assert isinstance(generations, ElasticsearchGenerations)
    settings = {"location": str(folder_of(library, cluster)), "max_restore_bytes_per_sec": "100kb"}
    generations.client.snapshot.create_repository(
        name=generations.layout.prefix, repository={"type": "fs", "settings": settings}
    )
    return Snapshots(generations.client, generations.layout, generations.layout.prefix)


def folder_of(library: Library, cluster: Cluster) -> Path:
    assert isinstance(library.generations, ElasticsearchGenerations)
    return cluster.snapshots / library.generations.layout.prefix


def test_a_generation_that_was_deleted_comes_back_and_is_published_again(
    library: Library, snapshots: Snapshots
) -> None:
    library.publish(articles(300))
    heard: list[tuple[int, int]] = []
    taken = snapshots.take("000001", lambda done, total: heard.append((done, total)))
    assert (taken.generation, taken.state) == ("000001", "SUCCESS")
    before = library.open("000001").lexical("lung necrosis", NO_CONDITION, 20)
    library.publish(articles(310))
    assert [kept.generation for kept in snapshots.all()] == ["000001"]
    with pytest.raises(GenerationError, match=r"still has .*000001; there is nothing to restore"):
        snapshots.restore("000001")
    library.publish(articles(320), keep=1)
    library.publish(articles(330), keep=1)
    assert "000001" not in library.generations.all()
    heard.clear()
    snapshots.restore("000001", lambda done, total: heard.append((done, total)))
    assert {total for _, total in heard} == {3}, "two shards, and one of the other parts"
    assert library.generations.rollback("000001") == "000001"
    reader = library.open()
    assert reader.pmids().tolist() == reader.vector_pmids().tolist() == list(range(1, 301))
    assert reader.lexical("lung necrosis", NO_CONDITION, 20) == before


def test_a_snapshot_that_is_damaged_is_refused_and_leaves_nothing_behind(
    library: Library, snapshots: Snapshots, cluster: Cluster
) -> None:
    library.publish(articles(300))
    snapshots.take("000001")
    library.publish(articles(310), keep=1)
    library.publish(articles(320), keep=1)
    for blob in folder_of(library, cluster).glob("indices/*/0/__*"):
        blob.write_bytes(bytes(blob.stat().st_size))
    for _ in range(2):
        with pytest.raises(GenerationError, match=r"000001 cannot be restored .*the cluster says: .*verif") as refused:
            snapshots.restore("000001")
        assert len(str(refused.value)) < 1_000
    assert library.generations.all() == ["000002", "000003"]
    assert library.open().lexical("lung necrosis", NO_CONDITION, 20)


def test_what_was_never_taken_cannot_be_restored(library: Library, snapshots: Snapshots) -> None:
    library.publish(articles(20))
    with pytest.raises(GenerationError, match="holds no whole snapshot of generation '000009'; there are: none"):
        snapshots.restore("000009")
    with pytest.raises(GenerationError, match="000009"):
        snapshots.take("000009")
