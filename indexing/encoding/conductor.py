"""The part of a build over Ray that lives in the cluster: one actor that streams tasks through Ray Data to workers.

In the cluster, and not in the builder's process, since a builder that only visits (ray://) cannot run Ray Data, and
since Ray Data's own log and progress stay away from the builder's terminal.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from indexing.encoding.exchange import Exchange
from indexing.encoding.recipe import Recipe
from indexing.encoding.worker import EncodeWorker, Outcome, Task

THREADS: Final = 8
"""Calls of a Conductor that may be at work at once: its stream, who feeds, who takes, and the source of Ray Data."""
_WAIT_S: Final = 5.0
_ATTEMPTS: Final = 4
"""How often a partition is begun whose worker dies each time."""
_AHEAD: Final = 2
"""Tasks sent to one worker, the one at work included."""


class Crew(NamedTuple):
    """The workers that are wanted, and what each one is given."""

    workers: int
    cpus: int
    gpus: float


class Conductor:
    """Made an actor by the builder; waits in its methods, so it needs several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: list[Task] = []
        self._outcomes: deque[Outcome] = deque()
        self._failure = ""

    # --- For the builder --------------------------------------------------------------------------------------------

    def add(self, task: Task) -> None:
        with self._changed:
            self._tasks.append(task)
            self._changed.notify_all()

    def take(self) -> tuple[tuple[Outcome, ...], str]:
        """The outcomes since the last time, after a wait of some seconds maybe none; and why the stream broke off."""
        with self._changed:
            self._changed.wait_for(lambda: self._outcomes or self._failure, _WAIT_S)
            outcomes = tuple(self._outcomes)
            self._outcomes.clear()
            return outcomes, self._failure

    # --- For the source ---------------------------------------------------------------------------------------------

    def task(self, place: int) -> Task | None:
        """The task at a place, after a wait of some seconds maybe None.

        By place, so that a source that dies and begins again gives the same tasks in the same order.
        """
        with self._changed:
            self._changed.wait_for(lambda: place < len(self._tasks), _WAIT_S)
            return self._tasks[place] if place < len(self._tasks) else None

    # --- The stream -------------------------------------------------------------------------------------------------

    def conduct(self, recipe: Recipe, exchange: Exchange, version: str, crew: Crew) -> None:
        """Runs until the builder ends this actor: that there are no more tasks, only the builder knows."""
        try:
            for outcome in self._stream(recipe, exchange, version, crew):
                with self._changed:
                    self._outcomes.append(outcome)
                    self._changed.notify_all()
        except Exception as exc:  # noqa: BLE001 - told to the builder, in one line, by `take`
            lines = str(exc).strip().splitlines() or [""]
            with self._changed:
                self._failure = f"{type(exc).__name__}: {lines[0]}"
                self._changed.notify_all()

    def _stream(self, recipe: Recipe, exchange: Exchange, version: str, crew: Crew) -> Iterator[Outcome]:
        import ray
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        # A block for each task, handed on as soon as it is there.
        context.target_max_block_size = 1
        here = ray.get_runtime_context().current_actor
        tasks = ray.data.read_datasource(_source(here), override_num_blocks=1, num_cpus=0)
        outcomes = tasks.map_batches(
            EncodeWorker,
            fn_constructor_args=(recipe, exchange, version, crew.cpus),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=crew.workers, max_tasks_in_flight_per_actor=_AHEAD),
            num_cpus=crew.cpus,
            num_gpus=crew.gpus or None,
            max_task_retries=_ATTEMPTS - 1,
        )
        for batch in outcomes.iter_batches(batch_size=None, prefetch_batches=0):
            for row in zip(*(batch[field] for field in Outcome._fields), strict=True):
                yield Outcome(*map(str, row))


def _source(conductor: Any) -> Any:
    """A source of Ray Data that waits for tasks; one row to a block."""
    import pyarrow
    import ray
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata

    def read() -> Iterator[Any]:
        for place in itertools.count():
            task = None
            while task is None:
                task = ray.get(conductor.task.remote(place))
            yield pyarrow.table({field: [value] for field, value in task._asdict().items()})

    class TaskSource(Datasource):
        def get_name(self) -> str:
            return "Partitions"

        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(self, parallelism: int, *args: Any, **options: Any) -> list[ReadTask]:
            unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
            return [ReadTask(read, unknown)]

    return TaskSource()  # type: ignore[no-untyped-call]  # Ray has no types here
