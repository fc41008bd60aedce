"""Reading texts once: vectors and wording of each sentence are kept, since a draft meets the same ones again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from retrieval.encoders.tokens import ReadText, TokenEncoder
from retrieval.verify.lexicon import Lexicon
from retrieval.verify.opposite import opposites
from retrieval.verify.wording import Wording, WordingReader

_KEPT: Final = 5_000
"""Sentences in memory, at some 25 KB each."""
_AT_ONCE: Final = 64


class Sentence(NamedTuple):
    wording: Wording
    read: ReadText


class ReadClaim(NamedTuple):
    sentence: Sentence
    opposites: tuple[ReadText, ...]
    """The claim turned around, in one or two ways."""


class SentenceReader:
    """Safe to use from several threads."""

    def __init__(self, encoder: TokenEncoder, wordings: WordingReader, lexicon: Lexicon) -> None:
        self._encoder = encoder
        self._wordings = wordings
        self._lexicon = lexicon
        self._kept: OrderedDict[str, Sentence] = OrderedDict()
        self._lock = threading.Lock()

    def claims(self, texts: Sequence[str]) -> list[ReadClaim]:
        turned = [opposites(text, self._lexicon) for text in texts]
        read = self.sentences([*texts, *(other for others in turned for other in others)])
        rest = iter(read[len(texts) :])
        return [
            ReadClaim(claim, tuple(next(rest).read for _ in others))
            for claim, others in zip(read[: len(texts)], turned, strict=True)
        ]

    def sentences(self, texts: Sequence[str]) -> list[Sentence]:
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        # By length, since a batch takes as long as its longest text.
        waiting = sorted({text for text in texts if text not in found}, key=len)
        for start in range(0, len(waiting), _AT_ONCE):
            group = waiting[start : start + _AT_ONCE]
            # Tokenizers refuse lone surrogates, which claims from outside may hold.
            clean = [text.encode(errors="replace").decode() for text in group]
            for text, read in zip(group, self._encoder.read_sentences(clean), strict=True):
                found[text] = Sentence(self._wordings.read(text), read)
        with self._lock:
            for text in waiting:
                self._kept[text] = found[text]
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return [found[text] for text in texts]
