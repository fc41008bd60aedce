"""The tools as functions of OpenAI's schema, for the `tools` of whatever language model an assistant uses."""

from __future__ import annotations

from typing import Any

from api.assistant.tools import TOOLS


def functions() -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in TOOLS
    ]
