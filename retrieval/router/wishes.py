"""Which registered tools a question asks for: by the words that the operator gave, or by those of the tool's kind."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from retrieval.tools.registry import ToolKind, ToolSpec

MOST_TOOLS: Final = 3
"""Of one question."""

WORDS: Final[dict[ToolKind, tuple[str, ...]]] = {
    ToolKind.SEGMENTATION: ("segment*", "outline*", "delineate*", "contour*", "mask*", "area of"),
    ToolKind.DETECTION: ("detect*", "locate*", "localize", "localise", "where are", "mark the", "find all"),
    ToolKind.COUNTING: ("count*", "how many", "number of", "density of"),
    ToolKind.CLASSIFICATION: ("classif*", "subtype*", "which type", "what type", "which class", "categor*"),
    ToolKind.GRADING: ("grade*", "grading", "gleason", "nottingham", "how differentiated"),
    ToolKind.SCORING: (
        "score*",
        "scoring",
        "h-score",
        "tps",
        "cps",
        "percent* positive",
        "labeling index",
        "proliferation index",
    ),
    ToolKind.STAINING: ("virtual* stain*", "stain* transfer", "normalize stain*", "normalise stain*", "restain*"),
    ToolKind.GENERATION: ("generate image*", "generate a", "synthesi* image*", "draw*", "make an image"),
}
"""An entry matches where all its words stand in the question, in any order; "count*" stands for all that begins so."""

_WORD: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


class Wish(NamedTuple):
    tool: ToolSpec
    phrase: str
    """The entry that matched."""


def wished(text: str, tools: tuple[ToolSpec, ...]) -> list[Wish]:
    """In the order of the registry."""
    words = [word.casefold() for word in _WORD.findall(text[:10_000])]
    found = ((tool, next((p for p in _phrases(tool) if _stands(p, words)), None)) for tool in tools)
    return [Wish(tool, phrase) for tool, phrase in found if phrase is not None]


def _phrases(tool: ToolSpec) -> list[str]:
    entries = tool.when or (tool.kind.value,)
    kinds = set(ToolKind)
    return [phrase for entry in entries for phrase in (WORDS[ToolKind(entry)] if entry in kinds else (entry,))]


def _stands(phrase: str, words: list[str]) -> bool:
    return all(
        any(word.startswith(part[:-1]) if part.endswith("*") else word == part for word in words)
        for part in phrase.casefold().split()
    )
