"""How many tokens a text may have, for models whose tokenizer is not at hand: rather too many than too few."""

from __future__ import annotations

import re
from typing import Final

_WORD = re.compile(r"[A-Z]?[a-z]+")
_FREE_BLANK = re.compile(r"(?<=\S) (?=[A-Za-z])")
# No vocabulary has pieces for what is no word: keys, sequences, random letters.
_NO_WORD = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}|.{25}", re.IGNORECASE)
_SHORT: Final = 7
_AT_THE_ENDS: Final = 2
"""What many tokenizers put before and after a text."""


def count_tokens(text: str) -> int:
    """An estimate for vocabularies of 30,000 entries and more, about twice the truth for English prose.

    A byte outside of plain English words counts as a token, which no byte-level vocabulary exceeds: digits, capitals,
    punctuation, other scripts. Words count by length, longer (rarer) ones more; one blank before a word is part of it.
    """
    if not text:
        return 0
    words = _WORD.findall(text)
    rest = len(text.encode(errors="replace")) - sum(map(len, words)) - len(_FREE_BLANK.findall(text))
    return rest + sum(map(_of_word, words)) + _AT_THE_ENDS


def _of_word(word: str) -> int:
    if _NO_WORD.search(word):
        return len(word)
    return 1 + len(word) // 3 if len(word) <= _SHORT else (len(word) + 1) // 2
