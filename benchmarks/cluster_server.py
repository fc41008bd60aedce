"""The Elasticsearch that benchmarks.cluster compares with: what it holds on disk and in memory."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from elasticsearch import Elasticsearch

from benchmarks.memory import Looking, Memory, Watch, memory_of
from retrieval.records import Record
from tests.servers.elasticsearch import Cluster

_MERGES_S = 1_800.0
_QUIET_S = 5.0
_LOOK_S = 0.5
_PARTS = ("inverted_index", "stored_fields", "doc_values", "points", "norms", "knn_vectors")


class ServerState(Record, frozen=True):
    """Of all nodes together, in bytes."""

    version: str
    bytes: int
    """Of the generation's indexes on disk, copies included."""
    peak_bytes: int
    """At most on disk at a time while it was built, logs of operations and segments that are being merged included."""
    parts: dict[str, int]
    """The same by what it is, as Lucene's files have it; the rest is not listed."""
    segments: int
    merging_s: float
    """Seconds of merging after the build was done."""
    cpu_s: float
    """Seconds that the nodes kept cores busy for the build and the merging."""
    vectors_off_heap: dict[str, int]
    """What vector search wants in memory beside the heap, by kind of file: graph, vectors as given, as quantised."""
    peak: Memory
    """While building, each part at its own peak; the heap counts among its own."""
    peak_heap: int
    after_build: Memory
    heap_after_build: int
    after_queries: Memory = Memory(0, 0)
    heap_after_queries: int = 0


class DiskWatch(Looking):
    """The most bytes that a cluster's files have while this is open, one benchmark's indexes being all it holds."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.peak = 0
        self._folders = folders
        super().__init__(self._compare, _LOOK_S)

    def _compare(self) -> None:
        self.peak = max(self.peak, sum(_size(path) for folder in self._folders for path in folder.rglob("*")))


class Server:
    """Nodes of a fresh cluster, ended with their data."""

    def __init__(self, nodes: int, heap_mb: int) -> None:
        self._cluster = Cluster(nodes=nodes, heap_mb=heap_mb)

    def __enter__(self) -> Self:
        self._cluster.start()
        self.client = Elasticsearch(self.urls, request_timeout=600)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()
        self._cluster.stop()

    @property
    def urls(self) -> list[str]:
        return self._cluster.urls

    def watched(self) -> Watch:
        return Watch(*self._processes())

    def disk_watched(self) -> DiskWatch:
        return DiskWatch([node.folder / "data" for node in self._cluster.nodes])

    def memory(self) -> Memory:
        return memory_of(*self._processes())

    def heap(self, which: str = "used_in_bytes") -> int:
        """What is used of it; as "peak_used_in_bytes" what was, at most, since the start."""
        nodes: dict[str, Any] = self.client.nodes.stats(metric="jvm").body["nodes"]
        pools = (pool for node in nodes.values() for pool in node["jvm"]["mem"]["pools"].values())
        return sum(int(pool[which]) for pool in pools)

    def cpu_s(self) -> float:
        """Seconds that the nodes have kept cores busy since they were started."""
        nodes: dict[str, Any] = self.client.nodes.stats(metric="process").body["nodes"]
        return sum(int(node["process"]["cpu"]["total_in_millis"]) for node in nodes.values()) / 1e3

    def settle(self, prefix: str) -> float:
        """Waits until no segments are merged any more; returns the seconds from now to the last sign of it."""
        start = last = time.monotonic()
        while time.monotonic() - last < _QUIET_S and time.monotonic() - start < _MERGES_S:
            if self._totals(prefix, "merge")["merges"]["current"]:
                last = time.monotonic()
            time.sleep(0.5)
        return round(last - start, 1)

    def state(self, prefix: str, peak: Memory, peak_bytes: int, merging_s: float, cpu_s: float) -> ServerState:
        found = self._totals(prefix, "store,segments,dense_vector")
        with warnings.catch_warnings(action="ignore"):  # the client warns that this request may change
            usage = self.client.indices.disk_usage(index=f"{prefix}-*", run_expensive_tasks=True).body
        whole = [index["all_fields"] for name, index in usage.items() if name != "_shards"]
        off_heap = found.get("dense_vector", {}).get("off_heap", {})
        return ServerState(
            version=self._nodes()[0]["version"],
            bytes=int(found["store"]["size_in_bytes"]),
            peak_bytes=peak_bytes,
            parts={name: sum(_part(fields, name) for fields in whole) for name in _PARTS},
            segments=int(found["segments"]["count"]),
            merging_s=merging_s,
            cpu_s=round(cpu_s, 1),
            vectors_off_heap={name: int(value) for name, value in off_heap.items() if name.endswith("_bytes")},
            peak=peak,
            peak_heap=self.heap("peak_used_in_bytes"),
            after_build=self.memory(),
            heap_after_build=self.heap(),
        )

    def _totals(self, prefix: str, metric: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.indices.stats(index=f"{prefix}-*", metric=metric).body["_all"]["total"]
        return found

    def _processes(self) -> list[int]:
        return [int(node["process"]["id"]) for node in self._nodes()]

    def _nodes(self) -> list[dict[str, Any]]:
        return list(self.client.nodes.info(metric="process").body["nodes"].values())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def _part(fields: dict[str, Any], name: str) -> int:
    found = fields.get(f"{name}_in_bytes", fields.get(name, 0))
    return int(found["total_in_bytes"] if isinstance(found, dict) else found)
