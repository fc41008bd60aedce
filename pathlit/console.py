"""Where the command line writes: results to standard output, everything else to standard error.

What comes from records, servers and file names may hold characters that steer a terminal or turn the order of reading
around; here they become visible escapes, whoever prints them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from itertools import chain, pairwise
from typing import Any

import msgspec
from pydantic import BaseModel
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Span, Text

# Control characters but tab and newline, marks of direction, and lone surrogates, which no terminal can be sent.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with every unsafe character written as an escape, such as \\x1b or \\u202e."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class _SafeConsole(Console):
    """Everything that rich prints passes through `render` as Text; escaped there, it still wraps by its width.

    A Text that was made of bells, backspaces or carriage returns has lost them by then: rich leaves them out.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        if isinstance(renderable, Text) and _UNSAFE.search(renderable.plain):
            renderable = _visible_text(renderable)
        return super().render(renderable, options)


out = _SafeConsole(highlight=False, soft_wrap=False)
err = _SafeConsole(stderr=True, highlight=False)


def note(label: str, message: str) -> None:
    """One line for the person at the terminal; the message is printed as it is, whatever brackets it holds."""
    line = Text.assemble((label, "bold red" if label == "error" else "yellow"), " ", visible(message))
    err.print(line, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document, indented; records and API models both print as the API would send them."""
    encoded = msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2).decode()
    # The same document: these characters stand only within its strings.
    sys.stdout.write(_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded) + "\n")


def print_answer(data: BaseModel, generation: str) -> None:
    """What the API answers, in the same envelope, as far as a command has it."""
    print_json({"data": data, "meta": {"generation": generation}})


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _visible_text(text: Text) -> Text:
    places = sorted({0, len(text), *chain.from_iterable(found.span() for found in _UNSAFE.finditer(text.plain))})
    shown = text.blank_copy()
    for start, end in pairwise(places):
        piece = text[start:end]
        escaped = visible(piece.plain)
        if escaped != piece.plain:
            piece = Text(escaped, spans=[Span(0, len(escaped), span.style) for span in piece.spans])
        shown.append_text(piece)
    return shown
