"""Text to terms: the one analyzer. Every engine indexes the terms it returns as they are, so all engines rank alike.

Words are found by one compiled pattern; what a word becomes is worked out once and remembered, because biomedical text
repeats itself: the steady state is a split at blanks and a dictionary look-up per word.

    PD-L1            -> pd l1 + pdl1       a hyphenated or numbered name is found in part and whole
    HER2/neu         -> her2 neu + her2neu
    TGF-β            -> tgf beta + tgfbeta Greek letters are spelled out
    tumours, tumors  -> tumor              UK and US spellings meet, then words without digits are stemmed
    Sjögren's        -> sjogren            accents and possessives go
    3.5              -> 3.5                numbers stay whole
    catalase, HRAS   -> catalase, hras     names of markers that the vocabulary gives are never stemmed

Parts stand in a row, as the text has them, and whole forms beside the row. So a phrase is the same with hyphens and
without them: "lung cancer" is in "lung cancer-related", "tumor-infiltrating cells" in "tumor infiltrating cells".
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from importlib.metadata import version
from typing import Final, NamedTuple

import Stemmer

from retrieval.spelling import american, rules

_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_APOSTROPHES = "'\u2019\u02bc"
# A word starts and ends with a letter or digit; inside it hyphens, slashes, dots and apostrophes may join its parts.
_WORD = re.compile(rf"[^\W_]+(?:[{_HYPHENS}/.{_APOSTROPHES}][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_INNER = re.compile(rf"[.{_APOSTROPHES}]")
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}]s(?![^\W_])")

_GREEK = {
    letter: unicodedata.name(letter).rsplit(" ", 1)[-1].lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικλμνξοπρστυφχψω"
} | {"ς": "sigma", "ϕ": "phi", "ϵ": "epsilon", "ϑ": "theta"}
_FOLD = str.maketrans(_GREEK | {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})

_STOP_WORDS = (
    "a about above after again against all also although am among an and any are as at be because been before being "
    "below between both but by can could did do does doing done due during each either else ever few for from "
    "further had has have having he her here hers him his how however if in into is it its itself just may me might "
    "more most much must my neither no nor not of off on once only onto or other our ours out over own per rather "
    "same she should since so some such than that the their theirs them then there therefore these they this those "
    "through thus to too toward towards under until up upon us very via was we were what when where whether which "
    "while who whom whose why will with within without would yet you your yours"
)

_BOUNDARY = " ¶ "
_WHOLE = "|"
"""Set around a compound's whole form in what a word becomes: "pd l1|pdl1|". No term holds it."""
_PUNCTUATION = '.,;:()[]%"?'

_CACHE_LIMIT = 1_000_000
_SHORTEST_WITH_PLURAL = 4
"""Letters of a symbol that has a plural: "has" is none of the symbol "ha"."""
_LONGEST_TERM = 64
"""Longer runs of letters are sequences or rubbish; they are cut, not dropped, so that they stay findable."""


