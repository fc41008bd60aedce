"""The fields of one entry of a reference file, as text, and the Reference that they make."""

from __future__ import annotations

import re

from retrieval.records import Record
from retrieval.references.named import clean_doi, clean_pmcid, clean_pmid, identifiers_in
from retrieval.references.records import Reference

_LONGEST_VALUE = 2_000
_LONGEST_RAW = 4_000


class Fields(Record, frozen=True):
    """What a file's entry says, before anything of it is believed."""

    raw: str
    label: str = ""
    pmid: str = ""
    doi: str = ""
    pmcid: str = ""
    title: str = ""
    first_author: str = ""
    year: str = ""
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    notes: str = ""
    """Free text in which identifiers may stand, too: "PMID: 29952771"."""


def reference_of(fields: Fields, place: int) -> Reference | None:
    """None where the entry has neither an identifier, nor a title, nor author, journal and page to look for."""
    noted = identifiers_in(fields.notes[:_LONGEST_VALUE])
    year = re.search(r"\b(1[5-9]\d\d|20\d\d)\b", fields.year)
    found = Reference(
        place=place,
        raw=fields.raw[:_LONGEST_RAW],
        label=_value(fields.label),
        pmid=clean_pmid(fields.pmid) or noted.pmid,
        doi=clean_doi(fields.doi[:_LONGEST_VALUE]) or noted.doi,
        pmcid=clean_pmcid(fields.pmcid) or noted.pmcid,
        title=_value(fields.title).strip(" ."),
        first_author=_value(fields.first_author),
        year=int(year[1]) if year else None,
        journal=_value(fields.journal),
        volume=_value(fields.volume),
        issue=_value(fields.issue),
        pages=_value(fields.pages),
    )
    return found if names_something(found) else None


def names_something(reference: Reference) -> bool:
    """Whether there is anything to look for."""
    identified = reference.pmid or reference.doi or reference.pmcid or reference.source_id
    placed = reference.volume and reference.pages and (reference.first_author or reference.journal)
    return bool(identified or any(map(str.isalpha, reference.title)) or placed)


def _value(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_VALUE]
