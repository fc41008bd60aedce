"""The rules: which experts a question goes to, each choice with its reason."""

from __future__ import annotations

import re
from typing import Final

from retrieval.answer.records import Decision
from retrieval.router.base import Asked
from retrieval.router.form import Form, form_of
from retrieval.router.small_talk import kind_of_talk
from retrieval.router.wishes import MOST_TOOLS, wished

RULES: Final = "rules"

_POINTS_AT_IMAGE: Final = frozenset(
    "what which is are does do can could you the a an this that these it its in of on to for me us we i here there "
    "image images picture pictures photo photograph slide slides patch patches section tissue tile field view figure "
    "see seen show shows shown showing look looks like describe description identify interpret explain analyze analyse "
    "diagnosis diagnose find search similar related case cases literature articles article papers paper about please "
    "tell give list be might may kind what's whats sample specimen region whole attached given".split()
)
"""Words that say no more than the image does: "What does this image show?"."""
_WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
Choice = tuple[tuple[str, ...], tuple[str, ...]]
"""Experts, reasons."""


class RuleRouter:
    """Decides by what can be read off the question; see `_text` for the order of the rules."""

    @property
    def id(self) -> str:
        return RULES

    def decide(self, asked: Asked) -> Decision:
        experts, reasons = _experts(asked)
        tools, told = tools_for(asked)
        return Decision(
            experts=(*experts, *(("tools",) if tools else ())), reasons=(*reasons, *told), router=self.id, tools=tools
        )


def tools_for(asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the tools that the question asks for, and why; one without its image is named and not called."""
    names: list[str] = []
    reasons: list[str] = []
    for tool, phrase in wished(asked.text, asked.tools):
        asks = f"The question asks for {tool.kind.value} ({phrase!r})"
        if tool.needs_image and not asked.has_image:
            what = "a whole slide is not sent to tools" if asked.has_slide else "there is no image to give to it"
            reasons.append(f"{asks}, for which {tool.name} is registered; it is not called, because {what}.")
        elif len(names) == MOST_TOOLS:
            reasons.append(f"{asks}; {tool.name} is not called, because {MOST_TOOLS} tools are the most.")
        else:
            names.append(tool.name)
            reasons.append(f"{asks}: {tool.name} is called.")
    return tuple(names), tuple(reasons)


def says_more_than_the_image(text: str) -> bool:
    """Whether the words beside an image ask for anything that they themselves name."""
    return any(word.casefold() not in _POINTS_AT_IMAGE for word in _WORD.findall(text[:10_000]))


def _experts(asked: Asked) -> Choice:
    if not (asked.has_slide or asked.has_image):
        return _text(asked.text)
    seen, reason = (
        ("slide", "A whole slide is given: its regions are searched with.")
        if asked.has_slide
        else ("image", "An image is given: it is searched with.")
    )
    if not says_more_than_the_image(asked.text) or kind_of_talk(asked.text):
        return (seen,), (reason, "The words beside it name nothing to search for.")
    experts, reasons = _text(asked.text)
    return (seen, *experts), (reason, *reasons)


def _text(text: str) -> Choice:
    """The first rule that fits decides."""
    form = form_of(text)
    if not form.words:
        return (), ("The question holds no word to look for.",)
    if talk := kind_of_talk(text):
        return (), (f"This is {talk}; the literature is not searched.",)
    if why := _exact(form):
        return ("lexical",), (f"{why}: searched by words alone, which match exactly.",)
    if form.keywords:
        return ("lexical", "dense"), ("A few key words: searched by words and by meaning.",)
    return ("lexical", "dense"), ("A question in plain language: searched by words and by meaning.",)


def _exact(form: Form) -> str:
    if form.identifier:
        return "It holds an identifier"
    if form.fielded:
        return "It uses the fields of the query language"
    if form.quoted:
        return "It holds a phrase in quotation marks"
    if form.symbols and form.keywords:
        return f"It is a short query with the exact symbol {form.symbols[0]}"
    return ""
