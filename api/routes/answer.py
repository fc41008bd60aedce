"""Answering questions from the literature, at once or as a stream of events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Final

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from api.body_limit import Limit
from api.declared import failures
from api.errors import ErrorResponse
from api.request_context import logged_failure
from api.schemas import AnswerRequest, AnswerResponse, Envelope, answer_view, event_view
from api.service import meta_of, service_of
from api.settings import ApiSettings
from api.uploads import asked_with_image, image_limit
from retrieval.answer.answerer import Answerer
from retrieval.answer.asked_image import AskedPicture, ask_with_picture
from retrieval.answer.records import AnswerEvent, Finished, Question

router = APIRouter(tags=["answers"])

_PATH: Final = "/answer"
_SCHEMA: Final = AnswerRequest.model_json_schema(ref_template="#/components/schemas/{model}")
_STREAM: Final = "text/event-stream"


def body_limits(settings: ApiSettings, prefix: str) -> Mapping[str, Limit]:
    return {prefix + _PATH: image_limit(settings)}


@router.post(
    _PATH,
    response_model=Envelope[AnswerResponse],
    responses={
        **failures(400, 401, 408, 413, 415, 422, 500, 503),
        200: {"content": {_STREAM: {"schema": {"type": "string"}}}},
    },
    summary="Answer a question",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {key: value for key, value in _SCHEMA.items() if key != "$defs"}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "image": {"type": "string", "format": "binary", "description": "PNG, JPEG, TIFF, WEBP."},
                            **{
                                name: field if "$ref" not in json.dumps(field) else {"type": "string"}
                                for name, field in _SCHEMA["properties"].items()
                                if name != "image_base64"
                            },
                        },
                    }
                },
            },
        }
    },
)
async def answer(request: Request) -> Response:
    """Sentences that the literature supports, each with its citations, their verdicts and the exact spans.

    Every sentence was checked against the papers that it cites before it is given out: what did not hold is in
    `dropped`, what went wrong in `incidents`. Where the literature does not answer, `abstention` says why. Without a
    language model on the server, the sentences are quotations. JSON, or a form with the file `image`.

    With `stream` the answer comes as server-sent events: `searched`, `sources`, `sentence` (each once checked),
    `incident`, and last `answer` with the whole, in the envelope; `error` in place of the rest if the server fails.
    """
    asked, data = await asked_with_image(request, AnswerRequest)
    service = service_of(request)
    settings = service.settings
    question = asked.to_question()
    if data is not None:
        service.require_images()

    def picture() -> AskedPicture | None:
        if data is None:
            return None
        return ask_with_picture(
            data, asked.to_part(), most_bytes=settings.max_image_bytes, most_pixels=settings.max_image_pixels
        )

    if not asked.stream:
        return await service.answer(request, lambda answerer: answer_view(answerer.answer(question, picture())))

    events = service.stream_answer(lambda answerer: _streamed(answerer, question, picture))
    # What is wrong with the question itself is an ordinary error: nothing has been answered by then.
    first = await anext(events)
    return EventSourceResponse(_events(request, first, events))


def _streamed(
    answerer: Answerer, question: Question, picture: Callable[[], AskedPicture | None]
) -> Iterator[AnswerEvent]:
    yield from answerer.stream(question, picture())


async def _events(
    request: Request, first: AnswerEvent, rest: AsyncGenerator[AnswerEvent, None]
) -> AsyncIterator[ServerSentEvent]:
    try:
        yield _event(request, first)
        async for event in rest:
            yield _event(request, event)
    except Exception as exc:  # noqa: BLE001 - half an answer is out: what is left can only be told in the stream
        body = ErrorResponse(
            error=logged_failure(exc, request.state.request_id).body, request_id=request.state.request_id
        )
        yield ServerSentEvent(event="error", data=body.model_dump_json(exclude_none=True))
    finally:
        await rest.aclose()


def _event(request: Request, event: AnswerEvent) -> ServerSentEvent:
    name, data = event_view(event)
    if isinstance(event, Finished):
        meta = meta_of(request, event.answer.generation)
        data = {"data": data, "meta": meta.model_dump(mode="json")}
    return ServerSentEvent(event=name, data=json.dumps(data, ensure_ascii=False))
