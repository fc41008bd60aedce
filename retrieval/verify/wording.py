"""What a sentence says, as far as its words tell: content, names, numbers, directions and what turns them around."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from retrieval.analysis import Analyzer, fold
from retrieval.synonyms import Synonyms
from retrieval.verify.lexicon import Direction, Lexicon

_REACH: Final = 4
"""Words after a negation, at most, that it turns around."""
_AROUND: Final = 5
"""Words on either side of a direction that tell what it is about."""

_NUMBER = re.compile(
    r"(?<![\w.])(?<![^\W\d_]-)(?P<value>\d+(?:[.,·]\d+)*)"
    r"(?:\s*(?P<unit>%|percent\b|per cent\b|-?fold\b|‰|°C?|[µμ]?[mnk]?g\b|[mµμn]?[lL]\b"
    r"|mmol|nmol|mg/\w+|years?|months?|weeks?|days?|hours?|minutes?|patients|cases|mm\b|cm\b|[µμn]m\b|kDa))?",
)
_WORDED = {word: float(i) for i, word in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve".split())} | {
    "half": 0.5, "twice": 2.0, "twofold": 2.0, "threefold": 3.0, "double": 2.0, "triple": 3.0}  # fmt: skip
_PROBABILITY = re.compile(r"\bp\s*(?:-?value)?\s*[<>=≤≥]+\s*$", re.IGNORECASE)
_NAME = re.compile(r"(?=\w*\d)(?=\w*[^\W\d_])|\w*[a-z]\w*[A-Z]|[A-Z]{2}")
_TOKEN = re.compile(r"n't\b|[^\W_]+(?:[-/.'’][^\W_]+)*")
_COUNTED = re.compile(r"[\d.]+(?:mg|ug|g|kg|ml|fold|year|day|week|month|h|mm|cm|mgday)?|p")
_TURNERS_BACK = frozenset(("only", "just", "merely"))
"""After "not" they turn nothing around: "not only"."""


class Number(NamedTuple):
    value: float
    unit: str
    """As written but for case and plural; "" where there is none."""


class Directed(NamedTuple):
    """A word of direction, negations counted in, and the terms about which it speaks."""

    axis: str
    sign: int
    place: int
    about: frozenset[str]


class Wording(NamedTuple):
    text: str
    words: tuple[str, ...]
    """All words in small letters, folded, in order."""
    terms: tuple[str, ...]
    """Content terms in order: neither stop words nor numbers, nor words of negation or hedging; repeats kept."""
    content: frozenset[str]
    groups: frozenset[str]
    """Names of the vocabulary's groups that it names, in whatever way."""
    covered_by: Mapping[str, str]
    """A term that belongs to a name of the vocabulary -> that group's name."""
    names: frozenset[str]
    """Terms written as names: HER2, p53, mTOR; not one that explains the words before it: "kidney disease (CKD)"."""
    numbers: tuple[Number, ...]
    directed: tuple[Directed, ...]
    negations: int
    hedges: int
    sweeping: frozenset[str]
    aim: bool
    question: bool


class WordingReader:
    """Reads sentences; `lexicon` and `synonyms` are of the same analyzer. Safe to use from several threads."""

    def __init__(self, analyzer: Analyzer, lexicon: Lexicon, synonyms: Synonyms) -> None:
        self._analyzer = analyzer
        self._lexicon = lexicon
        self._synonyms = synonyms

    def read(self, text: str) -> Wording:
        lexicon = self._lexicon
        found_tokens = list(_TOKEN.finditer(text.replace("’", "'")))
        tokens = [match.group() for match in found_tokens]
        words = [fold(token) for token in tokens]
        explained = {i for i, match in enumerate(found_tokens) if text[match.start() - 1 : match.start()] == "("}
        split = [[] if word.endswith("n't") else self._analyzer.terms(word) for word in words]
        turning = [i for i, word in enumerate(words) if self._turns(words, i)]
        content: list[str] = []
        content_at: list[tuple[str, ...]] = []
        names: set[str] = set()
        for i, (word, terms) in enumerate(zip(words, split, strict=True)):
            kept: tuple[str, ...] = ()
            if word not in lexicon.negations and word not in lexicon.hedges and word not in _WORDED:
                told = frozenset(self._analyzer.telling_terms(word)) if terms else ()
                kept = tuple(term for term in terms if term in told and not _COUNTED.fullmatch(term))
                kept = (lexicon.same[word],) if word in lexicon.same else kept
            content_at.append(kept)
            content += kept
            if kept and self._names_something(word) and i not in explained and _NAME.match(tokens[i]):
                names.add(kept[-1])
        directed = tuple(self._directed(words, split, content_at, turning))
        found = self._synonyms.find(text, [(0, len(text))])
        covered_by = {
            term: match.group.name for match in found for term in self._analyzer.terms(text[match.start : match.end])
        }
        return Wording(
            text=text,
            words=tuple(words),
            terms=tuple(content),
            content=frozenset(content),
            groups=frozenset(match.group.name for match in found),
            covered_by=covered_by,
            names=frozenset(names),
            numbers=tuple(_numbers(text, words)),
            directed=directed,
            negations=len(turning),
            hedges=sum(word in lexicon.hedges for word in words),
            sweeping=frozenset(words) & lexicon.sweeping,
            aim=any(word in lexicon.aims for word in words),
            question=text.rstrip().endswith("?"),
        )

    def _names_something(self, word: str) -> bool:
        """Not a dose, and not the subject of a whole literature, which a sentence of it need not name again."""
        return not word[0].isdigit() and word not in self._lexicon.same

    def _turns(self, words: Sequence[str], i: int) -> bool:
        if words[i] not in self._lexicon.negations and not words[i].endswith("n't"):
            return False
        return not (i + 1 < len(words) and words[i + 1] in _TURNERS_BACK)

    def _directed(
        self,
        words: Sequence[str],
        split: Sequence[Sequence[str]],
        content: list[tuple[str, ...]],
        turning: Sequence[int],
    ) -> Iterator[Directed]:
        for i, (word, terms) in enumerate(zip(words, split, strict=True)):
            found: Direction | None = self._lexicon.direction(word, terms[-1]) if terms else None
            if found is None or word in self._lexicon.negations:
                continue
            negated = sum(0 < i - n <= _REACH for n in turning)
            near = content[max(0, i - _AROUND) : i] + content[i + 1 : i + 1 + _AROUND]
            about = frozenset(term for kept in near for term in kept)
            yield Directed(found.axis, found.sign * (-1) ** negated, i, about)


def _numbers(text: str, words: Sequence[str]) -> Iterator[Number]:
    for match in _NUMBER.finditer(text):
        if _PROBABILITY.search(text, 0, match.start()):
            continue
        raw = match["value"].replace("·", ".")
        raw = raw.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", raw) else raw.replace(",", ".")
        if raw.count(".") > 1:
            continue
        unit = (match["unit"] or "").lower().lstrip("-").removesuffix("s")
        yield Number(float(raw), {"percent": "%", "per cent": "%"}.get(unit, unit))
    for word in words:
        if word in _WORDED and word != "one":
            yield Number(_WORDED[word], "")
