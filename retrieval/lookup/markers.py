"""Citations that a text has already: [12-14], (Smith 2014), superscripts, identifiers, \\cite{key}, [@key].

Every pattern is bounded, so that no text takes long. A number in parentheses is a citation only where the text has a
reference of that number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from retrieval.lookup.records import Marker

_MOST_OF_A_RANGE: Final = 60
_NUMBERS: Final = r"\d{1,4}(?:\s?[,;–—‑-]\s?\d{1,4}){0,30}"
_BRACKETS: Final = re.compile(rf"\[\^?({_NUMBERS})\](?:\([^()\s]{{0,200}}\))?")
_PARENTHESES: Final = re.compile(rf"\(({_NUMBERS})\)")
_RAISED: Final = re.compile(
    rf"<sup>\s?\[?({_NUMBERS})\]?\s?</sup>|(?<=\S)\^({_NUMBERS})\^|(?<=[a-z]{{3}}[.,])({_NUMBERS})(?=\s|$)"
)
_SUPERSCRIPT_DIGITS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁽⁾", "0123456789-()")
# Behind a word or a stop; "cm²", "10³" and charges are no citations.
_SUPERSCRIPTS: Final = re.compile(
    r"(?<![\d⁰-⁹¹²³⁺⁻])(?:(?<=[^\W\d_]{3})|(?<=\w[.,;)\]]))[¹²³⁰⁴-⁹]{1,3}(?:[,⁻–-][¹²³⁰⁴-⁹]{1,3}){0,20}(?![⁺⁻\w])"
)
_TEX: Final = re.compile(r"\\[A-Za-z]{0,8}cite[A-Za-z]{0,10}\*?(?:\[[^\][]{0,80}\]){0,2}\{([^{}]{1,500})\}")
_PANDOC: Final = re.compile(r"\[([^\][]{0,60}@[^\][]{1,500})\]")
_PANDOC_KEY: Final = re.compile(r"@\{?([\w:.#$%&+?<>~/-]{1,100}[\w/])\}?")
_NAME: Final = r"[^\W\d_a-z][^\W\d_][\w'’-]{0,40}"
_YEAR: Final = r"(?:1[89]|20)\d\d[a-z]?"
_MONTH: Final = (
    r"(?!(?:January|February|March|April|May|June|July|August|September|October|November|December|In|Since|Until)\b)"
)
_ONE: Final = re.compile(
    rf"(?:(?:see|e\.g\.|cf\.|reviewed\s(?:in|by)|also)[,\s]{{1,3}}){{0,2}}{_MONTH}({_NAME})(?:[\s,&][^\d;]{{0,80}}?)?,?\s"
    rf"({_YEAR}(?:,\s?{_YEAR}){{0,4}})(?:[,:]\s?pp?\.\s?[\d–-]{{1,12}})?"
)
_IN_PARENTHESES: Final = re.compile(r"\(([^()]{6,400})\)|\[([^\][]{6,400})\]")
_NARRATIVE: Final = re.compile(
    rf"\b{_MONTH}({_NAME})(?:\s(?:et\sal\.?|and\scolleagues|(?:and|&)\s{_NAME}))?,?\s[(\[]({_YEAR}(?:,\s?{_YEAR}){{0,4}})[)\]]"
)
_IDENTIFIER: Final = re.compile(
    r"[(\[]?(?:(?:https?://)?pubmed\.ncbi\.nlm\.nih\.gov/(?P<a>\d{1,9})/?|PMID\s?:?\s?(?P<b>\d{1,9})\b"
    r"|(?:PMCID\s?:\s?|https?://(?:www\.)?(?:pmc\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pmc)/articles/)?\b(?P<c>PMC\d{2,10})\b/?"
    r"|(?:https?://(?:dx\.)?doi\.org/|\bdoi\s?:?\s?)?\b(?P<d>10\.\d{4,9}/[^\s<>\"\]},;]{1,200}))",
    re.IGNORECASE,
)


def find_markers(text: str, offset: int = 0, known: frozenset[str] = frozenset()) -> tuple[Marker, ...]:
    """The markers of a sentence in their order, apart; `offset` is where it begins, `known` numbers of references."""
    found: list[Marker] = []
    for marker in _candidates(text, offset, known):
        if all(marker.end <= other.start or marker.start >= other.end for other in found):
            found.append(marker)
    return tuple(sorted(found, key=lambda marker: marker.start))


def without_markers(text: str, markers: tuple[Marker, ...], offset: int = 0) -> str:
    """The sentence as it would stand without them; of "Smith et al. (2014)" nothing stays."""
    for marker in reversed(markers):
        text = text[: marker.start - offset] + " " + text[marker.end - offset :]
    text = re.sub(r"[(\[]\s*[,;]?\s*[)\]]", " ", " ".join(text.split()))
    return re.sub(r"\s+([,.;:?!)])", r"\1", " ".join(text.split())).strip(" ,;")


def _candidates(text: str, offset: int, known: frozenset[str]) -> Iterator[Marker]:
    def marker(kind: str, match: re.Match[str], keys: tuple[str, ...]) -> Marker:
        return Marker(kind, match.group(), offset + match.start(), offset + match.end(), keys)  # type: ignore[arg-type]

    for match in _TEX.finditer(text):
        yield marker("key", match, tuple(key.strip() for key in match[1].split(",") if key.strip()))
    for match in _PANDOC.finditer(text):
        if keys := tuple(_PANDOC_KEY.findall(match[1])):
            yield marker("key", match, keys)
    for match in _IDENTIFIER.finditer(text):
        if found := _identifier(text, match, offset):
            yield found
    for match in _BRACKETS.finditer(text):
        yield marker("number", match, _numbers(match[1]))
    for match in _RAISED.finditer(text):
        yield marker("number", match, _numbers(match[1] or match[2] or match[3]))
    for match in _SUPERSCRIPTS.finditer(text):
        yield marker("number", match, _numbers(match.group().translate(_SUPERSCRIPT_DIGITS)))
    for match in _PARENTHESES.finditer(text):
        if (keys := _numbers(match[1])) and known.issuperset(keys):
            yield marker("number", match, keys)
    for match in _IN_PARENTHESES.finditer(text):
        parts = [_ONE.fullmatch(" ".join(part.split())) for part in (match[1] or match[2]).split(";")]
        if keys := tuple(key for part in parts if part for key in _author_years(part)):
            yield marker("author_year", match, keys)
    for match in _NARRATIVE.finditer(text):
        yield marker("author_year", match, _author_years(match))


def _author_years(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(f"{match[1].lower()} {year.strip()}" for year in match[2].split(","))


def _identifier(text: str, match: re.Match[str], offset: int) -> Marker | None:
    start, end = match.span()
    if pmid := match["a"] or match["b"]:
        key = f"PMID: {pmid}"
    elif match["c"]:
        key = match["c"].upper()
    else:
        doi = match["d"]
        bare = doi.rstrip(".,:)") if doi.count("(") < doi.count(")") else doi.rstrip(".,:")
        end -= len(doi) - len(bare)
        key = f"doi:{bare.lower()}"
    opening = text[start] if text[start] in "([" else ""
    if opening and end < len(text) and text[end] in ")]":
        end += 1
    elif opening:
        start += 1
    return Marker("identifier", text[start:end], offset + start, offset + end, (key,)) if end > start else None


def _numbers(listed: str) -> tuple[str, ...]:
    """ "1, 3-5" as 1, 3, 4, 5; of a range that runs backwards, or on and on, only its ends."""
    numbers: list[int] = []
    parts = re.split(r"\s?([,;–—‑-])\s?", listed)
    for place in range(0, len(parts), 2):
        number = int(parts[place])
        is_range = place > 0 and parts[place - 1] not in ",;"
        if is_range and 0 < number - numbers[-1] <= _MOST_OF_A_RANGE:
            numbers += range(numbers[-1] + 1, number)
        numbers.append(number)
    return tuple(dict.fromkeys(str(number) for number in numbers))
