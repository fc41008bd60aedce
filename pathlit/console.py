"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


def note(label: str, message: str) -> None:
    """One line for the person at the terminal; the message is printed as it is, whatever brackets it holds."""
    err.print(Text.assemble((label, "bold red" if label == "error" else "yellow"), " ", message), soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document, indented; records and API models both print as the API would send them."""
    encoded = msgspec.json.encode(value, enc_hook=_plain)
    sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")


def print_answer(data: BaseModel, generation: str) -> None:
    """What the API answers, in the same envelope, as far as a command has it."""
    print_json({"data": data, "meta": {"generation": generation}})


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
