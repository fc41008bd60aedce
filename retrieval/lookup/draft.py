"""A draft, in plain text, Markdown or LaTeX, becomes sentences with their places, and its list of references.

Offsets stay exact: mark-up is blanked out, character for character, and sentences are cut from what remains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from retrieval.lookup.records import LONGEST_SENTENCE
from retrieval.lookup.sections import REFERENCES, kind_of, label_of
from retrieval.sentences import split_sentences


class Sentence(NamedTuple):
    start: int
    end: int
    text: str
    """Without mark-up, blanks put together; markers are still in it, as far as they are text."""
    section: str
    paragraph: int


class Draft(NamedTuple):
    sentences: tuple[Sentence, ...]
    references: str
    """The text of its list of references; empty where it has none."""
    references_end: int
    """Where that list ends in the draft: further references belong there. 0 where it has none."""


_WORDLIKE: Final = re.compile(r"(?:(?![²³¹⁰-₉])[^\W\d_]){2}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\ud800-\udfff]")
_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(?:(?!---[ \t]*\n).*\n){0,200}---[ \t]*(?:\n|\Z)")
_COMMENT: Final = re.compile(r"<!--.{0,1000}?-->", re.DOTALL)
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING: Final = re.compile(
    r" {0,3}(#{1,6})[ \t]+(.{1,300}?)[ \t#]*$|\s*\\(?:sub){0,2}(section|chapter)\*?\{([^{}]{1,300})\}\s*$"
)
_UNDERLINE: Final = re.compile(r" {0,3}(?:={3,}|-{3,})\s*$")
_NOT_PROSE: Final = re.compile(
    r" {0,3}\||\s*(?:[-*_] ?){3,}$|\s*!\[|\s*\\(?:begin|end|label|usepackage|documentclass|bibliography\w*)\b"
)
_FOOTNOTE: Final = re.compile(r" {0,3}\[\^([^\]\s]{1,40})\]:\s*")
_BULLET: Final = re.compile(r"\s{0,12}(?:[-*+•‣·]|\d{1,3}[.)]|[a-z]\))\s+")
_QUOTE: Final = re.compile(r"(?: {0,3}>[ ]?){1,5}")
_LONGEST_BARE: Final = 5  # words of a heading without mark-up
_ENTRY: Final = re.compile(r"\s{0,4}(?:\[\d{1,4}\]|\d{1,4}[.)])\s+\S")
_DATED: Final = re.compile(r"\b(?:1[89]|20)\d\d\b|\b10\.\d{4,9}/|\bPMC?(?:ID)?\b")
# Mark-up within a line; links keep their text, citations stay.
_MARKUP: Final = (
    (re.compile(r"!\[[^\]\n]{0,300}\]\([^()\n]{0,500}\)"), " "),
    (re.compile(r"(?<=\])\([^()\s]{1,500}(?: \"[^\"\n]{0,200}\")?\)"), ""),
    (re.compile(r"</?(?!su[bp])[A-Za-z][^<>\n]{0,200}>"), " "),
    (re.compile(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)|`{1,2}"), ""),
    (re.compile(r"\\(?:textit|textbf|emph|text)\{([^{}]{0,500})\}"), r"\1"),
)
_LINK_TEXT: Final = re.compile(r"\[([^\][@^\d][^\][]{1,300})\](?=[\s.,;:?!]|$)")
# A citation behind the stop, "therapy.12 The" or "therapy.<sup>12</sup> The": the sentence ends behind it.
_RAISED_END: Final = re.compile(
    r"(?<=[a-z)]{3})[.?!](?:\d{1,3}(?:[,–-]\d{1,3}){0,8}|[¹²³⁰⁴-⁹,⁻–]{1,12}|<sup>[^<>]{1,40}</sup>"
    r"|\^[\d,–-]{1,20}\^)\s+(?=[^\W\d_a-z])"
)
_LEADING: Final = re.compile(
    r"(?:\[[\d\s,;–—-]{1,60}\]|<sup>[^<>]{1,40}</sup>|\\cite\w{0,5}\{[^{}]{1,300}\}|\[[^\][]{0,40}@[^\][]{1,300}\])"
    r"\.?(?:\s+|$)(?![a-z])"
)


def read_draft(text: str) -> Draft:
    """Sentences in the order of the text. Headings, code, tables and references are none of them."""
    masked = _CONTROL.sub(" ", text)
    for pattern in (_FRONT_MATTER, _COMMENT):
        masked = pattern.sub(_blank, masked)
    lines = _lines(masked)
    listed = _trailing_list(lines)
    reader = _Reader(masked)
    for i, (start, line) in enumerate(lines):
        if listed is not None and i >= listed:
            reader.reference(start, line)
        else:
            reader.line(start, line, lines[i + 1][1] if i + 1 < len(lines) else "")
    reader.close()
    return Draft(tuple(reader.sentences), "\n".join(reader.references).strip("\n"), reader.references_end)


class _Reader:
    """Goes through the lines, knows the section, and cuts a paragraph when it ends."""

    def __init__(self, text: str) -> None:
        self.sentences: list[Sentence] = []
        self.references: list[str] = []
        self.references_end = 0
        self._text = text
        self._paragraph: list[tuple[int, str]] = []
        self._paragraphs = 0
        self._section = ""
        self._depth = 9
        self._fence = ""
        self._was_blank = True
        # A text of one line is what is asked, however much it looks like a heading.
        self._several = "\n" in text.strip()

    def line(self, start: int, line: str, following: str) -> None:
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._fence):
                self._fence = ""
            return
        if fence:
            self.close()
            self._fence = fence[1]
        elif not line.strip():
            self.close()
            self._was_blank = True
            if self._section == REFERENCES:
                self.references.append("")
        elif (heading := _heading(line, following, alone=self._was_blank and self._several)) is not None:
            self.close()
            self._enter(*heading)
        elif self._section == REFERENCES:
            self.reference(start, line)
        elif footnote := _FOOTNOTE.match(line):
            self.close()
            self.reference(start, f"[{footnote[1]}] {line[footnote.end() :]}")
            self.references_end = start + len(line)
        elif _NOT_PROSE.match(line) or _UNDERLINE.match(line):
            self.close()
        else:
            self._was_blank = False
            if bullet := _BULLET.match(line):
                self.close()
                line = " " * bullet.end() + line[bullet.end() :]
            if quote := _QUOTE.match(line):
                line = " " * quote.end() + line[quote.end() :]
            self._paragraph.append((start, line))

    def reference(self, start: int, line: str) -> None:
        self.close()
        if line.strip():
            self.references_end = start + len(line)
        self.references.append(line)

    def close(self) -> None:
        """Ends the paragraph that is open."""
        lines, self._paragraph = self._paragraph, []
        if not lines:
            return
        first = lines[0][0]
        # A line break within a paragraph is a blank: the lines lie one character apart.
        joined = "".join(line.ljust(after - start) for (start, line), (after, _) in pairwise(lines))
        joined += lines[-1][1]
        section, skip = self._section, 0
        if label := label_of(joined):
            section, skip = label
        self._paragraphs += 1
        for start, end in _spans(joined[skip:]):
            start, end = start + skip, end + skip
            words = clean(joined[start:end])
            if _WORDLIKE.search(words):
                self.sentences.append(Sentence(first + start, first + end, words, section, self._paragraphs))

    def _enter(self, depth: int, name: str) -> None:
        kind = kind_of(name)
        if kind is not None:
            self._section, self._depth = kind, depth
        elif depth <= self._depth:
            # A heading of the same rank ends the section; one below it is part of it.
            self._section, self._depth = "", 9
        self._was_blank = True


def _lines(text: str) -> list[tuple[int, str]]:
    found = []
    start = 0
    for line in text.split("\n"):
        found.append((start, line))
        start += len(line) + 1
    return found


def _heading(line: str, following: str, *, alone: bool) -> tuple[int, str] | None:
    """(depth, name) of a heading: of Markdown, of LaTeX, or a known name on a line of its own."""
    if match := _HEADING.match(line):
        return (len(match[1]), match[2]) if match[1] else (2, match[4])
    words = line.split()
    if len(words) > 12 or not words[0].strip("*_"):
        return None
    if _UNDERLINE.match(following) and following.strip() and alone:
        return (1 if "=" in following else 2), line
    if alone and len(words) <= _LONGEST_BARE and kind_of(line) is not None and not line.rstrip().endswith("."):
        return 2, line
    is_short = len(words) <= 8 and not line.rstrip().endswith((".", "?", "!", ";", ",", ":"))
    is_loud = line.isupper() and _WORDLIKE.search(line) is not None and not any(map(str.isdigit, line))
    return (2, line) if alone and is_short and is_loud else None


def _trailing_list(lines: list[tuple[int, str]]) -> int | None:
    """Where a numbered list of dated entries begins that ends the text without a heading of its own."""
    first = None
    entries = 0
    for i in range(len(lines) - 1, -1, -1):
        line = lines[i][1]
        if not line.strip():
            continue
        if not (_ENTRY.match(line) and _DATED.search(line)):
            break
        first, entries = i, entries + 1
    return first if entries > 1 else None


def _spans(paragraph: str) -> Iterator[tuple[int, int]]:
    """Sentences of one paragraph; a citation between two of them belongs to the first."""
    cuts = [match.end() for match in _RAISED_END.finditer(paragraph)]
    spans: list[tuple[int, int]] = []
    for start, end in split_sentences(paragraph):
        for cut in (*(cut for cut in cuts if start < cut < end), end):
            while spans and start < cut and (leading := _LEADING.match(paragraph, start, cut)):
                spans[-1] = (spans[-1][0], start + len(leading.group().rstrip()))
                start = leading.end()
            if start < cut:
                spans.append((start, start + len(paragraph[start:cut].rstrip())))
            start = cut
    yield from spans


def clean(text: str) -> str:
    """The words of a sentence without mark-up, blanks put together."""
    text = _CONTROL.sub(" ", text)
    if len(text) <= 2 * LONGEST_SENTENCE:
        for pattern, replacement in _MARKUP:
            text = pattern.sub(replacement, text)
    return " ".join(_LINK_TEXT.sub(r"\1", text).split())


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())
