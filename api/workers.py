"""Threads for the synchronous core: so many work at once, so many wait, and everyone else is told to come back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from functools import cached_property
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from api.errors import ApiError

T = TypeVar("T")

_END: Final = object()


class Workers:
    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._places = at_once + waiting
        self._taken = 0

    @cached_property
    def _limiter(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(self._at_once)

    async def run(self, work: Callable[[], T]) -> T:
        """The work's result, from another thread; ApiError (503, with Retry-After) where too many wait already."""
        self._take()
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._taken -= 1

    async def stream(self, begin: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        """What an iterator yields, each from a thread; closed with this one, once the step that is under way is done.

        It holds its place to its end, and works at once with others only for the length of a step.
        """
        self._take()
        try:
            steps = await anyio.to_thread.run_sync(begin, limiter=self._limiter)
            try:
                while True:
                    step = await anyio.to_thread.run_sync(next, steps, _END, limiter=self._limiter)
                    if step is _END:
                        return
                    yield step  # type: ignore[misc]
            finally:
                close = getattr(steps, "close", None)
                if close is not None:
                    with anyio.CancelScope(shield=True):
                        await anyio.to_thread.run_sync(close)
        finally:
            self._taken -= 1

    def _take(self) -> None:
        if self._taken >= self._places:
            raise ApiError(
                503,
                "overloaded",
                "Too many requests wait already; try again in a second.",
                headers={"Retry-After": "1"},
            )
        self._taken += 1
