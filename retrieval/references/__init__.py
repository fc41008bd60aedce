"""References that people already have: read from text or files, and resolved to articles of the index."""

from retrieval.references.parsing import FORMATS, parse_references
from retrieval.references.records import Candidate, Reference, Resolution, ResolutionStatus, UnreadableReference
from retrieval.references.resolving import resolve

__all__ = [
    "FORMATS",
    "Candidate",
    "Reference",
    "Resolution",
    "ResolutionStatus",
    "UnreadableReference",
    "parse_references",
    "resolve",
]
