"""External models are asked before any source is read, so that nothing a source says can call one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from retrieval.answer.llm.language_model import LanguageModel, LanguageModelError, Message, ToolCall
from retrieval.answer.prompt import plan_messages
from retrieval.answer.records import Incident, IncidentKind, ToolResult
from retrieval.tools.calling import Toolbox, ToolError

MOST_ROUNDS: Final = 3
MOST_CALLS: Final = 6
_PLAN_TOKENS: Final = 400
_SHOWN: Final = 80


class ToolRun(NamedTuple):
    results: tuple[ToolResult, ...]
    incidents: tuple[Incident, ...]


class _Calls:
    """Calls made so far, within the bounds."""

    def __init__(self, toolbox: Toolbox, image: bytes | None) -> None:
        self._toolbox = toolbox
        self._image = image
        self._made: set[tuple[str, str]] = set()
        self.results: list[ToolResult] = []
        self.incidents: list[Incident] = []
        self.looping = False

    def make(self, name: str, arguments: str) -> str:
        """The result's text, or what went wrong: both for the model to read."""
        shown = name[:_SHOWN]
        if (name, arguments) in self._made or len(self._made) >= MOST_CALLS:
            self.looping = True
            return self._failed(IncidentKind.TOOL_LOOP, "the tool was called again and again; no more calls", shown)
        self._made.add((name, arguments))
        try:
            given = _arguments(arguments)
        except ValueError:
            return self._failed(IncidentKind.UNKNOWN_TOOL, "the call's arguments are no JSON object; not called", shown)
        try:
            result = self._toolbox.call(name, given, self._image)
        except ToolError as exc:
            return self._failed(exc.kind, str(exc), shown)
        self.results.append(result)
        return result.text

    def _failed(self, kind: IncidentKind, message: str, name: str) -> str:
        self.incidents.append(Incident(kind, message, name))
        return f"error: {message}"


def run_tools(
    question: str, wanted: tuple[str, ...], toolbox: Toolbox, image: bytes | None, model: LanguageModel | None
) -> ToolRun:
    """Asks the tools that the model calls for, in at most three rounds; without a model, or where it calls none, those
    that the router wanted, without arguments."""
    calls = _Calls(toolbox, image)
    if model is not None:
        _planned(question, toolbox, calls, model)
    if not calls.results:
        for name in wanted:
            calls.make(name, "{}")
    return ToolRun(tuple(calls.results), tuple(calls.incidents))


def _planned(question: str, toolbox: Toolbox, calls: _Calls, model: LanguageModel) -> None:
    messages = plan_messages(question)
    for _ in range(MOST_ROUNDS):
        try:
            said = list(model.stream(messages, max_tokens=_PLAN_TOKENS, tools=toolbox.functions()))
        except LanguageModelError as exc:
            calls.incidents.append(Incident(exc.kind, f"no tool was chosen by the language model: {exc}"))
            return
        asked = tuple(piece for piece in said if isinstance(piece, ToolCall))
        if not asked:
            return
        messages.append(Message("assistant", "", tool_calls=asked))
        for call in asked:
            messages.append(Message("tool", calls.make(call.name, call.arguments), tool_call_id=call.id))
        if calls.looping:
            return
    calls.incidents.append(
        Incident(IncidentKind.TOOL_LOOP, f"the language model asked for tools in more than {MOST_ROUNDS} rounds")
    )


def _arguments(written: str) -> Mapping[str, Any]:
    """ValueError for anything but a JSON object."""
    value = json.loads(written or "{}")
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
