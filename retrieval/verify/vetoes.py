"""What no similarity outweighs: a claim that says something else than the text in a number, a name or a word.

A veto never makes a claim supported: it keeps SUPPORTED and PARTLY from one whose every other word is in the text. And
what speaks of something else contradicts nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from retrieval.verify.copies import Copy, compare
from retrieval.verify.features import View, agree

_SHARED: Final = 0.6
"""Share of the claim's words that a sentence needs to contradict it. Without this bound 3 % of the papers that a search
brings to SciFact's claims, beside those that are judged, were taken to contradict them; with it 0.3 %."""


class Veto(StrEnum):
    TURNED = "turned"
    """The claim is the sentence with a negation or a direction turned round: it is contradicted."""
    CHANGED = "changed"
    """The claim is the sentence with another word in it."""
    NUMBER = "number"
    """A number of the claim is nowhere in the text."""
    NAME = "name"
    """No name of the claim is in the text, under any name that the vocabulary has."""


def veto(view: View) -> Veto | None:
    copy = compare(view.asked, view.said)
    if copy is Copy.TURNED:
        return Veto.TURNED
    if copy is Copy.CHANGED:
        return Veto.CHANGED
    said = [number for sentence in view.sentences for number in sentence.wording.numbers]
    if any(agree(number, said) != 1 for number in view.asked.numbers):
        return Veto.NUMBER
    return Veto.NAME if view.missing_names(view.text_content, view.text_groups) == 1 else None


def is_far(view: View) -> bool:
    """Whether the sentence leaves out so much of the claim that it cannot be its opposite."""
    words = view.asked.content
    shared = sum(view.has(word, view.said.content, view.said.groups) for word in words)
    return shared < _SHARED * len(words)