class _Emissions(dict[str, str]):
    """Lower-case run of non-blanks -> what it becomes: "(her2,pd-l1)" -> " her2 pd l1|pdl1|"; worked out once and kept.

    Keyed by what stands between blanks, punctuation and all, because str.split is four times faster than the pattern.
    A blank stands before each term of the row, so that joining needs no look at what emits nothing.
    """

    def __init__(self, symbols: frozenset[str]) -> None:
        super().__init__()
        self._stems = _Stems(symbols)

    def __missing__(self, run: str) -> str:
        bare = run.strip(_PUNCTUATION)
        if bare.isalnum() and bare.isascii():
            # Nine of ten runs are one plain word; they need no pattern.
            emitted = self._stems[bare]
        elif _NUMBER.fullmatch(bare):
            emitted = f" {bare[:_LONGEST_TERM]}"
        else:
            emitted = "".join(map(self._word, _WORD.findall(run)))
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        self[run] = emitted
        return emitted

    def kept_from_stemming(self) -> list[str]:
        return self._stems.kept_from_stemming()

    def _word(self, word: str) -> str:
        """What one word that the pattern found becomes: its parts, then its whole form where it has one."""
        if not word.isascii():
            # A letter may stand for several words (ﷺ); it stays one term.
            word = fold(word).replace(" ", "")
        if word.isalnum():
            return self._stems[word]
        if _NUMBER.fullmatch(word):
            return f" {word[:_LONGEST_TERM]}"
        if "'" in word or "\u2019" in word or "\u02bc" in word:
            word = _POSSESSIVE.sub("", word)
        parts = [part for part in word.replace("/", "-").split("-") if part]
        row = "".join(map(self._part, parts))
        # A slash joins alternatives (and/or, mg/kg) unless a digit says that it is inside a name (HER2/neu).
        if len(parts) > 1 and ("/" not in word or any(c.isdigit() for c in word)):
            whole = self._stems[_INNER.sub("", "".join(parts))]
            return f"{row}{_WHOLE}{whole[1:]}{_WHOLE}"
        return row

    def _part(self, part: str) -> str:
        """A part between hyphens: a number stays whole; a dot elsewhere is a missing space or an abbreviation."""
        if part.isalnum():
            return self._stems[part]
        if _NUMBER.fullmatch(part):
            return f" {part[:_LONGEST_TERM]}"
        return "".join([self._stems[piece] for piece in _INNER.split(part) if piece])


class _Stems(dict[str, str]):
    """Lower-case word -> a blank and its stem in US spelling; a word with a digit in it is a name and stays as it is.

    So do `symbols`, names without a digit; their plurals become them. The blank makes stems ready to be joined, see
    _Emissions.
    """

    def __init__(self, symbols: frozenset[str]) -> None:
        super().__init__()
        self._symbols = frozenset(map(american, symbols))
        # The stemmer's own cache is off: this dictionary is the cache.
        self._stem: Callable[[str], str] = Stemmer.Stemmer("english", 0).stemWord

    def __missing__(self, word: str) -> str:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        stem = self._stemmed(american(word)) if word.isalpha() else word
        kept = self[word] = f" {stem[:_LONGEST_TERM]}"
        return kept

    def _stemmed(self, word: str) -> str:
        if word in self._symbols:
            return word
        singular = word.removesuffix("s")
        return singular if singular in self._symbols and _has_plural(singular) else self._stem(word)

    def kept_from_stemming(self) -> list[str]:
        """The symbols that would become another term without being symbols; they alone change what is indexed."""
        return sorted(
            word
            for word in self._symbols
            if self._stem(word) != word or (_has_plural(word) and self._stem(f"{word}s") != word)
        )


def _has_plural(symbol: str) -> bool:
    return len(symbol) >= _SHORTEST_WITH_PLURAL and not symbol.endswith("s")


