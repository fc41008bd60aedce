"""The text of JATS elements, in one line each: markup flattened, formulas readable, bold labels remembered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexing.pubmed.markup import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_BOLD_START, _BOLD_END = "\ufdd0", "\ufdd1"
"""Characters that Unicode keeps out of texts; they carry the place of bold letters through flattening."""
_LABEL: Final = re.compile(r"\(?\s*[A-Za-z](?:[\s,;/&–—-]|and|[A-Z]\b|[a-z]\b)*\s*[).:,]{0,2}")
_LONGEST_LABEL: Final = 24
_BREAKS: Final = ("break", "list-item", "def-item", "disp-formula", "disp-quote", "speech")
_TEX_BODY: Final = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)


def plain(element: _Element | None) -> str:
    """All its text, white space collapsed; "" where there is no element."""
    return "" if element is None else text_of(element)


def caption_of(caption: _Element | None) -> tuple[str, list[tuple[int, int]]]:
    """The caption, title first, a line for each of its parts, and the spans of bold letters in it.

    Changes the element: it is meant to be read once.
    """
    if caption is None:
        return "", []
    _simplify(caption)
    lines = [text_of(part) for part in caption] if len(caption) else [text_of(caption)]
    return _without_marks("\n".join(line for line in lines if line.strip(_BOLD_START + _BOLD_END)))


def _simplify(caption: _Element) -> None:
    for tex in list(caption.iter("tex-math")):
        body = _TEX_BODY.search(tex.text or "")
        tex.text = (body[1] if body else tex.text or "").strip().strip("$").strip()
    for choice in list(caption.iter("alternatives")):
        _keep_one(choice)
    for tag in _BREAKS:
        for element in caption.iter(tag):
            element.tag = "p"
    for element in caption.iter("bold", "b"):
        text = text_of(element)
        if len(text) <= _LONGEST_LABEL and _LABEL.fullmatch(text):
            element.text = _BOLD_START + (element.text or "")
            _append(element, _BOLD_END)


def _keep_one(choice: _Element) -> None:
    """MathML before TeX before whatever comes first: they say the same."""
    ranked = sorted(choice, key=lambda child: {"math": 0, "tex-math": 1}.get(str(child.tag), 2))
    for child in ranked[1:]:
        choice.remove(child)
    for child in choice:
        child.tail = None
    choice.text = None


def _append(element: _Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _without_marks(text: str) -> tuple[str, list[tuple[int, int]]]:
    letters: list[str] = []
    spans: list[tuple[int, int]] = []
    start = 0
    for letter in text:
        if letter == _BOLD_START:
            start = len(letters)
        elif letter == _BOLD_END:
            spans.append((start, len(letters)))
        elif letter != " " or (letters and letters[-1] not in " \n"):
            letters.append(letter)
    return "".join(letters).rstrip(), spans
