"""From the messages of a chat to a question: what is asked, what came before, and the image that it is about."""

from __future__ import annotations

from typing import Final, NamedTuple

from api.assistant.arguments import image_bytes
from api.assistant.prose import without_references
from api.errors import ApiError, ErrorDetail
from api.schemas.chat import MODEL, ChatMessage, ChatRequest, ContentPart
from retrieval.answer.answerer import LONGEST_QUESTION
from retrieval.answer.records import Question, Turn
from retrieval.errors import InputError
from retrieval.records import Filters

_MOST_TURNS: Final = 20
_LONGEST_TURN: Final = 20_000
_REMOTE: Final = (
    "images are never fetched from addresses; send the image itself as data:image/png;base64,... in image_url.url"
)
NOT_FOLLOWED: Final = (
    "System messages are not followed: answers come from the literature alone, in a form of their own."
)


class Asked(NamedTuple):
    question: Question
    image: bytes | None
    notices: tuple[str, ...]


def asked(request: ChatRequest, *, most_image_bytes: int) -> Asked:
    """ApiError (400, 404) where the request cannot be answered, in words that name the field."""
    if request.model != MODEL:
        raise ApiError(
            404,
            "model_not_found",
            f"The model does not exist here; this server has `{MODEL}`.",
            details=_at("model", ""),
        )
    _require_answerable(request)
    *earlier, last = request.messages
    place = f"messages.{len(earlier)}"
    if last.role != "user":
        raise refused(f"{place}.role", "the last message must be the user's: it is what is answered")
    text = _text(last, place)
    image = _image(request.messages, most_image_bytes)
    if not text and image is None:
        raise refused(f"{place}.content", "nothing is asked: the message is empty")
    if len(text) > LONGEST_QUESTION:
        raise refused(
            f"{place}.content",
            f"the question has {len(text):,} characters, {LONGEST_QUESTION:,} are the most; for a draft use the tool "
            "`cite`",
        )
    turns = [
        Turn(role="user" if message.role == "user" else "assistant", text=without_references(said)[:_LONGEST_TURN])
        for number, message in enumerate(earlier)
        if message.role in ("user", "assistant") and (said := _text(message, f"messages.{number}"))
    ]
    options = request.pathlit
    question = Question(
        text=text,
        conversation=tuple(turns[-_MOST_TURNS:]),
        filters=Filters(year_from=options.year_from, year_to=options.year_to, integrity=options.integrity),
        sources=options.sources,
        sentences=options.sentences,
    )
    followed = any(message.role in ("system", "developer") for message in request.messages)
    return Asked(question, image, (NOT_FOLLOWED,) if followed else ())


def refused(field: str, message: str) -> ApiError:
    return ApiError(400, "invalid_request", f"{field}: {message}", details=_at(field, message))


def _at(field: str, message: str) -> tuple[ErrorDetail]:
    return (ErrorDetail(field=field, message=message),)


def _require_answerable(request: ChatRequest) -> None:
    if request.response_format and request.response_format.get("type") != "text":
        raise refused("response_format", 'only {"type": "text"} is supported; tools of /v1/tools answer in JSON')
    if request.stop:
        raise refused("stop", "it is not supported: a verified sentence is whole; leave it out")
    if request.tool_choice not in (None, "auto", "none"):
        raise refused("tool_choice", "tools of a request are never called here; leave it out")
    if isinstance(request.modalities, list) and "audio" in request.modalities:
        raise refused("modalities", "there is no audio; leave it out")


def _text(message: ChatMessage, place: str) -> str:
    return "\n".join(
        filter(None, (_part(part, f"{place}.content.{n}") for n, part in enumerate(message.content)))
    ).strip()


def _part(part: ContentPart, place: str) -> str:
    if part.type in ("text", "input_text", "output_text"):
        return part.text
    if part.type == "refusal":
        return part.refusal
    if part.type == "image_url":
        return ""
    raise refused(f"{place}.type", "only parts of the types text and image_url are taken")


def _image(messages: list[ChatMessage], most_bytes: int) -> bytes | None:
    """Of the newest message of the user that holds one: clients send a whole conversation again with each question."""
    for number in range(len(messages) - 1, -1, -1):
        message = messages[number]
        if message.role != "user":
            continue
        parts = [(n, part) for n, part in enumerate(message.content) if part.type == "image_url"]
        if len(parts) > 1:
            raise refused(f"messages.{number}.content", f"it holds {len(parts)} images; one is asked with at a time")
        if parts:
            place, part = parts[0]
            return _decoded(part, f"messages.{number}.content.{place}.image_url.url", most_bytes)
    return None


def _decoded(part: ContentPart, place: str, most_bytes: int) -> bytes:
    url = part.image_url.url if part.image_url else ""
    if not url[:5].lower() == "data:":
        raise refused(place, _REMOTE)
    try:
        return image_bytes(url, field=place, most_bytes=most_bytes)
    except InputError as exc:
        raise ApiError(400, "invalid_image", str(exc), details=_at(place, str(exc))) from exc
