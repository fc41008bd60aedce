"""RIS records (rispy), one by one, so that a damaged one costs no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import rispy

from retrieval.references.fields import Fields

_TAG: Final = re.compile(r"\s{0,4}([A-Z][A-Z0-9])\s{1,2}-(?:\s|$)")
_CUT_OFF: Final = "this RIS record has no ER line: the file is cut off or damaged there"
_OUTSIDE: Final = "this stands outside of any RIS record, which begins with TY and ends with ER"
_COUNT: Final = re.compile(r"\s*\d+\s*\.?\s*")


def read_ris(text: str) -> Iterator[Fields | tuple[str, str]]:
    """Each record's fields, or (its text, why it cannot be read)."""
    for lines, reason in _records(text):
        raw = "\n".join(lines)
        if reason:
            yield raw, reason
            continue
        try:
            found = rispy.loads(raw)
        except (KeyError, AttributeError, TypeError, IndexError):
            # A line without a tag right below TY, and the like: it was made for well-formed files.
            found = []
        yield _fields(found[0], " ".join(raw.split())) if found else (raw, "this RIS record is damaged: check its tags")


def _records(text: str) -> Iterator[tuple[list[str], str]]:
    """The lines of each record and "", or of what is no record and why."""
    inside = False
    lines: list[str] = []
    for line in text.splitlines():
        match = _TAG.match(line)
        tag = match[1] if match else ""
        if tag == "TY":
            if any(map(_says_something, lines)):
                yield lines, _CUT_OFF if inside else _OUTSIDE
            inside, lines = True, []
        if match:
            line = f"{tag}  - {line[match.end() :].strip()}"
        lines.append(line)
        if inside and tag == "ER":
            yield lines, ""
            inside, lines = False, []
    if any(map(_says_something, lines)):
        yield lines, _CUT_OFF if inside else _OUTSIDE


def _says_something(line: str) -> bool:
    # Some programs number the records, each number on a line of its own.
    return bool(line.strip()) and not _COUNT.fullmatch(line)


def _fields(record: dict[str, Any], raw: str) -> Fields:
    def first(*names: str) -> str:
        for name in names:
            value = record.get(name)
            if isinstance(value, list):
                value = next((one for one in value if one), "")
            if value:
                return str(value)
        return ""

    start, end = first("start_page"), first("end_page")
    notes = [str(one) for name in ("notes", "urls") for one in record.get(name, [])]
    database = first("name_of_database", "database_provider").lower()
    accession = first("accession_number")
    is_pubmed = any(word in database for word in ("pubmed", "medline", "nlm")) or not database
    author = first("authors", "first_authors")
    return Fields(
        raw=raw,
        label=first("id"),
        pmid=accession if is_pubmed else "",
        doi=first("doi") or next((note for note in notes if "doi.org/" in note), ""),
        pmcid=next((str(record[f"custom{n}"]) for n in (2, 7) if "PMC" in str(record.get(f"custom{n}", ""))), ""),
        title=first("title", "primary_title"),
        first_author=author.split(",", 1)[0],
        year=first("year", "publication_year", "date"),
        journal=first("secondary_title", "journal_name", "alternate_title3", "alternate_title2"),
        volume=first("volume"),
        issue=first("number"),
        pages=start if not end or "-" in start else f"{start}-{end}",
        notes=" ".join(notes),
    )
