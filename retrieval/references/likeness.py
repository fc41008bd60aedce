"""How alike two titles are, or whether a title stands inside a reference, typing errors and all.

Words are aligned in their order and weigh by their letters, so that "of the" says little; numbers weigh like long
words, because they tell the parts of a series apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from retrieval.analysis import fold

_WORD: Final = re.compile(r"[^\W_]+")
_MOST_WORDS: Final = 120
_NUMBER_WEIGHT: Final = 5.0
_LONGEST_WEIGHT: Final = 10.0
_MISSPELT: Final = 0.85
"""What a word is worth that is another's misspelling."""
_SHORTEST_MISSPELT: Final = 5
_ALIKE: Final = 0.8
_ROMAN: Final = frozenset("ii iii iv vi vii viii ix xi xii".split())
_NOTICES: Final = frozenset("erratum corrigendum correction retraction reply response comment letter addendum".split())
_INSERTED: Final = 0.5
"""What a foreign word inside the title's place costs, as a share of its weight."""


def words(text: str) -> tuple[str, ...]:
    """Lower-case words without accents, at most 120."""
    return tuple(_WORD.findall(fold(text))[:_MOST_WORDS])


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """In [0, 1]; 1 for the same words in the same order, symmetric."""
    total = _weight(one) + _weight(other)
    return 2 * _aligned(one, other) / total if total else 0.0


def share_of(part: Sequence[str], whole: Sequence[str]) -> float:
    """How much of the words of `part` stand in `whole` in their order, in [0, 1]."""
    total = _weight(part)
    return _aligned(part, whole) / total if total else 0.0


def share_within(title: Sequence[str], text: Sequence[str]) -> float:
    """How much of a title stands together somewhere in a longer text, in [0, 1]; words in between count against it."""
    total = _weight(title)
    if not total:
        return 0.0
    best = 0.0
    # A row per word of the text; each cell is the best alignment of the title's first words that ends here.
    above = [0.0] * (len(title) + 1)
    for word in text:
        row = [0.0]
        cost = _INSERTED * _weight_of(word)
        for place, expected in enumerate(title, 1):
            same = _same(expected, word)
            value = max(row[-1], above[place] - cost, 0.0)
            if same:
                value = max(value, above[place - 1] + same * _weight_of(expected))
            row.append(value)
        best = max(best, row[-1])
        above = row
    return min(best / total, 1.0)


def telling(found: Sequence[str]) -> frozenset[str]:
    """The words that make a different paper of the same title: numbers, and those that head notices and replies."""
    return frozenset(word for word in found if word[0].isdigit() or word in _ROMAN or word in _NOTICES)


def _aligned(one: Sequence[str], other: Sequence[str]) -> float:
    above = [0.0] * (len(other) + 1)
    for word in one:
        row = [0.0]
        for place, against in enumerate(other, 1):
            same = _same(word, against)
            value = max(row[-1], above[place])
            if same:
                value = max(value, above[place - 1] + same * min(_weight_of(word), _weight_of(against)))
            row.append(value)
        above = row
    return above[-1]


def _weight(found: Sequence[str]) -> float:
    return sum(map(_weight_of, found))


def _weight_of(word: str) -> float:
    return _NUMBER_WEIGHT if word[0].isdigit() else min(float(len(word)), _LONGEST_WEIGHT)


@lru_cache(maxsize=1 << 16)
def _same(one: str, other: str) -> float:
    """1 for the same word, less for a misspelling of it, 0 otherwise."""
    if one == other:
        return 1.0
    if min(len(one), len(other)) < _SHORTEST_MISSPELT or abs(len(one) - len(other)) > 2:
        return 0.0
    if any(c.isdigit() for c in one + other) or (one[0] != other[0] and one[-1] != other[-1]):
        return 0.0
    return _MISSPELT if SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE else 0.0
