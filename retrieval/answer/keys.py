"""Keys of sources: all that a language model sees of an article's identity, valid in one answer only.

A model can neither know nor guess the key of an article that it was not shown, and an abstract, written before the
question was asked, cannot name one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_DIGITS: Final = "23456789"
"""Without vowels, which make words, and without 0 and 1, which look like O and I."""
KEY_PATTERN: Final = rf"[{_LETTERS}][{_DIGITS}][{_LETTERS}]"


def issue_keys(pmids: Iterable[int], seed: str) -> dict[str, int]:
    """A key for each PMID, in order. The same seed gives the same keys, so that an answer can be repeated."""
    keys: dict[str, int] = {}
    for pmid in pmids:
        attempt = 0
        while (key := _key(f"{seed}\n{pmid}\n{attempt}")) in keys:
            attempt += 1
        keys[key] = pmid
    return keys


def _key(text: str) -> str:
    first, second, third, *_ = hashlib.blake2b(text.encode(errors="replace"), digest_size=3).digest()
    return _LETTERS[first % len(_LETTERS)] + _DIGITS[second % len(_DIGITS)] + _LETTERS[third % len(_LETTERS)]
