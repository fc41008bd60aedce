"""Reading candidates sentence by sentence, within a time budget, and keeping what was read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from retrieval.encoders.tokens import ReadText, TokenEncoder
from retrieval.errors import OutOfTimeError

_KEPT: Final = 500
"""Articles whose sentences stay in memory, at some 200 KB each: questions of one subject meet the same ones."""
_AT_ONCE: Final = 64
"""Sentences between two looks at the clock."""

Texts = tuple[str, ...]


class SentenceReader:
    """Safe to use from several threads."""

    def __init__(self, encoder: TokenEncoder) -> None:
        self._encoder = encoder
        self._kept: OrderedDict[Texts, list[ReadText]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def encoder(self) -> str:
        """The id of what it reads with."""
        return self._encoder.spec.id

    def question(self, text: str) -> ReadText:
        return self._encoder.read_queries([text])[0]

    def read(self, articles: Sequence[Texts], deadline: float) -> list[list[ReadText]]:
        """The texts of each article; OutOfTimeError where they cannot all be read in time (time.perf_counter).

        What was read by then is kept, so that the same question has an easier time next time.
        """
        found = {texts: kept for texts in articles if (kept := self._look_up(texts)) is not None}
        waiting = [texts for texts in dict.fromkeys(articles) if texts not in found]
        # By length, since a batch takes as long as its longest text; articles become complete late, but all do.
        order = sorted({text for texts in waiting for text in texts}, key=len)
        read: dict[str, ReadText] = {}
        slowest = 0.0
        for start in range(0, len(order), _AT_ONCE):
            began = perf_counter()
            if began + slowest > deadline:
                self._keep_complete(waiting, read)
                raise OutOfTimeError(f"only {start} of {len(order)} sentences could be read in time")
            group = order[start : start + _AT_ONCE]
            read.update(zip(group, self._encoder.read_sentences(group), strict=True))
            slowest = max(slowest, perf_counter() - began)
        found |= self._keep_complete(waiting, read)
        return [found[texts] for texts in articles]

    def _look_up(self, texts: Texts) -> list[ReadText] | None:
        with self._lock:
            if texts in self._kept:
                self._kept.move_to_end(texts)
                return self._kept[texts]
        return None

    def _keep_complete(self, waiting: Sequence[Texts], read: dict[str, ReadText]) -> dict[Texts, list[ReadText]]:
        complete = {texts: [read[text] for text in texts] for texts in waiting if all(map(read.__contains__, texts))}
        with self._lock:
            self._kept |= complete
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return complete
