"""Where sentences begin and end, in character offsets that stay exact.

One pattern finds every stop that a blank and a likely beginning follow; only at a full stop is the word before it
looked at. Where that word leaves it open (an initial, "et al."), the next word decides: "We" opens a sentence, "Smith"
may be a name. pysbd 0.3.4 finds the same sentences (1,008 of the 1,025 that SciFact marks, 1,010 here) but takes
6.8 ms an abstract where this takes 0.02.
"""

from __future__ import annotations

import re

# Begins with one set of characters, so that the engine skips to it, and repeats are bounded: linear on any input.
_BREAK = re.compile(
    r"""
    [.?!…\n] (?:
        (?<=\n)
      | [.?!…]{0,8}+ (?:\[\d[\d,–-]{0,20}\])? ["'”’»)\]}]{0,4}+ [^\S\n]++ (?:  # closing signs, a reference such as [3]
            (?= [^\W\d_a-z] | \d | ["'“‘«(\[{<>≥≤±~+-] )  # a capital, a number, an opening sign
          | (?= [a-z]{1,3}[A-Z0-9] | [a-z]-[A-Z] )        # p53, mTOR, miR-21
          | (?<= [a-z]{4}\.\ ) (?= [a-z] )                # a whole word before: an old record typed without capitals
        )
    )
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS_AND_DOTS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_ENUMERATOR = re.compile(r"[(\[]?(?:\d{1,3}|[ivxIVX]{1,4}|[^\W\d_])[)\]]?")
# "p. V600E", "c. 1799T>A"; the stop is no part of the notation, but common.
_VARIANT = re.compile(r"\(?[A-Z](?:[a-z]{2})?\d+[A-Zdf*=]|\(?\d[\d+_-]{0,12} ?(?:[ACGT]>|del|ins|dup)")
_VOLUME = re.compile(r"\d{1,4}[;,:]\s?\d|\d{1,3}\(")

_LONGEST = 6
"""Letters of the longest abbreviation below."""
# In lower case, without the last stop. They lead to what follows; no sentence ends with them.
_NEVER_LAST = frozenset(
    "e.g i.e eg ie vs v.s cf viz approx ca resp incl excl prof fig figs eq eqs ref refs vol vols pp suppl a.k.a phil "
    "dept univ conc concn temp appr".split()
)
_TITLES = frozenset(("Dr", "Drs", "Mr", "Mrs", "Ms", "St", "Tab", "Sect"))
_BEFORE_NUMBERS = frozenset("no nos nr art pt pts ser cat lot ed".split())
_VARIANT_KINDS = frozenset("cgmnpr")
_MAYBE_LAST = frozenset("al etc sp spp ssp subsp var inc ltd co corp jr sr ph.d m.d b.sc m.sc".split())
# "group B. Patients" and "10 h. Secondary", but "by J. Smith".
_BEFORE_LETTERS = re.compile(r"(?:.*\d\S{0,3}|(?!(?:and|by|of|from|to|with|for|in|the|or|a|an|vs|et)\b)[a-z]+|"
                             r"Arms?|Groups?|Types?|Vitamins?|Hepatitis|Parts?|Grades?|Stages?|Factors?)")  # fmt: skip
_OPENERS = frozenset(
    "A After All Although Among An And Another Are As At Based Because Before Between Both But By Can Compared "
    "Conclusion Conclusions Data Despite Due During Each Finally Findings First Five For Four From Further Furthermore "
    "Given Here Hence How However If In Interestingly Is It Its Many Methods Moreover Most Neither No None Nor Of On "
    "One Only Other Our Overall Patients Previous Recent Recently Results Second Several Seven Significant "
    "Similarly Since Six Some Specifically Such Taken That The Their Then There Therefore These They This Those Three "
    "Through Thus To Together Two Under Until Up Using We What When Where Whereas Whether Which While With Within "
    "Yet You".split()
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence: in order, apart, without blanks around, together every non-blank character.

    A newline always ends a sentence. `text[start:end]` is the sentence, its closing quotes and brackets included.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _BREAK.finditer(text):
        stop, after = found.span()
        if text[stop] != "." or _ends(text, start, stop, after):
            _append(spans, text, start, after)
            start = after
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end].rstrip()
    bare = piece.lstrip()
    if bare:
        end = start + len(piece)
        spans.append((end - len(bare), end))


def _ends(text: str, start: int, stop: int, after: int) -> bool:
    """Whether the full stop at `stop` ends the sentence begun at `start`; `after` is where the next one would begin."""
    if text[max(start, stop - _LONGEST - 1) : stop].isalpha():
        return True  # a word longer than any abbreviation
    # The last two words lie in a window: an abbreviation is short, and of the word before it the end is enough.
    words = text[max(start, stop - 32) : stop].split()
    word = words[-1].lstrip("([{\"'“‘<") if words else ""
    if not 0 < len(word) <= _LONGEST:
        return True
    if stop - start < 8 and len(words) == 1 and _ENUMERATOR.fullmatch(words[0]):
        return False
    lower = word.lower()
    if lower in _NEVER_LAST or word in _TITLES:
        return False
    if text[after].isdigit() and (word == "0" or lower in _BEFORE_NUMBERS or _VOLUME.match(text, after)):
        return False  # "P = 0. 05", as some typesetters have it; "no. 5"; "Cancer Res. 12, 345"
    if lower in _MAYBE_LAST:
        return _opens(text, after)
    if _LETTERS_AND_DOTS.fullmatch(word):
        if word in _VARIANT_KINDS and _VARIANT.match(text, after):
            return False
        lettered = len(word) == 1 and len(words) > 1 and _BEFORE_LETTERS.fullmatch(words[-2])
        return bool(lettered) or _opens(text, after)
    return True


def _opens(text: str, after: int) -> bool:
    """Whether the word there seldom does anything but open a sentence."""
    word = _WORD.match(text, after)
    return word is not None and word.group() in _OPENERS
