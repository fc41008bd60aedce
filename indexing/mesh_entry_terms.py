"""NLM's MeSH descriptor file (desc2026.xml): the entry terms of each heading, as groups of the vocabulary.

The file holds some 30,000 headings in 300 MB; it is read a heading at a time. Left out are terms that MeSH made by
permuting words, and the headings at the roots of the trees, which name whole fields (Neoplasms, Proteins). A term that
MeSH tags as abbreviation, acronym or trade name is ambiguous: ALL, Abate.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

import msgspec
from lxml import etree

from retrieval.errors import ConfigurationError, MalformedFileError, RecordError
from retrieval.vocabulary.file import SynonymGroup

_log = logging.getLogger(__name__)
_RECORD: Final = "DescriptorRecord"
_AMBIGUOUS_TAGS: Final = frozenset({"ABB", "ABX", "ACR", "ACX", "TRD"})
_GZIP_MAGIC: Final = b"\x1f\x8b"
_KEPT_FORMAT: Final = 1


class _Kept(msgspec.Struct, frozen=True):
    """What was read of a file, so that a start need not read it again."""

    format: int
    size: int
    modified_ns: int
    groups: tuple[SynonymGroup, ...]


def mesh_groups(path: Path, kept: Path) -> tuple[SynonymGroup, ...]:
    """The groups of a descriptor file, read again only when it has changed; `kept` is where they are remembered.

    Headings that cannot be used are logged by name. ConfigurationError where the file is missing or no such file.
    """
    try:
        state = path.stat()
    except OSError as exc:
        raise ConfigurationError(
            f"the MeSH file {path} cannot be read: {exc.strerror}; correct the setting `mesh_descriptors`"
        ) from exc
    known = _recall(kept)
    if known is not None and (known.size, known.modified_ns) == (state.st_size, state.st_mtime_ns):
        return known.groups
    rejected: list[RecordError] = []
    try:
        groups = tuple(read_mesh_entry_terms(path, rejected.append))
    except MalformedFileError as exc:
        raise ConfigurationError(f"the setting `mesh_descriptors`: {exc}") from exc
    for error in rejected:
        _log.warning("left out: %s", error)
    _remember(kept, _Kept(_KEPT_FORMAT, state.st_size, state.st_mtime_ns, groups))
    return groups


def read_mesh_entry_terms(path: Path, on_reject: Callable[[RecordError], None]) -> Iterator[SynonymGroup]:
    """A group for each heading with entry terms, in the file's order; plain or gzip.

    A heading without identifier or name is handed to `on_reject`. MalformedFileError for a file that is not well
    formed, is cut off or holds something else.
    """
    read = 0
    line = 1
    try:
        with _opened(path) as stream:
            for element in _records(stream):
                line = element.sourceline or line
                read += 1
                group = _group(element, str(path), f"at line {line}", on_reject)
                if group is not None:
                    yield group
    except (etree.XMLSyntaxError, EOFError, OSError) as exc:
        raise MalformedFileError(str(path), line, read, str(exc)) from exc
    if not read:
        raise MalformedFileError(str(path), 1, 0, f"it holds no {_RECORD}; NLM calls the file desc2026.xml")


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    with path.open("rb") as file:
        zipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    return gzip.open(path) if zipped else path.open("rb")


def _records(stream: Any) -> Iterator[Any]:
    """Each record, complete; those behind are let go of."""
    context = etree.iterparse(
        stream, events=("end",), tag=_RECORD, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    for _, element in context:
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _group(element: Any, source: str, place: str, on_reject: Callable[[RecordError], None]) -> SynonymGroup | None:
    ui = _text(element, "DescriptorUI")
    heading = _in_order(_text(element, "DescriptorName/String"))
    if not ui or not any(c.isalnum() for c in heading):
        on_reject(RecordError(source, ui or place, "it has no DescriptorUI or no DescriptorName"))
        return None
    trees = [tree.text or "" for tree in element.iterfind("TreeNumberList/TreeNumber")]
    if trees and all("." not in tree for tree in trees):
        return None
    terms: dict[str, None] = {}
    ambiguous: dict[str, None] = {}
    for term in element.iterfind("ConceptList/Concept/TermList/Term"):
        name = _in_order(_text(term, "String"))
        if term.get("IsPermutedTermYN") != "Y" and name != heading and any(c.isalnum() for c in name):
            (ambiguous if term.get("LexicalTag") in _AMBIGUOUS_TAGS else terms)[name] = None
    if not terms and not ambiguous:
        return None
    return SynonymGroup(heading, "MeSH heading", tuple(terms), tuple(ambiguous), source=f"MeSH {ui}")


def _text(element: Any, path: str) -> str:
    return " ".join((element.findtext(path) or "").split())


def _in_order(name: str) -> str:
    """As texts have it: "Carcinoma, Renal Cell" is Renal Cell Carcinoma; a name with more commas stays."""
    head, comma, tail = name.partition(", ")
    return f"{tail} {head}" if comma and "," not in tail else name


def _recall(kept: Path) -> _Kept | None:
    try:
        known = msgspec.msgpack.decode(kept.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return known if known.format == _KEPT_FORMAT else None


def _remember(kept: Path, content: _Kept) -> None:
    part = kept.with_suffix(".part")
    try:
        part.write_bytes(msgspec.msgpack.encode(content))
        part.replace(kept)
    except OSError as exc:
        # A home folder may be read only; then the file is read at each start.
        _log.info("the MeSH terms are not kept in %s: %s", kept, exc.strerror)
