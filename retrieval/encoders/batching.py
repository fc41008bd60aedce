"""How many texts a GPU encodes at once: found while it works, halved where its memory does not suffice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from retrieval.errors import ConfigurationError

T = TypeVar("T")
R = TypeVar("R")
_FIRST: Final = 32
_LARGEST: Final = 4_096
_GAIN: Final = 1.05
"""What a doubled batch must bring; less is noise, and memory that another worker on the same GPU could use."""


class BatchFinder:
    """Doubles the batch from call to call until that no longer pays or memory runs out, then keeps the best.

    Every call is both trial and work. On a GPU vectors depend a little on the batch: equal within tolerance, not byte
    by byte. So a processor's batch, which is fixed, is not found this way.
    """

    def __init__(
        self, *, first: int = _FIRST, largest: int = _LARGEST, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.size = first
        """Texts that the next call encodes at once."""
        self._largest = largest
        self._clock = clock
        self._warm = False
        self._settled = False
        self._best = 0.0
        """Characters a second of the batch before this one."""

    def encode(self, texts: Sequence[T], encode: Callable[[Sequence[T], int], R], weight: int) -> R:
        """`encode` gets the texts and the batch size; `weight` is the work in them, such as their characters.

        ConfigurationError where not even one text fits into the GPU's memory.
        """
        import torch

        while True:
            started = self._clock()
            try:
                encoded = encode(texts, self.size)
            except torch.OutOfMemoryError as exc:
                if self.size == 1:
                    raise ConfigurationError(
                        "the GPU's memory does not suffice for one text: use a smaller encoder, or let fewer workers "
                        "share the GPU (PATHLIT_RAY__GPUS_PER_WORKER)"
                    ) from exc
                self.size //= 2
                self._settled = True
            else:
                self._learn(len(texts), weight / max(self._clock() - started, 1e-9))
                return encoded
            # Outside of the handler, whose exception would keep the batch alive.
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _learn(self, texts: int, rate: float) -> None:
        # A call with fewer texts than a batch says nothing of it, nor does the first, which also starts the GPU up.
        if self._settled or texts < self.size:
            return
        if not self._warm:
            self._warm = True
        elif rate < self._best * _GAIN:
            self.size //= 2
            self._settled = True
        else:
            self._best = rate
            self._settled = 2 * self.size > self._largest
            self.size = self.size if self._settled else 2 * self.size
