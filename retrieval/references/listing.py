"""One text with many references becomes its items: a numbered list, paragraphs, or lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_NUMBER: Final = re.compile(r"\s{0,8}(?:\[(\d{1,4})\]|\((\d{1,4})\)|(\d{1,4})[.)])(?:\s+|$)")
_BULLET: Final = re.compile(r"\s{0,8}[-*•‣·–]\s+")
_IDENTIFIER: Final = re.compile(
    r"(?:PMID\s*:?\s*)?[0-9]{1,9}|(?:PMCID\s*:?\s*)?PMC[0-9]{2,10}(?:\.[0-9]+)?"
    r"|(?:https?://(?:dx\.)?doi\.org/|doi\s*:\s*)?10\.[0-9]{4,9}/[^\s,;]+",
    re.IGNORECASE,
)
_DATED: Final = re.compile(r"\b(?:1[89]|20)[0-9]{2}\b|\b10\.[0-9]{4,9}/|\bPMC?(?:ID)?\s*:?\s*[0-9]{2,}")
_GAP: Final = 9
"""Numbers of a list that may be missing; a larger step is a year or a page at the beginning of a line."""


class Item(NamedTuple):
    label: str
    text: str


def items(text: str) -> list[Item]:
    """The references of a text in their order. Nothing but blanks, numbers and bullets is left out."""
    lines = text.splitlines()
    found = _numbered(lines) or _bulleted(lines) or [Item("", part) for part in _unmarked(lines)]
    return [Item(item.label, one) for item in found for one in _identifiers(" ".join(item.text.split()))]


def _numbered(lines: list[str]) -> list[Item]:
    """The items of a list whose numbers rise, or none; what stands above the first number is an item, too."""
    started: list[tuple[str, list[str]]] = []
    last: int | None = None
    for line in lines:
        match = _NUMBER.match(line)
        number = int(match[1] or match[2] or match[3]) if match else 0
        if match and (last < number <= last + _GAP if last is not None else number <= 1 + _GAP):
            started.append((str(number), [line[match.end() :]]))
            last = number
        elif started:
            started[-1][1].append(line)
        elif line.strip():
            started.append(("", [line]))
    if last is None:
        return []
    return [Item(label, " ".join(parts)) for label, parts in started if label or any(map(str.strip, parts))]


def _bulleted(lines: list[str]) -> list[Item]:
    filled = [line for line in lines if line.strip()]
    if not filled or not _BULLET.match(filled[0]):
        return []
    found: list[str] = []
    for line in filled:
        match = _BULLET.match(line)
        if match:
            found.append(line[match.end() :])
        else:
            found[-1] += " " + line
    return [Item("", text) for text in found]


def _unmarked(lines: list[str]) -> Iterator[str]:
    """Paragraphs where blank lines part them, otherwise lines; an indented line goes on with the one before.

    A paragraph in which every line has a year or an identifier of its own is one of lines, too.
    """
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    filled = [paragraph for paragraph in paragraphs if paragraph]
    for paragraph in filled:
        if len(filled) > 1 and not all(map(_says_when, paragraph)):
            yield " ".join(paragraph)
            continue
        joined: list[str] = []
        for line in paragraph:
            if joined and line[0].isspace() and not paragraph[0][0].isspace():
                joined[-1] += " " + line
            else:
                joined.append(line)
        yield from joined


def _says_when(line: str) -> bool:
    return bool(_DATED.search(line) or _IDENTIFIER.fullmatch(line.strip()))


def _identifiers(text: str) -> list[str]:
    """The parts of a row of identifiers, "29952771, 30582154"; any other text is one item."""
    parts = [part for part in re.split(r"\s*[,;]\s*|(?<=\d)\s+(?=\d)", text) if part]
    return parts if len(parts) > 1 and all(map(_IDENTIFIER.fullmatch, parts)) else [text]
