"""export: articles in the format that a reference manager or a manuscript asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, get_args

from retrieval.citations.bibtex import write_bibtex
from retrieval.citations.csl import write_csl_json
from retrieval.citations.endnote import write_endnote
from retrieval.citations.nbib import write_nbib
from retrieval.citations.ris import write_ris
from retrieval.citations.styles import STYLES, StyleName, write_text
from retrieval.errors import InputError
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, Integrity, Record

MOST_EXPORTED: Final = 1_000
FormatName = Literal["ris", "bibtex", "nbib", "csl-json", "endnote", "text"]


class ExportFormat(Record, frozen=True):
    name: FormatName
    media_type: str
    suffix: str
    """Of a file's name: ".ris"."""
    made_for: str


FORMATS: Final[Mapping[FormatName, ExportFormat]] = {
    found.name: found
    for found in (
        ExportFormat("ris", "application/x-research-info-systems", ".ris", "Zotero, Mendeley, Citavi, RefWorks"),
        ExportFormat("bibtex", "application/x-bibtex", ".bib", "LaTeX with BibTeX or BibLaTeX, JabRef"),
        ExportFormat("nbib", "application/nbib", ".nbib", "programs that read PubMed's own files"),
        ExportFormat("csl-json", "application/vnd.citationstyles.csl+json", ".json", "pandoc, Quarto, citeproc"),
        ExportFormat("endnote", "application/x-endnote-refer", ".enw", "EndNote, which opens it without a filter"),
        ExportFormat("text", "text/plain", ".txt", "a manuscript: a list in the style of Vancouver, AMA or APA"),
    )
}
_WRITERS: Final[Mapping[str, Callable[[Sequence[IndexedArticle]], str]]] = {
    "ris": write_ris,
    "bibtex": write_bibtex,
    "nbib": write_nbib,
    "csl-json": write_csl_json,
    "endnote": write_endnote,
}
assert {*_WRITERS, "text"} == set(get_args(FormatName))  # noqa: S101


def export(
    articles: Sequence[IndexedArticle | tuple[Article, Integrity]],
    format: FormatName,  # noqa: A002
    *,
    style: StyleName = "vancouver",
) -> str:
    """The articles in their order, each with a note where it was retracted or something else is known of it.

    `style` is for "text" alone. Raises InputError for an unknown format or style, none or more than 1,000 articles.
    """
    if format not in FORMATS:
        raise InputError(f"{format!r} is no export format; choose among {', '.join(FORMATS)}")
    if style not in STYLES:
        raise InputError(f"{style!r} is no style; choose among {', '.join(STYLES)}")
    if not 1 <= len(articles) <= MOST_EXPORTED:
        raise InputError(f"{len(articles):,} articles cannot be exported at once; give 1 to {MOST_EXPORTED:,}")
    indexed = [one if isinstance(one, IndexedArticle) else IndexedArticle(*one) for one in articles]
    return write_text(indexed, style) if format == "text" else _WRITERS[format](indexed)
