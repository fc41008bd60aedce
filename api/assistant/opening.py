"""Doors of a real generation, from the parts that work on it."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from msgspec.structs import replace

from api.assistant.doors import Doors, LookingUp
from api.schemas import Counts, StatusResponse, status_view
from api.settings import ApiSettings
from retrieval.answer.answerer import Answerer
from retrieval.answer.asked_image import AskedPicture, ask_with_picture
from retrieval.answer.records import AnswerEvent, Question
from retrieval.errors import InputError
from retrieval.freshness import freshness
from retrieval.image.asking import ALL, Part
from retrieval.image.records import ImageQuery, ImageResult
from retrieval.image.search import ImageSearch
from retrieval.search import Searcher
from retrieval.verify.base import Verifier

NO_IMAGES: Final = (
    "images are not taken here; ask with words, or have the operator name an image encoder (PATHLIT_IMAGE_ENCODER)"
)


def open_doors(
    searcher: Searcher,
    *,
    answerer: Answerer,
    verifier: Verifier,
    look_up: LookingUp,
    images: ImageSearch | None,
    settings: ApiSettings,
    stale_after_days: float,
) -> Doors:
    """All parts work on the searcher's generation; `images` is None where none are taken."""

    def picture(data: bytes, part: Part = ALL) -> AskedPicture:
        return ask_with_picture(data, part, most_bytes=settings.max_image_bytes, most_pixels=settings.max_image_pixels)

    def search_image(query: ImageQuery, data: bytes, part: Part) -> ImageResult:
        if images is None:
            raise InputError(NO_IMAGES)
        asked = picture(data, part)
        result = asked.search(images, query)
        return replace(result, notices=(*asked.notices, *result.notices))

    def stream(question: Question, image: bytes | None) -> Generator[AnswerEvent]:
        if image is not None and images is None:
            raise InputError(NO_IMAGES)
        yield from answerer.stream(question, None if image is None else picture(image))

    def status() -> StatusResponse:
        manifest = searcher.manifest
        fresh = freshness(manifest, datetime.now(UTC), stale_after_days)
        return status_view(manifest, fresh, version=version("pathlit"), counts=Counts(searches=0, answers=0, errors=0))

    return Doors(
        generation=searcher.generation,
        search=searcher.search,
        article=searcher.article,
        judge=verifier.judge,
        look_up=look_up,
        stream=stream,
        status=status,
        search_image=search_image,
    )
