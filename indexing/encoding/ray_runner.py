"""Encoding over a cluster of Ray: partitions out, vectors back, at most a window of them under way."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final

from indexing.encoding.conductor import THREADS, Conductor, Crew
from indexing.encoding.exchange import Exchange
from indexing.encoding.partition import TEXTS_PER_CALL, EncodedPartition, Partition
from indexing.encoding.recipe import Recipe
from indexing.encoding.worker import Outcome, Task, installed_version
from retrieval.encoders.base import Encoder, Passage
from retrieval.errors import ConfigurationError, SourceError

LOCAL: Final = "local"
_TEXTS_PER_PARTITION: Final = 8 * TEXTS_PER_CALL
_WINDOW_PER_WORKER: Final = 3
"""Partitions under way: one at work, one waiting at the worker, one waiting in the stream."""
_OBJECT_STORE_BYTES: Final = 200 << 20
"""Only names and checksums go through it."""
ENVIRONMENT: Final = {
    # Ray would report its use to its makers, and start workers by way of uv where the builder was.
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}


class RayRunner:
    """A Runner over Ray Data. A worker that dies costs the partition it was at; Ray starts another one.

    pathlit must be installed on every machine, in this version. Vectors that a killed build left finished in the
    exchange folder are taken from there.
    """

    def __init__(
        self,
        address: str,
        exchange: Exchange,
        recipe: Recipe,
        *,
        workers: int | None = None,
        cpus_per_worker: int = 1,
        gpus_per_worker: float = 0.0,
        texts_per_partition: int = _TEXTS_PER_PARTITION,
    ) -> None:
        """`address` "local" starts Ray on this machine; "auto", HOST:PORT and ray://HOST:PORT join a cluster.

        `exchange` must be this builder's alone; `workers` None takes as many as the cluster has room for.
        """
        self._address, self.exchange, self._recipe = address, exchange, recipe
        self._workers, self._cpus, self._gpus = workers, cpus_per_worker, gpus_per_worker
        self.texts_per_partition = texts_per_partition

    def run(self, partitions: Iterator[Partition[Passage]], encoder: Encoder) -> Iterator[EncodedPartition]:
        """ConfigurationError names the first partition that fails for good; what was finished before is yielded."""
        first = next(partitions, None)
        if first is not None:
            with self._cluster() as ray:
                crew = Crew(self._workers or self._room(ray), self._cpus, self._gpus)
                with _conducting(ray, self._recipe, self.exchange, crew) as conductor:
                    window = _WINDOW_PER_WORKER * crew.workers
                    yield from self._through(ray, conductor, chain([first], partitions), window)
        self.exchange.sweep()

    def _through(
        self, ray: Any, conductor: Any, partitions: Iterator[Partition[Passage]], window: int
    ) -> Iterator[EncodedPartition]:
        under_way: dict[str, tuple[bytes, ...]] = {}
        more = True
        while more or under_way:
            while more and len(under_way) < window:
                partition = next(partitions, None)
                if partition is None:
                    more = False
                    break
                if encoded := self.exchange.finished(partition):
                    yield encoded
                    self.exchange.remove(partition.name)
                    continue
                task = Task(partition.name, self.exchange.put_texts(partition))
                under_way[partition.name] = partition.hashes
                ray.get(conductor.add.remote(task))
            for outcome in _taken(ray, conductor) if under_way else ():
                hashes = under_way.pop(outcome.name)
                _require_encoded(outcome, len(hashes))
                yield self.exchange.vectors(outcome.name, hashes, outcome.checksum)
                self.exchange.remove(outcome.name)

    def _room(self, ray: Any) -> int:
        """For how many workers the cluster has processors, or GPUs where each gets some."""
        resources: dict[str, float] = ray.cluster_resources()
        room = math.floor(resources.get("CPU", 0) / self._cpus)
        if self._gpus:
            room = min(room, math.floor(resources.get("GPU", 0) / self._gpus))
        if room < 1:
            has = f"{resources.get('CPU', 0):g} CPUs and {resources.get('GPU', 0):g} GPUs"
            raise ConfigurationError(
                f"the Ray cluster has {has}: no room for one worker of {self._cpus} CPUs and {self._gpus:g} GPUs; "
                "give each less (PATHLIT_RAY__CPUS_PER_WORKER, PATHLIT_RAY__GPUS_PER_WORKER)"
            )
        return room

    @contextmanager
    def _cluster(self) -> Iterator[Any]:
        """Joined or started, and left again; one that this process has joined before is used as it is."""
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        # Imported here: optional, and slow.
        try:
            import ray
        except ImportError as exc:
            raise ConfigurationError("Ray is not installed: install `pathlit[ray]`") from exc

        if ray.is_initialized():
            yield ray
            return
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self._address == LOCAL:
            options |= {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
        try:
            ray.init(address=self._address, **options)
        except Exception as exc:  # Ray raises bare ones, too
            reason = (str(exc).strip().splitlines() or [type(exc).__name__])[0]
            raise ConfigurationError(
                f"no Ray cluster can be used at {self._address!r}: {reason}; give the address of one (HOST:PORT on one "
                f"of its machines, ray://HOST:10001 elsewhere; RAY_AUTH_MODE=token where it wants a "
                f"token), or {LOCAL!r} to start one here"
            ) from exc
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def _conducting(ray: Any, recipe: Recipe, exchange: Exchange, crew: Crew) -> Iterator[Any]:
    conductor = ray.remote(num_cpus=0)(Conductor).options(max_concurrency=THREADS).remote()
    try:
        conductor.conduct.remote(recipe, exchange, installed_version(), crew)
        yield conductor
    finally:
        # Its workers end with it.
        ray.kill(conductor)


def _taken(ray: Any, conductor: Any) -> tuple[Outcome, ...]:
    try:
        outcomes, failure = ray.get(conductor.take.remote())
    except (ray.exceptions.RayError, ConnectionError) as exc:
        raise SourceError(
            f"the Ray cluster was lost ({type(exc).__name__}); what was finished is kept: run again once it is back"
        ) from exc
    if failure and not outcomes:
        raise SourceError(
            f"encoding over Ray broke off: {failure}; what was finished is kept. Where workers died, they may have had "
            "too little memory: give each more of the machine (PATHLIT_RAY__WORKERS), and run again"
        )
    return tuple(outcomes)


def _require_encoded(outcome: Outcome, texts: int) -> None:
    if outcome.error:
        raise ConfigurationError(
            f"partition {outcome.name} of {texts:,} texts could not be encoded on {outcome.worker}: {outcome.error}"
        )
