"""Authors, editors and investigators of a PubMed record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexing.pubmed_markup import text_of
from retrieval.records import Author

if TYPE_CHECKING:
    from lxml.etree import _Element

_ORCID = re.compile(r"(?<!\d)(\d{4})[\s\-‐‑–—]*(\d{4})[\s\-‐‑–—]*(\d{4})[\s\-‐‑–—]*(\d{3}[\dXx])(?!\w)", re.ASCII)


def people(element: _Element) -> tuple[Author, ...]:
    """The valid people of an AuthorList or InvestigatorList, in order; ValidYN="N" marks a superseded spelling."""
    return tuple(
        [person for child in element if child.get("ValidYN") != "N" and (person := _person(child)) is not None]
    )


def orcid(text: str) -> str:
    """0000-0002-1825-0097 however it is spelled (URL, no dashes); empty where it has not 16 digits."""
    found = _ORCID.search(text)
    return "-".join(found.groups()).upper() if found else ""


def _person(element: _Element) -> Author | None:
    last = fore = initials = suffix = group = identifier = ""
    affiliations: list[str] = []
    for child in element:
        tag = child.tag
        if tag == "LastName":
            last = text_of(child)
        elif tag == "ForeName":
            fore = text_of(child)
        elif tag == "Initials":
            initials = text_of(child)
        elif tag == "AffiliationInfo":
            affiliations += [text for part in child if part.tag == "Affiliation" and (text := text_of(part))]
        elif tag == "Identifier":
            if child.get("Source", "").upper() == "ORCID":
                identifier = orcid(text_of(child)) or identifier
        elif tag == "CollectiveName":
            group = text_of(child)
        elif tag == "Suffix":
            suffix = text_of(child)
        elif tag == "Affiliation" and (text := text_of(child)):
            affiliations.append(text)
    if not (last or fore or group):
        return None
    return Author(last, fore, initials, suffix, group, identifier, tuple(affiliations))
