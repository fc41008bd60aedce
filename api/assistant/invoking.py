"""Tool calls in plain text, for language models that were trained to write them (PathAsst, Sun et al., AAAI 2024).

    Invoking search_literature: p40 in squamous carcinoma      the text is the tool's main argument
    Invoking search_literature {"query": "p40", "limit": 3}    a JSON object, which may go on over several lines
    Invoking Literature Retrieval: p40                         tools also have names in words

A call begins its line. What stands in a block quote (> ..., up to the next empty line), in a fence of ``` or ~~~,
indented by four blanks, or in quotation marks that an earlier line of the paragraph opened, is somebody else's words
and calls nothing. Results are given back as block quotes: a text that holds them calls nothing again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from api.assistant.tools import TOOLS, Called, Tool
from retrieval.errors import InputError

LONGEST_TEXT: Final = 50_000
MOST_CALLS: Final = 8
_CALL: Final = re.compile(
    r" {0,3}Invoking[ \t]+(?P<name>[A-Za-z][\w-]*(?:[ \t]+[\w-]+){0,5})[ \t]*(?P<rest>[:{].*)?", re.DOTALL
)
_JSON: Final = json.JSONDecoder(strict=False)
"""Lets raw line breaks stand in strings: models write them, and what follows them is still no line of its own."""
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_NAMES: Final = {name: tool for tool in TOOLS for name in (tool.name, *tool.also)}


class Invocation(NamedTuple):
    """One call of a text; `problem` says why it cannot be made."""

    name: str
    """As it was written."""
    tool: Tool[Any, Any] | None
    arguments: Mapping[str, Any]
    problem: str = ""


def invocations(text: str) -> list[Invocation]:
    """The calls of a text, in order; InputError where it is too long to read."""
    if len(text) > LONGEST_TEXT:
        raise InputError(f"text: it has {len(text):,} characters; {LONGEST_TEXT:,} are the most")
    return list(_invocations(text))


def invoke(text: str, call: Callable[[Invocation], Called | str]) -> str:
    """The results of a text's calls as block quotes; `call` gives a result, or says why there is none."""
    blocks = []
    for number, invocation in enumerate(invocations(text), 1):
        if number > MOST_CALLS:
            blocks.append(_block("Not called", invocation.name, f"one text may call {MOST_CALLS} tools at most"))
            break
        outcome = invocation.problem or call(invocation)
        if isinstance(outcome, str):
            blocks.append(_block("Error of", invocation.name, outcome))
        else:
            blocks.append(_block("Result of", invocation.name, outcome.text))
    return "\n\n".join(blocks)


def _block(head: str, name: str, text: str) -> str:
    lines = text.splitlines() or [""]
    return "\n".join([f"> {head} {' '.join(name.split())}:", *(f"> {line}" for line in lines)])


def _invocations(text: str) -> Iterator[Invocation]:
    fence = ""
    somebody_elses = False
    at = 0
    while at < len(text):
        start, line = at, _line(text, at)
        at += len(line) + 1
        marker = _FENCE.match(line)
        if fence:
            if marker and marker[1].startswith(fence) and not line.strip(" `~\r"):
                fence = ""
        elif not line.strip():
            somebody_elses = False
        elif marker:
            fence = marker[1]
        elif line.lstrip().startswith(">"):
            somebody_elses = True
        elif not somebody_elses and (match := _CALL.fullmatch(line.rstrip())):
            rest = match["rest"] or ""
            body = rest.removeprefix(":").strip()
            if not body.startswith("{"):
                yield _called(match["name"], body)
                continue
            try:
                value, end = _JSON.raw_decode(text, start + line.index("{"))
            except (ValueError, RecursionError):
                yield _problem(match["name"], "what follows the name is no JSON object; write it again")
                # Its other lines are no calls either.
                somebody_elses = True
                continue
            at = end + len(behind := _line(text, end)) + 1
            if behind.strip():
                yield _problem(match["name"], "something follows the JSON object on its line; write nothing there")
            else:
                yield _called(match["name"], value)
        elif (line.count('"') + line.count("“") + line.count("”")) % 2:
            somebody_elses = not somebody_elses


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start:] if end < 0 else text[start:end]


def _called(name: str, given: Any) -> Invocation:
    tool = _NAMES.get(" ".join(name.split()).lower())
    if tool is None:
        return _problem(name, f"there is no tool of this name; there are {', '.join(tool.name for tool in TOOLS)}")
    if isinstance(given, dict):
        return Invocation(name, tool, given)
    if not given:
        return _problem(name, f'give its argument, as in "Invoking {tool.name}: ..." or as a JSON object')
    return Invocation(name, tool, {tool.plain: given})


def _problem(name: str, problem: str) -> Invocation:
    return Invocation(name, None, {}, problem)
