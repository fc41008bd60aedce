"""Threads for the synchronous core: so many work at once, so many wait, and everyone else is told to come back."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import anyio
import anyio.to_thread

from api.errors import ApiError

T = TypeVar("T")


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
        if self._taken >= self._places:
            raise ApiError(
                503,
                "overloaded",
                "Too many requests wait already; try again in a second.",
                headers={"Retry-After": "1"},
            )
        self._taken += 1
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._taken -= 1
