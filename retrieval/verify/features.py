"""What a verifier may weigh: features of a claim beside the sentence of a text that comes closest to it.

`words` is late interaction (Khattab, Zaharia: ColBERT, SIGIR 2020): each token of the claim meets the token of the
sentence that is closest to it in meaning. `contrast` asks the same encoder whether the sentence is closer to the claim
or to the claim turned around.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import log2
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.encoders.tokens import ReadText
from retrieval.verify.reading import ReadClaim, Sentence
from retrieval.verify.wording import Directed, Number, Wording

_PREFIXES: Final = frozenset("in un im ir il de dis non anti mis counter".split())
_SHORTEST_DENIED: Final = 5

FloatArray = npt.NDArray[np.float32]


class View:
    """A claim beside one sentence of a text; what a feature does not ask for is not worked out."""

    def __init__(self, claim: ReadClaim, sentences: Sequence[Sentence], place: int) -> None:
        self.claim = claim
        self.sentences = sentences
        self.place = place
        self.sentence = sentences[place]
        self.asked: Wording = claim.sentence.wording
        self.said: Wording = self.sentence.wording

    @cached_property
    def cosine(self) -> float:
        return _cosine(self.claim.sentence.read, self.sentence.read)

    @cached_property
    def nearest(self) -> FloatArray:
        """For each token of the claim the cosine of the closest token of the sentence, in the claim's order."""
        return closest(self.claim.sentence.read, self.sentence.read)

    @cached_property
    def nearest_in_text(self) -> FloatArray:
        rows = [sentence.read.tokens for sentence in self.sentences if len(sentence.read.tokens)]
        asked = self.claim.sentence.read.tokens
        if not rows or not len(asked):
            return np.zeros(1, dtype=np.float32)
        return np.asarray((asked.astype(np.float32) @ np.concatenate(rows).astype(np.float32).T).max(axis=1))

    @property
    def three_sentences(self) -> float:
        """Mean cosine with the three closest sentences, or with all of a shorter text."""
        rows = np.stack([sentence.read.vector for sentence in self.sentences]).astype(np.float32)
        return float(np.sort(rows @ self.claim.sentence.read.vector.astype(np.float32))[-3:].mean())

    @property
    def contrast(self) -> float:
        """How much closer the sentence is to the claim than to its opposite; below 0 where the opposite is closer."""
        return self.cosine - max(_cosine(other, self.sentence.read) for other in self.claim.opposites)

    @property
    def contrast_words(self) -> float:
        others = [float(closest(other, self.sentence.read).mean()) for other in self.claim.opposites]
        return float(self.nearest.mean()) - max(others)

    @cached_property
    def text_content(self) -> frozenset[str]:
        return frozenset().union(*(s.wording.content for s in self.sentences))

    @cached_property
    def text_groups(self) -> frozenset[str]:
        return frozenset().union(*(s.wording.groups for s in self.sentences))

    def missing_names(self, content: frozenset[str], groups: frozenset[str]) -> float:
        names = self.asked.names
        return sum(not self.has(name, content, groups) for name in names) / len(names) if names else 0.0

    def has(self, term: str, content: frozenset[str], groups: frozenset[str]) -> bool:
        """Whether a word of the claim is among these, under any name that the vocabulary has."""
        return term in content or self.asked.covered_by.get(term, "") in groups

    @cached_property
    def numbers(self) -> tuple[float, float, float]:
        """Shares of the claim's numbers that the sentence has, that it gives otherwise, and that it does not give."""
        asked = self.asked.numbers
        if not asked:
            return 0.0, 0.0, 0.0
        found = [agree(number, self.said.numbers) for number in asked]
        return found.count(1) / len(asked), found.count(-1) / len(asked), found.count(0) / len(asked)

    @cached_property
    def directions(self) -> tuple[float, float, float]:
        """Of the claim's directions the shares with which the sentence agrees, disagrees, or which it does not have."""
        asked = self.asked.directed
        if not asked:
            return 0.0, 0.0, 0.0
        found = [_compare(one, self.said.directed, self.said.content) for one in asked]
        n = len(asked)
        return sum(max(f, 0.0) for f in found) / n, sum(max(-f, 0.0) for f in found) / n, found.count(0.0) / n

    @property
    def antonym(self) -> float:
        """1 where one has a word and the other the same word with a denying prefix: accurate and inaccurate."""
        ours, theirs = self.asked.content - self.said.content, self.said.content - self.asked.content
        return float(any(_denies(a, b) or _denies(b, a) for a in ours for b in theirs))


def _weakest(nearest: FloatArray) -> float:
    """Mean of the lowest quarter: what the claim says and the sentence does not."""
    return float(np.sort(nearest)[: max(1, len(nearest) // 4)].mean())


def closest(asked: ReadText, said: ReadText) -> FloatArray:
    if not len(asked.tokens) or not len(said.tokens):
        return np.zeros(1, dtype=np.float32)
    return np.asarray((asked.tokens.astype(np.float32) @ said.tokens.astype(np.float32).T).max(axis=1))


def _cosine(one: ReadText, other: ReadText) -> float:
    return float(one.vector.astype(np.float32) @ other.vector.astype(np.float32))


def agree(number: Number, said: Sequence[Number]) -> int:
    """1 where the number is there, -1 where another one of its unit is, else 0."""
    if any(abs(number.value - other.value) < 1e-9 and (not number.unit or not other.unit or number.unit == other.unit)
           for other in said):  # fmt: skip
        return 1
    return -1 if any(number.unit == other.unit for other in said) else 0


def _compare(asked: Directed, said: Sequence[Directed], said_content: frozenset[str]) -> float:
    """Above 0 where the sentence's word of the same axis about the same things has the same sign, below 0 where not."""
    about = asked.about & said_content
    best, sign = 0.0, 0
    for other in said:
        if other.axis != asked.axis:
            continue
        shared = len(about & other.about)
        weight = 0.3 + 0.7 * (shared / len(about) if about else 0.0)
        if weight > best:
            best, sign = weight, asked.sign * other.sign
    return best * sign


def _denies(longer: str, word: str) -> bool:
    if len(word) < _SHORTEST_DENIED or not longer.endswith(word[1:]):
        return False
    return longer.removesuffix(word) in _PREFIXES


FEATURES: Final[Mapping[str, Callable[[View], float]]] = {
    # What the texts mean.
    "sentence": lambda view: view.cosine,
    "three_sentences": lambda view: view.three_sentences,
    "weakest_words": lambda view: _weakest(view.nearest),
    "weakest_words_in_text": lambda view: _weakest(view.nearest_in_text),
    "contrast": lambda view: view.contrast,
    "contrast_words": lambda view: view.contrast_words,
    # Whether it is about the same things.
    "names_missing": lambda view: view.missing_names(view.text_content, view.text_groups),
    # Numbers, directions, negations.
    "numbers_differ": lambda view: view.numbers[1],
    "numbers_missing": lambda view: view.numbers[2],
    "directions_agree": lambda view: view.directions[0],
    "directions_oppose": lambda view: view.directions[1],
    "antonym": lambda view: view.antonym,
    "negation_differs": lambda view: float((view.asked.negations + view.said.negations) % 2),
    # How it is said.
    "hedged": lambda view: float(view.said.hedges > view.asked.hedges),
    "sweeping": lambda view: float(bool(view.asked.sweeping - view.said.sweeping)),
    "aim": lambda view: float(view.said.aim or view.said.question),
    # Among many sentences one comes close by chance.
    "sentences": lambda view: log2(len(view.sentences)),
}
"""By the names that a model file uses."""
