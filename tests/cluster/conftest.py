"""A real cluster of three nodes, whole again after each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.nodes import made_whole
from tests.contracts.backends import Clustered, opened, shared_cluster
from tests.contracts.library import Library
from tests.fakes import HashingEncoder
from tests.servers.elasticsearch import Cluster


@pytest.fixture(scope="session")
def three_nodes() -> Cluster:
    return shared_cluster()


@pytest.fixture
def cluster(three_nodes: Cluster) -> Iterator[Cluster]:
    yield three_nodes
    made_whole(three_nodes)


@pytest.fixture
def clustered(cluster: Cluster) -> Clustered:
    return Clustered(cluster)


@pytest.fixture
def address(clustered: Clustered, tmp_path: Path) -> str:
    """Of new generations; each has its shards and their copies on several nodes."""
    return clustered.address(tmp_path / "home")


@pytest.fixture
def library(address: str, tmp_path: Path) -> Library:
    return Library(tmp_path / "home", opened(address), HashingEncoder())


@pytest.fixture
def new_library(clustered: Clustered, tmp_path: Path) -> Callable[[], Library]:
    count = itertools.count()

    def make() -> Library:
        home = tmp_path / f"other{next(count)}"
        return Library(home, opened(clustered.address(home)), HashingEncoder())

    return make
