"""Snapshots: a generation copied to a repository of the cluster, and back; one snapshot to a generation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from retrieval.errors import GenerationError
from retrieval.index.elasticsearch.errors import translated
from retrieval.index.elasticsearch.health import primaries, why_missing
from retrieval.index.elasticsearch.layout import Layout
from retrieval.records import Record

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_ASK_AGAIN_S: Final = 1.0
Progress = Callable[[int, int], None]
"""Hears (shards done, shards in all)."""


class Snapshot(Record, frozen=True):
    generation: str
    state: str
    """As Elasticsearch says: SUCCESS, IN_PROGRESS, PARTIAL, FAILED."""
    taken: str
    """UTC, ISO 8601."""


class Snapshots:
    """Those of one prefix in one repository, which the cluster's operator has registered."""

    def __init__(self, client: Elasticsearch, layout: Layout, repository: str) -> None:
        self._client = client
        self._layout = layout
        self._repository = repository

    def all(self) -> list[Snapshot]:
        """Oldest generation first."""
        with translated(f"listing the snapshots in {self._repository}"):
            found = self._client.snapshot.get(
                repository=self._repository, snapshot=f"{self._layout.prefix}-*", ignore_unavailable=True
            )["snapshots"]
        named = [(self._layout.generation(item["snapshot"]), item) for item in found]
        ours = [Snapshot(name, item["state"], item.get("start_time", "")) for name, item in named if name]
        return sorted(ours, key=lambda snapshot: int(snapshot.generation))

    def take(self, generation: str, progress: Progress = lambda done, total: None) -> Snapshot:
        """Copy a finished generation, and wait for the end; GenerationError where it is not whole there."""
        name = self._layout.index(generation)
        with translated(f"taking the snapshot {name}"):
            self._client.snapshot.create(
                repository=self._repository,
                snapshot=name,
                indices=[name, self._layout.parts(generation)],
                include_global_state=False,
                wait_for_completion=False,
            )
        while (shards := self._status(name))["state"] in ("INIT", "STARTED"):
            progress(shards["done"], shards["total"])
            time.sleep(_ASK_AGAIN_S)
        taken = next(snapshot for snapshot in self.all() if snapshot.generation == generation)
        if taken.state != "SUCCESS":
            raise GenerationError(
                f"the snapshot of generation {generation} ended as {taken.state}; look at the cluster's log, delete "
                f"the snapshot {name} in the repository {self._repository}, and take it again"
            )
        return taken

    def restore(self, generation: str, progress: Progress = lambda done, total: None) -> None:
        """Bring a generation back that the cluster no longer has; publish it with a rollback to it.

        GenerationError where there is no whole snapshot of it, where the cluster still has it, or where it cannot
        restore it; nothing of it is left then.
        """
        known = {snapshot.generation: snapshot for snapshot in self.all()}
        snapshot = known.get(generation)
        if snapshot is None or snapshot.state != "SUCCESS":
            whole = ", ".join(name for name, kept in known.items() if kept.state == "SUCCESS") or "none"
            raise GenerationError(
                f"{self._repository} holds no whole snapshot of generation {generation!r}; there are: {whole}"
            )
        name = self._layout.index(generation)
        indexes = [name, self._layout.parts(generation)]
        with translated(f"restoring {name}"):
            if self._client.indices.exists(index=name):
                raise GenerationError(f"the cluster still has {name}; there is nothing to restore")
            self._client.snapshot.restore(
                repository=self._repository,
                snapshot=name,
                indices=indexes,
                include_global_state=False,
                include_aliases=False,
                wait_for_completion=False,
            )
        # Not by its status: what is being restored is yellow from the first moment on.
        while (held := primaries(self._client, *indexes)).missing and held.status != "red":
            progress(held.there, held.there + len(held.missing))
            time.sleep(_ASK_AGAIN_S)
        if held.missing:
            reason = why_missing(self._client, *held.missing[0])
            with translated(f"removing {name}, which could not be restored"):
                self._client.indices.delete(index=indexes, ignore_unavailable=True)
            raise GenerationError(
                f"{name} cannot be restored from {self._repository}: {reason}; nothing of it was left in the cluster"
            )

    def _status(self, name: str) -> dict[str, Any]:
        with translated(f"watching the snapshot {name}"):
            found = self._client.snapshot.status(repository=self._repository, snapshot=name)["snapshots"][0]
        stats = found["shards_stats"]
        return {"state": found["state"], "done": stats["done"] + stats["failed"], "total": stats["total"]}
