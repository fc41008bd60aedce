"""LaTeX as it stands in BibTeX fields, read as plain text."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pylatexenc import latex2text

_LONGEST: Final = 20_000
_SPECIAL: Final = re.compile(r"[\\${}~]|--")
_COMMENT: Final = re.compile(r"(?<!\\)%")
_MOST_OPEN: Final = 50
_CHARACTERS: Final = {"textbraceleft": "{", "textbraceright": "}", "textasciicircum": "^", "textasciitilde": "~"}
"""Where pylatexenc knows none, or a letter of another alphabet."""


def plain(text: str) -> str:
    """Accents, Greek letters and symbols as characters, without braces; what is no LaTeX stays as it is."""
    text = text[:_LONGEST]
    if not _SPECIAL.search(text):
        return " ".join(text.split())
    if _deepest(text) > _MOST_OPEN:
        return " ".join(re.sub(r"[{}]", "", text).split())
    # A lone percent sign is a percent sign here: who writes a title means no comment.
    text = _COMMENT.sub(r"\\%", text)
    return " ".join(_decoder().latex_to_text(text, tolerant_parsing=True).split())


def _deepest(text: str) -> int:
    deepest = open_now = 0
    for character in text:
        open_now += (character == "{") - (character == "}")
        deepest = max(deepest, open_now)
    return deepest


@cache
def _decoder() -> latex2text.LatexNodes2Text:
    context = latex2text.get_default_latex_context_db()
    macros = [latex2text.MacroTextSpec(name, simplify_repl=character) for name, character in _CHARACTERS.items()]
    context.add_context_category("characters", prepend=True, macros=macros)
    # Without a folder to read from, \\input and its like are empty.
    return latex2text.LatexNodes2Text(
        latex_context=context, math_mode="text", keep_comments=True, strict_latex_spaces=False
    )
