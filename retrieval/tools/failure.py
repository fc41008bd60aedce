"""The one way in which a tool fails."""

from __future__ import annotations

from typing import Final

from retrieval.answer.records import IncidentKind
from retrieval.errors import PathlitError

_LONGEST: Final = 400


class ToolError(PathlitError):
    """A call that gave no result: UNKNOWN_TOOL (no such tool, or arguments that its schema forbids) or TOOL_FAILED."""

    code = "tool"
    exit_code = 4

    def __init__(self, kind: IncidentKind, message: str) -> None:
        self.kind = kind
        super().__init__(message[:_LONGEST])
