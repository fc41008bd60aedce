"""Every contract is kept by every backend: tests that ask for `backend` run once for each.

Elasticsearch runs where it is asked for (-m elasticsearch), as one cluster of three nodes for all of these tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retrieval.encoders.base import Encoder
from retrieval.index.interface import IndexReader
from tests.contracts.backends import Backend, Clustered, Embedded, opened, shared_cluster
from tests.contracts.documents import ARTICLES, tree_file
from tests.contracts.library import Library
from tests.contracts.oracle import Oracle, oracle_of
from tests.fakes import HashingEncoder


@pytest.fixture(scope="session")
def clustered() -> Clustered:
    return Clustered(shared_cluster())


@pytest.fixture(scope="session", params=["embedded", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "embedded":
        return Embedded()
    clustered: Clustered = request.getfixturevalue("clustered")
    return clustered


@pytest.fixture(scope="session")
def library(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The invented articles, published once; nobody publishes another generation here."""
    home = tmp_path_factory.mktemp(f"invented-{backend.name}")
    made = Library(home, opened(backend.address(home)), HashingEncoder(), mesh=tree_file(home))
    made.publish(ARTICLES)
    return made


@pytest.fixture(scope="session")
def reader(library: Library) -> IndexReader:
    return library.open()


@pytest.fixture(scope="session")
def oracle(library: Library) -> Oracle:
    """Vectors as half precision keeps them."""
    return oracle_of(library)


@pytest.fixture
def new_library(backend: Backend, tmp_path: Path) -> Callable[..., Library]:
    """A library of its own for a test: `new_library(encoder, ...)`."""
    count = itertools.count()

    def make(encoder: Encoder | None = None, **options: Any) -> Library:
        home = tmp_path / f"library{next(count)}"
        return Library(home, opened(backend.address(home)), encoder, **options)

    return make
