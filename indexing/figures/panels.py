"""The panels of a compound figure, found in its caption.

Captions name panels before their text ("(A) H&E. (B, C) Ki-67.") or after it ("H&E (A) and Ki-67 (B, C)."). Letters
in brackets also point elsewhere ("compare with (A)"), so labels count only as long as they go on from A without a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from retrieval.records import Panel

_DASH: Final = r"\s*[-‐‑–—−]\s*"
_JOIN: Final = r"(?:[,;]?\s+(?:and|&)\s+|\s*[,;/]\s*)"
_FORMS: Final = (
    r"\(\s*(?:panels?\s+)?(?P<list>{list})\s*\)",  # (A), (B, C), (D–F)
    r"\((?P<open>{list})\s*[:,;]\s",  # (A, H&E, ×200)
    r"(?:^|(?<=\s))(?P<half>{list})\)\s",  # A) H&E
    r"(?:^|(?<=[.;:\n]\s)|(?<=\n))(?:[Pp]anels?\s+)?(?P<bare>{list}){stop}\s+(?=\S)",  # A. H&E    A, H&E    A: H&E
)
_CASES: Final = {
    # A small letter before a full stop or a comma is more often a word, or a species, than a label.
    "A-Z": r"(?:[.,](?=\s+[A-Z0-9(])|:)",
    "a-z": r":",
}
_LONGEST_ASIDE: Final = 1000
_SENTENCE_END: Final = re.compile(r"[.;:\n]\s*$")
_AFTER_TRAILING: Final = re.compile(r"\s*(?:[,.;:)]|(?:and|or|&)\s|$)")
_FIRST_OF_SENTENCE: Final = re.compile(r"(?:.*[.;:]\s+|.*\n)", re.DOTALL)
_LEFT: Final = re.compile(r"[\s,.;:)]*(?:(?:and|&)\s+)?")
_RIGHT: Final = re.compile(r"(?:\s*[,;:(]|\s+(?:and|&)|\s+)*$")


class _Mark(NamedTuple):
    labels: tuple[str, ...]
    start: int
    end: int
    stop: int
    """Where a description inside the brackets ends; `end` where there is none."""


def find_panels(caption: str, bold: Iterable[tuple[int, int]] = ()) -> tuple[Panel, ...]:
    """The panels in the order of their labels, () for a figure that is not compound.

    `bold` are the caption's bold spans: a bold letter is a label, whatever stands around it.
    """
    spans = tuple(bold)
    found = [_series(_marks(caption, spans, case), case[0]) for case in _CASES]
    series = max(found, key=lambda marks: sum(len(mark.labels) for mark in marks))
    if sum(len(mark.labels) for mark in series) < 2:
        return ()
    panels = _trailing(caption, series) if _is_trailing(caption, series) else _leading(caption, series)
    return tuple(sorted(panels, key=lambda panel: panel.label))


def _marks(caption: str, bold: tuple[tuple[int, int], ...], case: str) -> list[_Mark]:
    """Everything that looks like a label, in order; where two overlap, the bold or the first one."""
    letter = rf"[{case}](?!\w)"
    item = rf"{letter}(?:{_DASH}{letter})?"
    letters = rf"{item}(?:{_JOIN}{item}){{0,25}}"
    alone = re.compile(rf"\W*(?P<list>{letters})\W*")
    marks = []
    for start, end in bold:
        if match := alone.fullmatch(caption[start:end]):
            if caption[:start].endswith("(") and caption.startswith(")", end):
                start, end = start - 1, end + 1
            marks.append(_Mark(_expanded(match["list"]), start, end, end))
    taken = bytearray(len(caption))
    for mark in marks:
        taken[mark.start : mark.end] = b"\1" * (mark.end - mark.start)
    depth = _bracket_depth(caption)
    for form in _FORMS:
        pattern = form.format(list=letters, stop=_CASES[case])
        for match in re.finditer(pattern, caption):
            kind = next(name for name, text in match.groupdict().items() if text)
            if any(taken[match.start() : match.end()]) or (kind == "half" and depth[match.start()] > 0):
                continue
            taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
            stop = match.end()
            if kind == "open":
                stop = 1 + caption.find(")", match.end(), match.end() + _LONGEST_ASIDE) or match.end()
            marks.append(_Mark(_expanded(match[kind]), match.start(), match.end(), stop))
    return sorted(marks, key=lambda mark: mark.start)


def _bracket_depth(caption: str) -> list[int]:
    """For each character how many brackets are open before it."""
    return list(accumulate(((letter == "(") - (letter == ")") for letter in caption), initial=0))


def _expanded(letters: str) -> tuple[str, ...]:
    """ "A, C–E" gives A, C, D, E; a range that runs backwards gives nothing."""
    labels: list[str] = []
    for first, last in re.findall(rf"\b([A-Za-z])\b(?:{_DASH}([A-Za-z])\b)?", letters):
        labels += [chr(code) for code in range(ord(first), ord(last or first) + 1)]
    return tuple(dict.fromkeys(labels))


def _series(marks: Sequence[_Mark], first: str) -> list[_Mark]:
    """The marks that go on from the first letter: each brings the next letter, and none that was there before."""
    seen: set[str] = set()
    series = []
    expected = first
    for mark in marks:
        if expected in mark.labels and not seen & set(mark.labels):
            series.append(mark)
            seen |= set(mark.labels)
            while expected in seen:
                expected = chr(ord(expected) + 1)
    return series


def _is_trailing(caption: str, series: Sequence[_Mark]) -> bool:
    before = caption[: series[0].start]
    if not before.strip() or _SENTENCE_END.search(before):
        return False
    closed = sum(mark.stop > mark.end or bool(_AFTER_TRAILING.match(caption, mark.end)) for mark in series)
    return 2 * closed >= len(series)


def _leading(caption: str, series: Sequence[_Mark]) -> list[Panel]:
    """Each text runs to the next label, the last one to the end of its paragraph."""
    last = series[-1]
    paragraph_end = caption.find("\n", last.end)
    ends = [mark.start for mark in series[1:]] + [len(caption) if paragraph_end < 0 else paragraph_end]
    panels: list[Panel] = []
    waiting: tuple[str, ...] = ()
    for mark, end in zip(series, ends, strict=True):
        start, stop = _trimmed(caption, mark.end, end)
        waiting += mark.labels
        if start < stop:
            panels += [Panel(label, start, stop) for label in waiting]
            waiting = ()
    return panels


def _trailing(caption: str, series: Sequence[_Mark]) -> list[Panel]:
    """Each text runs from the label before it, the first one from the beginning of its sentence."""
    before = _FIRST_OF_SENTENCE.match(caption, 0, series[0].start)
    starts = [before.end() if before else 0] + [mark.stop for mark, _ in pairwise(series)]
    panels = []
    for mark, begin in zip(series, starts, strict=True):
        start, stop = _trimmed(caption, begin, mark.start)
        if mark.stop > mark.end:
            stop = mark.stop
        if start < stop:
            panels += [Panel(label, start, stop) for label in mark.labels]
    return panels


def _trimmed(caption: str, start: int, end: int) -> tuple[int, int]:
    """The span without the punctuation and the "and" that belong to its neighbours."""
    if left := _LEFT.match(caption, start, end):
        start = left.end()
    text = caption[start:end]
    if text.count(")") > text.count("("):
        # The bracket around all of them: "(A: H&E; B: Ki-67)."
        text = text[: text.rindex(")")]
    right = _RIGHT.search(text)
    return start, start + (right.start() if right else len(text))