def fold(text: str) -> str:
    """Plain lower-case letters: compatibility forms (₂, ﬁ) resolved, accents dropped, Greek letters spelled out."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).lower()
    # Normalised again after the Greek table: an accented Greek letter is two characters by now.
    kept = "".join(c for c in decomposed.translate(_FOLD) if not unicodedata.combining(c))
    return re.sub(rf"[{_HYPHENS}]", "-", kept)


class Terms(NamedTuple):
    """What a text becomes, as an engine indexes it."""

    row: str
    """Terms in the order of the text, single spaces between them, compounds in their parts: for phrases, too."""
    wholes: list[str]
    """The whole forms of its compounds, in order; no phrase reaches from one to the next."""


def _terms(emitted: str) -> Terms:
    # Row and whole forms take turns between the marks.
    pieces = emitted.split(_WHOLE)
    return Terms("".join(pieces[::2])[1:], pieces[1::2])


class Analyzer:
    """Turns text into index terms; the same for documents and queries.

    Stop words are indexed, so that phrases are exact, and dropped from plain queries, where they would cost most of the
    time: measured on 5.3 million articles, 20 ms a query instead of 53.
    Titles weigh double in the combined field by standing in it twice, which costs no second scored field.
    `symbols` are names in small letters that must not be stemmed: those of the vocabulary's markers.
    """

    TITLE_WEIGHT: Final = 2
    _VERSION: Final = 3

    def __init__(self, symbols: frozenset[str] = frozenset()) -> None:
        self._emissions = _Emissions(symbols)
        self._stop_terms = frozenset(self.terms(_STOP_WORDS))

    @property
    def fingerprint(self) -> str:
        """Names this analyzer in a generation; changes whenever its terms may change.

        Besides the version it hashes the tables of letters and spellings, the symbols that the stemmer would change,
        and what becomes of a probe text, so that another stemmer release is noticed.
        """
        probe = self.text(
            "PD-L1 Ki-67 CD3 HER2/neu TGF-β1 tumours haematoxylin metastases Sjögren's 3.5 H₂O immunohistochemically"
            " analysed carcinomatous and/or generalised neoplasia well-differentiated p=0.05"
        )
        field = self.combine(self.text("title-1"), self.text("abstract-2"))
        tables = f"{_STOP_WORDS}|{sorted(_FOLD.items())}|{rules()}"
        symbols = self._emissions.kept_from_stemming()
        digest = hashlib.sha256(f"{tables}|{probe}|{field}|{symbols}".encode()).hexdigest()[:12]
        return f"pathlit-english-{self._VERSION}-{digest}"

    @property
    def stemmer(self) -> str:
        """The stemmer's name and release, recorded beside the fingerprint for people to read."""
        return f"snowball-english PyStemmer {version('PyStemmer')}"

    def text(self, text: str) -> Terms:
        """All terms of a text, stop words included, ready for a whitespace tokenizer."""
        return _terms("".join(map(self._emissions.__getitem__, text.lower().split())))

    def terms(self, text: str) -> list[str]:
        """The same as one list: the row's terms in order, then the whole forms."""
        row, wholes = self.text(text)
        return row.split() + wholes

    def phrases(self, text: str) -> list[tuple[str, ...]]:
        """The rows of terms that a phrase is matched by, either of them; none where it holds no letter or digit.

        Its compounds in their parts, as rows have them, or else whole, as where the text is spelled without a hyphen.
        """
        words = [self._emissions[word].split(_WHOLE) for word in _WORD.findall(text.lower())]
        in_parts = [term for word in words for term in word[0].split()]
        whole = [term for word in words for term in word[len(word) > 1].split()]
        return [row for row in dict.fromkeys((tuple(in_parts), tuple(whole))) if row]

    def query_terms(self, text: str) -> list[str]:
        """The terms that a plain query scores: without stop words, unless it holds nothing else."""
        return self.telling_terms(text) or self.terms(text)

    def telling_terms(self, text: str) -> list[str]:
        """All terms but stop words."""
        return [term for term in self.terms(text) if term not in self._stop_terms]

    def combine(self, title: Terms, abstract: Terms) -> list[str]:
        """The scored field of an article, as values: title TITLE_WEIGHT times and abstract, then each whole form.

        Engines leave a gap of positions between values, and a mark that no text can hold stands between title and
        abstract, so that no phrase reaches from one into the next.
        """
        row = _BOUNDARY.join(filter(None, [title.row] * self.TITLE_WEIGHT + [abstract.row]))
        # Some engines leave an article without any term out of the number of articles that scores are worked out with.
        return [row or _BOUNDARY.strip(), *title.wholes * self.TITLE_WEIGHT, *abstract.wholes]

    def spans(self, text: str) -> list[tuple[int, int, tuple[str, ...]]]:
        """Each word's place and terms, a compound's whole form first: (start, end, terms), offsets in characters."""
        found = []
        for match in _WORD.finditer(text):
            row, wholes = _terms(self._emissions[match.group().lower()])
            found.append((match.start(), match.end(), (*wholes, *row.split())))
        return found
