"""The query language: plain words, "phrases", -exclusions and field:value.

    lung adenocarcinoma "PD-L1 expression" -mouse title:review year:2015..2020 type:"Case Reports"

Plain words rank. Everything else is a condition that every hit meets, on every leg; the words of phrases and of
title: conditions rank as well. Typographic quotes and dashes mean what their plain forms mean; a dash is an exclusion
only right before a word or a phrase that is not a number, for that is its sign (-80 degrees). An item that breaks these
rules counts as words, a query whose quotation marks do not pair as words altogether; a notice says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final, Literal

from retrieval.errors import InputError
from retrieval.records import Filters, IntegrityStatus, Record

LONGEST_QUERY: Final = 10_000
"""Characters; a longer text is a document, not a question."""

_PROBLEMS_NAMED: Final = 3
_LONGEST_PMID: Final = 16  # digits, those of the largest key

TextField = Literal["text", "title"]
KeywordField = Literal["mesh", "journal", "author", "type", "language", "species", "organ", "study", "integrity", "doi"]

FIELDS: Final = {
    "title": "words of the title",
    "text": "words of title or abstract, in a row",
    "mesh": "a MeSH heading, whole, and those below it",
    "journal": "a journal's title, abbreviation or ISSN",
    "author": 'a last name, with or without initials: author:"Smith JA"',
    "type": 'a publication type: type:"Case Reports"',
    "language": "a three-letter code: eng",
    "species": "human, animal, mouse and others",
    "organ": "lung, breast, colorectum and others",
    "study": 'a study type: study:"case report"',
    "integrity": "a standing: ok, retracted, corrected and others",
    "year": "a year or a range: 2015..2020, 2015.., ..2020",
    "pmid": "a PubMed id",
    "doi": "a DOI",
}

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_ITEM = re.compile(
    r'(?P<minus>[-\u2010-\u2014\u2212]+(?=["\w(\[])(?!\d+(?:[.,]\d+)*(?![\w-])))?(?:(?P<field>[A-Za-z]+):(?=\S))?'
    r'(?:"(?P<phrase>[^"]*)"[,.;?!]*|(?P<word>[^\s"]+))(?=\s|$)\s*'
)
_YEARS = re.compile(r"(?P<from>\d{4})?(?P<range>\.\.|-)?(?P<to>\d{4})?")


class Clause(Record, frozen=True):
    """A condition on one field. Text fields match the value's terms in a row, keyword fields the whole value."""

    field: TextField | KeywordField | Literal["year", "pmid"]
    value: str
    year_from: int | None = None
    year_to: int | None = None


class Constraint(Record, frozen=True):
    """All conditions that a hit meets: the caller's filters and the query's own clauses."""

    filters: Filters = Filters()
    required: tuple[Clause, ...] = ()
    excluded: tuple[Clause, ...] = ()


class ParsedQuery(Record, frozen=True):
    ranking_text: str
    """The words that rank; empty where the query holds conditions only."""
    plain: tuple[tuple[int, int], ...]
    """Where in it plain words stand, (start, end) of each stretch; the rest are words of phrases and title:."""
    constraint: Constraint
    interpretation: str
    notices: tuple[str, ...] = ()


class _SyntaxProblemError(Exception):
    """Of a whole query, or of one item."""


def parse_query(text: str, filters: Filters) -> ParsedQuery:
    """Understand a query; never fails on its syntax. InputError for an empty or an overlong one."""
    text = " ".join(text.translate(_QUOTES).split())
    words = _words(text)
    if not words:
        raise InputError("the query is empty; give at least one word to look for")
    if len(text) > LONGEST_QUERY:
        raise InputError(
            f"the query has {len(text):,} characters; the limit is {LONGEST_QUERY:,}; ask with a sentence or two"
        )
    try:
        return _parse(text, filters)
    except _SyntaxProblemError as exc:
        return ParsedQuery(
            ranking_text=words,
            plain=((0, len(words)),),
            constraint=Constraint(filters=filters),
            interpretation=words,
            notices=(f"Searched as plain words: {exc}.",),
        )


def _words(text: str) -> str:
    return " ".join(text.replace('"', " ").split())


