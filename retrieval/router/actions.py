"""What can be chosen for a question: sets of experts. Tools are not among them, the question's own words call those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from retrieval.router.base import Asked
from retrieval.router.rules import says_more_than_the_image

NONE: Final = "none"
_TEXT: Final = (NONE, "lexical", "dense", "lexical+dense")


def allowed(asked: Asked) -> tuple[str, ...]:
    """Their names. What was handed over with a question may be left aside, but never is nothing searched with it."""
    seen = "slide" if asked.has_slide else "image" if asked.has_image else ""
    if not seen:
        return _TEXT
    if not says_more_than_the_image(asked.text):
        return (seen,)
    return (seen, f"{seen}+lexical+dense", "lexical+dense")


def name_of(experts: Sequence[str]) -> str:
    """Of a decision's experts, without tools: ("lexical", "dense", "tools") is "lexical+dense"."""
    return "+".join(expert for expert in experts if expert != "tools") or NONE


def experts_of(action: str) -> tuple[str, ...]:
    return () if action == NONE else tuple(action.split("+"))
