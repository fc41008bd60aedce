"""The chunks of a chat completion put together: text as it comes, tool calls once they are whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from retrieval.answer.llm.language_model import ToolCall
from retrieval.answer.llm.reply_text import ReplyText

_MOST_CALLS: Final = 32


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Part(msgspec.Struct):
    type: str | None = None
    text: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    reasoning_content: str | None = None
    reasoning: Any = None


class _Choice(msgspec.Struct):
    index: int | None = None
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None


class _Pending:
    """A call whose parts are still coming."""

    def __init__(self) -> None:
        self.id = self.name = self.arguments = ""


class Reply:
    """One reply under way. A chunk of another shape raises msgspec.ValidationError."""

    def __init__(self) -> None:
        self.finish_reason = ""
        self.refused = False
        self.characters = 0
        """Of text, thoughts and arguments."""
        self._text = ReplyText()
        self._calls: list[_Pending] = []
        self._by_index: dict[int, _Pending] = {}
        self._thoughts = 0
        self._said = False

    @property
    def empty(self) -> bool:
        """Whether there is neither text nor a call."""
        return not (self._said or self._calls)

    @property
    def ended(self) -> bool:
        """Whether the model wrote its stop token as text: nothing after it counts."""
        return self._text.ended

    @property
    def thoughts(self) -> int:
        """Characters that were thoughts, and dropped."""
        return self._thoughts + self._text.thoughts

    def take(self, data: object) -> str:
        """The text of the reply that has become sure with this chunk, or with this whole completion."""
        text = ""
        for choice in msgspec.convert(data, _Chunk, strict=False).choices or ():
            if choice.index:
                continue  # an alternative that nobody asked for
            self.finish_reason = choice.finish_reason or self.finish_reason
            if choice.message and not self.finish_reason:
                self.finish_reason = "stop"  # a completion in one piece has its end
            if message := choice.delta or choice.message:
                text += self._take_message(message)
        return self._noted(text)

    def finish(self) -> str:
        """The text that was held back."""
        return self._noted(self._text.finish())

    def calls(self) -> Iterator[ToolCall]:
        """The calls asked for, in order, ids made up where the server gave none."""
        for number, call in enumerate(self._calls):
            yield ToolCall(call.id or f"call_{number}", call.name, call.arguments)

    def _noted(self, text: str) -> str:
        self._said |= bool(text.strip())
        return text

    def _take_message(self, message: _Message) -> str:
        self.refused |= bool(message.refusal)
        for thought in (message.reasoning_content, message.reasoning):
            if isinstance(thought, str):
                self._thoughts += len(thought)
                self.characters += len(thought)
        for call in message.tool_calls or ():
            self._take_call(call)
        content = message.content
        if isinstance(content, list):
            content = "".join(part.text or "" for part in content if part.type in (None, "text"))
        if not content:
            return ""
        self.characters += len(content)
        return self._text.feed(content)

    def _take_call(self, part: _Call) -> None:
        pending = self._pending(part)
        pending.id = pending.id or part.id or ""
        if part.function is None:
            return
        pending.name = pending.name or part.function.name or ""
        arguments = part.function.arguments
        if arguments is not None and not isinstance(arguments, str):
            arguments = json.dumps(arguments)  # some servers send the object itself
        pending.arguments += arguments or ""
        self.characters += len(arguments or "")

    def _pending(self, part: _Call) -> _Pending:
        """Parts belong together by index; where servers give none, or the same to all, by id."""
        known = self._by_index.get(part.index) if part.index is not None else self._calls[-1] if self._calls else None
        if known is not None and not (part.id and known.id and part.id != known.id):
            return known
        if len(self._calls) >= _MOST_CALLS:
            raise msgspec.ValidationError(f"more than {_MOST_CALLS} tool calls")
        self._calls.append(pending := _Pending())
        if part.index is not None:
            self._by_index[part.index] = pending
        return pending
