"""How articles are cited: one line for people, and export formats for reference managers and manuscripts."""

from retrieval.citations.exporting import FORMATS, MOST_EXPORTED, ExportFormat, FormatName, export
from retrieval.citations.nlm import cite, cite_source
from retrieval.citations.standing import standing_note
from retrieval.citations.styles import STYLES, StyleName

__all__ = [
    "FORMATS",
    "MOST_EXPORTED",
    "STYLES",
    "ExportFormat",
    "FormatName",
    "StyleName",
    "cite",
    "cite_source",
    "export",
    "standing_note",
]
