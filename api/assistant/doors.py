"""What the tools work with: one generation, seen through a few callables."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from api.schemas import StatusResponse
from retrieval.answer.records import AnswerEvent, Question
from retrieval.image.asking import Part
from retrieval.image.records import ImageQuery, ImageResult
from retrieval.index.interface import IndexedArticle
from retrieval.lookup.lookup import Progress
from retrieval.lookup.records import LookupRequest, LookupResult
from retrieval.records import Query, SearchResult
from retrieval.verify.base import Claim, Judgement

Answering = Callable[[Question, bytes | None], Generator[AnswerEvent]]
"""The events of an answer to a question, with the bytes of an image or without. Closing it ends the work."""


LookingUp = Callable[[LookupRequest, Progress], LookupResult]
"""Tells after each sentence how far it is."""


@dataclass(frozen=True)
class Doors:
    """All of one generation, so that what one call finds the next one knows. Every callable may take seconds."""

    generation: str
    search: Callable[[Query], SearchResult]
    article: Callable[[str], IndexedArticle]
    judge: Callable[[Sequence[Claim]], list[Judgement]]
    look_up: LookingUp
    stream: Answering
    status: Callable[[], StatusResponse]
    search_image: Callable[[ImageQuery, bytes, Part], ImageResult]
    """InputError where no images are taken."""

    def watched(self, check: Callable[[], None]) -> Doors:
        """The same, but `check` is called at every step of long work, and may end it by raising."""

        def stream(question: Question, image: bytes | None) -> Generator[AnswerEvent]:
            for event in self.stream(question, image):
                check()
                yield event

        def look_up(request: LookupRequest, progress: Progress) -> LookupResult:
            def checked(done: int, total: int) -> None:
                check()
                progress(done, total)

            return self.look_up(request, checked)

        return replace(self, stream=stream, look_up=look_up)
