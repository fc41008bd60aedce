"""What a chat completion may ask for, in OpenAI's terms. Answers are built in api/assistant/chat.py."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from retrieval.answer.answerer import MOST_SENTENCES, MOST_SOURCES
from retrieval.records import IntegrityPolicy

MODEL: Final = "pathlit"
_LONGEST_MESSAGE: Final = 100_000
_MOST_MESSAGES: Final = 500
_MOST_PARTS: Final = 64


class _Tolerant(BaseModel):
    """Parts of OpenAI's messages may hold fields that mean nothing here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ImageUrl(_Tolerant):
    url: str = Field(description="A data: URL with base64, `data:image/png;base64,...`; other addresses are refused.")


class ContentPart(_Tolerant):
    """One part of a message: `text`, or one `image_url`."""

    type: str = Field(examples=["text", "image_url"])
    text: Annotated[str, Field(max_length=_LONGEST_MESSAGE)] = ""
    refusal: str = ""
    image_url: ImageUrl | None = None


def _parts(content: Any) -> Any:
    """A message of text alone is one of one part; an assistant's that only calls tools has none."""
    if content is None:
        return ()
    if isinstance(content, str):
        return ({"type": "text", "text": content},)
    if not isinstance(content, list | tuple):
        raise ValueError("Input should be a text or a list of parts")
    return content


Content = Annotated[
    tuple[ContentPart, ...],
    BeforeValidator(_parts, json_schema_input_type=str | list[ContentPart] | None),
    Field(max_length=_MOST_PARTS),
]


class ChatMessage(_Tolerant):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        description="The last message is the user's. `system` and `developer` messages are accepted and not followed: "
        "answers come from the literature alone."
    )
    content: Content = ()


class StreamOptions(_Tolerant):
    include_usage: bool = False


class PathlitOptions(BaseModel):
    """What OpenAI's parameters have no words for; set by programs, never by messages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    integrity: IntegrityPolicy = Field(
        IntegrityPolicy.EXCLUDE, description="What to do with retracted articles; only `allow` lets one be a support."
    )
    sources: int = Field(8, ge=1, le=MOST_SOURCES, description="Articles that the answer may rest on, at most.")
    sentences: int = Field(6, ge=1, le=MOST_SENTENCES, description="Sentences that the answer may have, at most.")
    year_from: int | None = Field(None, ge=1, le=9999, description="Only articles of this year or later.")
    year_to: int | None = Field(None, ge=1, le=9999, description="Only articles of this year or earlier.")


class ChatRequest(BaseModel):
    """A conversation whose last message is to be answered from the literature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description=f"`{MODEL}`.", examples=[MODEL])
    messages: list[ChatMessage] = Field(
        min_length=1, max_length=_MOST_MESSAGES, description="The conversation, oldest first; the last is answered."
    )
    stream: bool | None = Field(False, description="Send each sentence once it is verified, as server-sent events.")
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = Field(None, description="There is one answer.")
    max_tokens: int | None = Field(None, ge=1, description="As `max_completion_tokens`.")
    max_completion_tokens: int | None = Field(
        None, ge=1, description="No sentence begins beyond it; `finish_reason` is `length` then."
    )
    stop: Any = Field(None, description="Not supported: a verified sentence is whole.")
    response_format: dict[str, Any] | None = Field(None, description='Only {"type": "text"}.')
    tool_choice: Any = Field(None, description='Only "auto" or "none": tools of the request are never called.')
    logprobs: Literal[False] | None = Field(None, description="There are none.")
    pathlit: PathlitOptions = PathlitOptions()

    # Accepted without effect: nothing here is sampled, kept or billed.
    temperature: Any = None
    top_p: Any = None
    top_k: Any = None
    min_p: Any = None
    repetition_penalty: Any = None
    top_logprobs: Any = None
    presence_penalty: Any = None
    frequency_penalty: Any = None
    logit_bias: Any = None
    seed: Any = None
    user: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None
    metadata: Any = None
    store: Any = None
    service_tier: Any = None
    reasoning_effort: Any = None
    verbosity: Any = None
    prediction: Any = None
    tools: Any = None
    functions: Any = None
    function_call: Any = None
    parallel_tool_calls: Any = None
    modalities: Any = None
    web_search_options: Any = None

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens


class ChatModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(examples=[MODEL])
    object: Literal["model"] = "model"
    created: int = Field(description="When this server started, in seconds since 1970.")
    owned_by: str = MODEL


class ChatModels(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    object: Literal["list"] = "list"
    data: list[ChatModel]


class ChatError(BaseModel):
    """What failed, in OpenAI's terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None = Field(description="The parameter at fault.", examples=["messages[0].content"])
    code: str = Field(examples=["invalid_request"])


class ChatErrorResponse(BaseModel):
    """Every failed answer on OpenAI's paths."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: ChatError


def chat_failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route."""
    return {status: {"model": ChatErrorResponse, "description": HTTPStatus(status).phrase} for status in statuses}