def _parse(text: str, filters: Filters) -> ParsedQuery:
    ranking: list[tuple[str, bool]] = []
    shown: list[str] = []
    required: list[Clause] = []
    excluded: list[Clause] = []
    problems: dict[str, None] = {}
    position = 0
    while position < len(text):
        match = _ITEM.match(text, position)
        if match is None:
            raise _SyntaxProblemError(_reason(text[position:]))
        position = match.end()
        field, minus = match["field"], bool(match["minus"])
        value = match["word"] if match["phrase"] is None else match["phrase"].strip()
        if field is None and match["phrase"] is None and not minus:
            ranking.append((value, True))
            shown.append(value)
            continue
        try:
            clause = _clause(field, value)
        except _SyntaxProblemError as exc:
            problems[str(exc)] = None
            words = _words(match.group().removeprefix(match["minus"] or "")) if _says_something(value) else value
            if not minus:
                ranking.append((words, True))
                shown.append(words)
            elif _says_something(words):
                excluded.append(Clause(field="text", value=words))
                shown.append(f'-"{words}"')
            continue
        (excluded if minus else required).append(clause)
        if not minus and clause.field in ("text", "title"):
            ranking.append((value, False))
        shown.append(("-" if minus else "") + (f"{field.lower()}:" if field else "") + _quoted(value, match["phrase"]))
    ranking = [(words, is_plain) for words, is_plain in ranking if words]
    if not ranking and not required:
        raise _SyntaxProblemError(next(iter(problems), "it only says what to leave out"))
    return ParsedQuery(
        ranking_text=" ".join(words for words, _ in ranking),
        plain=tuple(_plain(ranking)),
        constraint=Constraint(filters=filters, required=tuple(required), excluded=tuple(excluded)),
        interpretation=" ".join(filter(None, shown)),
        notices=tuple(_notices(list(problems))),
    )


def _plain(ranking: list[tuple[str, bool]]) -> Iterator[tuple[int, int]]:
    """The stretches of plain words in the ranking text; neighbours are one, so that a name of two words is whole."""
    end = -1
    for is_plain, items in groupby(ranking, key=lambda item: item[1]):
        start = end + 1
        end = start + len(" ".join(words for words, _ in items))
        if is_plain:
            yield start, end


def _notices(problems: list[str]) -> Iterator[str]:
    for problem in problems[:_PROBLEMS_NAMED]:
        yield f"Searched as plain words: {problem}."
    if len(problems) > _PROBLEMS_NAMED:
        yield f"Searched as plain words: {len(problems) - _PROBLEMS_NAMED:,} more items."


def _reason(rest: str) -> str:
    if rest.count('"') % 2:
        return 'a quotation mark " is never closed'
    return f"a quotation mark stands inside a word, near {rest[:20]!r}"


def _says_something(value: str) -> bool:
    return any(c.isalnum() for c in value)


def _quoted(value: str, phrase: str | None) -> str:
    return value if phrase is None else f'"{value}"'


def _clause(field: str | None, value: str) -> Clause:
    name = (field or "text").lower()
    if not _says_something(value):
        raise _SyntaxProblemError(f"nothing to look for in {_quoted(value, value)}")
    match name:
        case "text" | "title" | "mesh" | "journal" | "author" | "type" | "language" | "doi":
            return Clause(field=name, value=value)
        case "species" | "organ" | "study":
            return Clause(field=name, value=value)
        case "integrity":
            return _integrity_clause(value)
        case "pmid":
            if not value.isdecimal() or len(value) > _LONGEST_PMID:
                raise _SyntaxProblemError(f"pmid: takes digits, {_LONGEST_PMID} at most, not {value[:40]!r}")
            return Clause(field="pmid", value=value)
        case "year":
            return _year_clause(value)
        case _:
            raise _SyntaxProblemError(f"there is no field {field!r} (fields: {', '.join(FIELDS)})")


def _integrity_clause(value: str) -> Clause:
    status = value.lower().replace(" ", "_")
    if status not in list(IntegrityStatus):
        raise _SyntaxProblemError(f"integrity: takes {', '.join(IntegrityStatus)}, not {value[:40]!r}")
    return Clause(field="integrity", value=status)


def _year_clause(value: str) -> Clause:
    match = _YEARS.fullmatch(value)
    if match is None or not (match["from"] or match["to"]) or (match["from"] and match["to"] and not match["range"]):
        raise _SyntaxProblemError(f"year: takes 2015, 2015..2020, 2015.. or ..2020, not {value!r}")
    first = int(match["from"]) if match["from"] else None
    last = int(match["to"]) if match["to"] else None
    if not match["range"]:
        first = last = last if first is None else first
    if first is not None and last is not None and first > last:
        raise _SyntaxProblemError(f"year:{value} runs backwards")
    return Clause(field="year", value=value, year_from=first, year_to=last)
