"""BibTeX entries (bibtexparser), their LaTeX read as plain text."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Final

from bibtexparser.entrypoint import parse_string
from bibtexparser.model import (
    DuplicateBlockKeyBlock,
    DuplicateFieldKeyBlock,
    Entry,
    ImplicitComment,
    ParsingFailedBlock,
)

from retrieval.references.fields import Fields
from retrieval.references.latex import plain

_ENTRY_LIKE: Final = re.compile(r"@\w+\s*[{(]")


def read_bibtex(text: str) -> Iterator[Fields | tuple[str, str]]:
    """Each entry's fields, or (its text, why it cannot be read). What stands between entries is a comment."""
    # It logs the lines that it cannot read; a reader's draft must not get into a log.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL + 1)
    library = parse_string(text)
    for block in library.blocks:
        found = block
        if isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock):
            # The same key twice is common, and as a reference the entry is none the worse.
            found = block.ignore_error_block or block
        if isinstance(found, Entry):
            yield _fields(found)
        elif isinstance(found, ParsingFailedBlock):
            yield found.raw or "", "this BibTeX entry is damaged or cut off: check its braces, quotes and commas"
        elif isinstance(found, ImplicitComment) and _ENTRY_LIKE.search(found.comment):
            yield found.comment, "this looks like a BibTeX entry and is none: check its braces"


def _fields(entry: Entry) -> Fields:
    values: dict[str, str] = {}
    for field in entry.fields:
        # The first of a field that stands twice.
        values.setdefault(field.key.lower(), str(field.value))
    author = re.split(r"\s+and\s+", values.get("author") or values.get("editor", ""), maxsplit=1)[0].strip()
    is_eprint = values.get("eprinttype", values.get("archiveprefix", "")).lower() in ("pubmed", "pmid")
    return Fields(
        raw=" ".join((entry.raw or "").split()),
        label=entry.key,
        pmid=values.get("pmid", "") or (values.get("eprint", "") if is_eprint else ""),
        doi=values.get("doi", "") or values.get("url", ""),
        pmcid=values.get("pmcid", "") or values.get("pmc", ""),
        title=plain(values.get("title", "")),
        first_author=_last_name(author),
        year=plain(values.get("year", "") or values.get("date", "")),
        journal=plain(values.get("journal", "") or values.get("journaltitle", "") or values.get("booktitle", "")),
        volume=plain(values.get("volume", "")),
        issue=plain(values.get("number", "") or values.get("issue", "")),
        pages=plain(values.get("pages", "")),
        notes=plain(values.get("note", "")),
    )


def _last_name(author: str) -> str:
    """Of "Müller, Jan", "Jan van der Müller" or "{The Group}"."""
    if author.startswith("{") and author.endswith("}") and "}" not in author[1:-1]:
        return plain(author)
    name = plain(author)
    if "," in name:
        return name.split(",", 1)[0].strip()
    parts = name.split()
    particle = next((place for place, part in enumerate(parts[1:-1], 1) if part[:1].islower()), len(parts) - 1)
    return " ".join(parts[max(particle, 0) :])
