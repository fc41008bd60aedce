"""The backends that keep the contracts, as tests need them: new generations, and what is left beside finished ones."""

from __future__ import annotations

import atexit
import itertools
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from retrieval.index.generation import GenerationStore
from retrieval.index.generations import Generations

if TYPE_CHECKING:
    from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
    from tests.servers.elasticsearch import Cluster

_NAMES = itertools.count()


class Backend(Protocol):
    name: str

    def address(self, home: Path) -> str:
        """Of new, empty generations for a home folder; `opened` takes it in any process."""
        ...

    def stray(self, generations: Generations) -> list[str]:
        """What is kept beside finished generations: parts of unfinished ones."""
        ...


class Embedded:
    name = "embedded"

    def address(self, home: Path) -> str:
        return json.dumps({"folder": str(home / "generations")})

    def stray(self, generations: Generations) -> list[str]:
        assert isinstance(generations, GenerationStore)
        if not generations.root.is_dir():
            return []
        finished = {*generations.all(), "CURRENT"}
        return sorted(
            path.name
            for path in generations.root.iterdir()
            if path.name not in finished and not path.name.endswith("lock")
        )


class Clustered:
    name = "elasticsearch"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._folders: dict[str, Path] = {}

    def address(self, home: Path) -> str:
        prefix = f"contract{next(_NAMES)}"
        self._folders[prefix] = home / "building"
        return json.dumps({"folder": str(home / "building"), "hosts": self.cluster.urls, "prefix": prefix})

    def stray(self, generations: Generations) -> list[str]:
        found = self.cluster.ask("/_cat/indices?format=json&h=index&expand_wildcards=all", node=self._running())
        layout = _clustered(generations).layout
        held = {index for name in generations.all() for index in (layout.index(name), layout.parts(name))}
        indexes = {index["index"] for index in found if index["index"].startswith(f"{layout.prefix}-")}
        folders = (path.name for path in self._folders[layout.prefix].glob("*") if path.is_dir())
        return sorted(indexes - held) + sorted(folders)

    def _running(self) -> int:
        return next(number for number, node in enumerate(self.cluster.nodes) if node.running)


def _clustered(generations: Generations) -> ElasticsearchGenerations:
    from retrieval.index.elasticsearch.generations import ElasticsearchGenerations

    assert isinstance(generations, ElasticsearchGenerations)
    return generations


@cache
def shared_cluster() -> Cluster:
    """Three nodes for all tests of one process, which ends them."""
    from tests.servers.elasticsearch import Cluster

    cluster = Cluster(nodes=3).start()
    atexit.register(cluster.stop)
    return cluster


def opened(address: str) -> Generations:
    """The generations at an address, in this process or another."""
    where = json.loads(address)
    folder = Path(where["folder"])
    if "hosts" not in where:
        return GenerationStore(folder)
    from retrieval.index.elasticsearch.connection import Access
    from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
    from retrieval.index.elasticsearch.layout import Layout

    return ElasticsearchGenerations(
        Access(hosts=tuple(where["hosts"])), Layout(prefix=where["prefix"], shards=2), folder
    )
