"""The form of a question, apart from what it is about: its words, its syntax, its symbols."""

from __future__ import annotations

import re
from typing import Final

from retrieval.query import FIELDS
from retrieval.records import Record

_WORD: Final = re.compile(r"[^\W_]+(?:[-/.'’][^\W_]+)*")
_QUOTED: Final = re.compile(r'["“”„‟«»][^"“”„‟«»]{2,}["“”„‟«»]')
_FIELDED: Final = re.compile(rf"(?:^|\s)-?(?:{'|'.join(FIELDS)}):\S", re.IGNORECASE)
_EXCLUDED: Final = re.compile(r"(?:^|\s)-(?=[A-Za-z\"])[\w\"]")
_IDENTIFIER: Final = re.compile(
    r"\bPMC\d{3,}|\bPMID\W{0,3}\d+|\b10\.\d{4,9}/\S+|\b(?:NCT|ISRCTN)\d{6,}|\bscifact:\d+|^\W*\d{6,8}\W*$",
    re.IGNORECASE,
)
_SYMBOL: Final = re.compile(r"(?=(?:.*[A-Z]){2}|.*[A-Z].*\d|.*\d.*[A-Z]|p\d)[A-Za-z0-9][A-Za-z0-9/-]{1,11}")
_ASKING: Final = frozenset(
    "what which who whom whose when where why how is are was were do does did can could should would will has".split()
)
_IMPERATIVE: Final = frozenset("find show list give summarize summarise explain describe compare tell search".split())
_SHORT: Final = 3
"""Words of a keyword query at most."""
LONGEST_READ: Final = 10_000
"""Characters; what stands behind tells nothing new of the form."""


class Form(Record, frozen=True):
    words: tuple[str, ...]
    """As written."""
    quoted: bool
    """A phrase stands in quotation marks."""
    fielded: bool
    """A field of the query language, or a word that is left out."""
    identifier: bool
    """A PMID, PMCID, DOI or the number of a trial."""
    symbols: tuple[str, ...]
    """Words written like markers and genes: PD-L1, TTF-1, p40, HER2."""
    asks: bool
    """A question mark, or a first word that asks or orders."""

    @property
    def keywords(self) -> bool:
        """A few words, none of which asks."""
        return 0 < len(self.words) <= _SHORT and not self.asks


def form_of(text: str) -> Form:
    text = text[:LONGEST_READ]
    words = tuple(_WORD.findall(text))
    first = words[0].casefold() if words else ""
    return Form(
        words=words,
        quoted=_QUOTED.search(text) is not None,
        fielded=_FIELDED.search(text) is not None or _EXCLUDED.search(text) is not None,
        identifier=_IDENTIFIER.search(text) is not None,
        symbols=tuple(word for word in words if _SYMBOL.fullmatch(word)),
        asks="?" in text or first in _ASKING or first in _IMPERATIVE,
    )
