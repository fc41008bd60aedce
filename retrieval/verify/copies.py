"""Claims that nearly are a sentence of the text: the few words in which they differ decide, not the many they share."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from retrieval.verify.wording import Wording

_NEAR: Final = 0.75
"""Share of the words of claim and sentence that stand in the same order, from which one copies the other."""
_OPENERS: Final = frozenset(
    "moreover addition furthermore however thus therefore additionally also overall conclusion conclusions results "
    "in we found that show showed our data the a an importantly notably finally here similarly interestingly and "
    "of".split()
)
"""Words that may be missing or added without another meaning."""


class Copy(StrEnum):
    SAME = "same"
    """Word for word, or but for words that say nothing."""
    TURNED = "turned"
    """A negation or a direction differs: the opposite is said."""
    CHANGED = "changed"
    """Something else is said: another number, another name, another word."""
    NONE = "none"
    """No copy."""


def compare(claim: Wording, sentence: Wording) -> Copy:
    """What kind of copy of the sentence the claim is."""
    if claim.words == sentence.words:
        return Copy.SAME
    short, long = sorted((len(claim.words), len(sentence.words)))
    if not short or 2 * short / (short + long) < _NEAR:
        return Copy.NONE
    # Cheap, and enough for nearly all pairs.
    if 2 * len(claim.content & sentence.content) < len(claim.content):
        return Copy.NONE
    matcher = SequenceMatcher(None, claim.words, sentence.words, autojunk=False)
    if matcher.quick_ratio() < _NEAR or matcher.ratio() < _NEAR:
        return Copy.NONE
    removed: list[str] = []
    added: list[str] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            added += claim.words[a:b]
            removed += sentence.words[c:d]
    if not {*added, *removed} - _OPENERS:
        return Copy.SAME
    if Counter(claim.numbers) - Counter(sentence.numbers):
        return Copy.CHANGED
    if (claim.negations - sentence.negations) % 2:
        return Copy.TURNED
    ours = sorted((one.axis, one.sign) for one in claim.directed)
    theirs = sorted((one.axis, one.sign) for one in sentence.directed)
    if ours != theirs and _turned(ours, theirs):
        return Copy.TURNED
    new = (claim.content - sentence.content) & frozenset(claim.terms)
    return Copy.CHANGED if any(claim.covered_by.get(term, "") not in sentence.groups for term in new) else Copy.NONE


def _turned(ours: list[tuple[str, int]], theirs: list[tuple[str, int]]) -> bool:
    """Whether one says more where the other says less: the same axes but not the same signs."""
    return [axis for axis, _ in ours] == [axis for axis, _ in theirs]
