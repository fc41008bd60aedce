"""Chat in OpenAI's protocol: any client that speaks it can ask, and gets answers from the literature."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.assistant.assistant import assistant_of
from api.assistant.completion import Completion, as_request_fault
from api.assistant.conversation import asked
from api.errors import ApiError, api_error
from api.schemas.chat import MODEL, ChatModel, ChatModels, ChatRequest, chat_failures
from api.service import service_of
from retrieval.errors import InputError

CHAT: Final = "/chat/completions"
_MODELS: Final = "/models"
_STARTED: Final = int(time.time())
_MODEL: Final = ChatModel(id=MODEL, created=_STARTED)
_EXAMPLE: Final = {
    "id": "chatcmpl-7d7ac1b6f3a94b0f8f2f6a2f8cbb8c3e",
    "object": "chat.completion",
    "created": 1795000000,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "TTF-1 marks adenocarcinoma. [1]\n\nReferences\n1. Smith JA. ...",
                "citations": [{"n": 1, "id": "pmid:29952771", "citation": "Smith JA. ...", "integrity": "ok"}],
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 18, "completion_tokens": 60, "total_tokens": 78},
    "pathlit": {"generation": "000042", "sentences": [{"text": "TTF-1 marks ...", "verdict": "supported"}]},
}


class _OpenAIRoute(APIRoute):
    """Answers 400, not 422, to a request that is not as it should be."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as exc:
                error = api_error(exc)
                status = 400 if error.status_code == 422 else error.status_code
                details = error.body.details or ()
                raise ApiError(status, "invalid_request", error.body.message, details=details) from exc
            except InputError as exc:
                raise as_request_fault(exc) from exc

        return handled


router = APIRouter(tags=["chat"], route_class=_OpenAIRoute)


def speaks_openai(path: str) -> bool:
    """Whether clients of OpenAI's protocol call this path."""
    return path == f"/v1{CHAT}" or path == f"/v1{_MODELS}" or path.startswith(f"/v1{_MODELS}/")


@router.post(
    CHAT,
    responses=chat_failures(400, 401, 404, 408, 413, 415, 500, 503)
    | {
        200: {
            "description": "A chat.completion or, with `stream`, its chunks, ended by [DONE].",
            "content": {
                "application/json": {"schema": {"type": "object"}, "example": _EXAMPLE},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        }
    },
    summary="Chat, grounded in the literature",
)
async def completions(wanted: Annotated[ChatRequest, Body()], request: Request) -> Response:
    """The last message is answered from the literature, in sentences that were each checked against the papers that
    they cite; or the reply says why the literature found does not answer it.

    The text has markers and a list of references; `message.citations` has the same as data (when streaming, the last
    delta), and `pathlit` beside it every verdict with its span, what was dropped, and where papers disagree. `usage`
    is an estimate, a token for four characters. Errors have OpenAI's shape. Images come as data: URLs; nothing is
    fetched from addresses, and nothing is kept or logged.
    """
    question = asked(wanted, most_image_bytes=service_of(request).settings.max_image_bytes)
    return Completion(assistant_of(request), wanted, question)


@router.get(_MODELS, response_model=ChatModels, responses=chat_failures(401, 500), summary="The one model there is")
async def models() -> ChatModels:
    """For clients that ask which models there are before they let people choose one."""
    return ChatModels(data=[_MODEL])


@router.get(
    _MODELS + "/{id}", response_model=ChatModel, responses=chat_failures(401, 404, 500), summary="The one model by name"
)
async def model(id: str) -> ChatModel:  # noqa: A002 - the name that clients see
    """For clients that look a model up before they use it; any other name is an error."""
    if id != MODEL:
        raise ApiError(404, "model_not_found", f"The model does not exist here; this server has `{MODEL}`.")
    return _MODEL
