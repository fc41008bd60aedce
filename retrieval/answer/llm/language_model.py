"""What the answer pipeline needs of a language model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from retrieval.answer.records import IncidentKind
from retrieval.errors import PathlitError
from retrieval.records import Record


class ToolCall(Record, frozen=True):
    """A call that the model asks for; `arguments` is JSON as it wrote it, which may be broken."""

    id: str
    name: str
    arguments: str


class Message(Record, frozen=True):
    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    """Of an assistant's message."""
    tool_call_id: str = ""
    """Of a tool's message: the call that it answers."""


class LanguageModelError(PathlitError):
    """A model that failed: what kind of incident it is. What it had said before was yielded before."""

    code = "language_model"
    exit_code = 4

    def __init__(self, kind: IncidentKind, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class LanguageModel(Protocol):
    """Safe to use from several threads."""

    @property
    def id(self) -> str:
        """The model's name and where it answers, without secrets."""

    @property
    def context_tokens(self) -> int:
        """Tokens that question and answer may have together."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, never too few."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[str | ToolCall]:
        """Pieces of the reply as they come, then the tool calls that it asks for, whole.

        Closing the iterator cancels the request. LanguageModelError: UNAVAILABLE, DROPPED, MALFORMED, TOO_LONG
        (stopped at max_tokens or by a bound of our own), REFUSED (a content filter or a refusal field).
        """
