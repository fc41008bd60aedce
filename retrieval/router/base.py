"""What a router is asked, and what every router is."""

from __future__ import annotations

from typing import Final, Protocol

from retrieval.answer.records import Decision
from retrieval.records import Record
from retrieval.tools.registry import ToolSpec

EXPERTS: Final = ("lexical", "dense", "image", "slide", "tools")


class Asked(Record, frozen=True):
    """A question as far as routing needs it; pixels are not looked at."""

    text: str = ""
    has_image: bool = False
    has_slide: bool = False
    tools: tuple[ToolSpec, ...] = ()
    """Those that are registered."""


class Router(Protocol):
    """Quick (well below a millisecond), without a model to load, and the same for the same question."""

    @property
    def id(self) -> str:
        """ "rules", or what names a learned one and its weights."""

    def decide(self, asked: Asked) -> Decision:
        """Never fails: whatever the text holds, it is data."""
