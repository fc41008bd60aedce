"""Identifiers inside a text: PMIDs, DOIs and PMCIDs, as references and web addresses write them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from retrieval.records import LOCAL_PMID_FLOOR, Record

_PMID: Final = re.compile(
    r"(?:\bPMID|\bPubMed(?:\s+(?:PMID|ID))?)\s*[:#]?\s*([0-9]{1,9})(?![0-9])"
    r"|(?:https?://)?(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed|identifiers\.org/pubmed)[/:]([0-9]{1,9})(?![0-9])/?",
    re.IGNORECASE,
)
_PMCID: Final = re.compile(
    r"(?:(?:https?://)?[\w./-]{0,60}/pmc/articles/|\bPMCID\s*:?\s*)?\bPMC\s?([0-9]{2,10})(?:\.[0-9]{1,3})?(?![0-9])/?",
    re.IGNORECASE,
)
_DOI: Final = re.compile(
    r"(?:(?:https?://)?(?:dx\.)?doi\.org/|\bdoi\s*[:=]?\s*)?\b(10\.[0-9]{4,9}(?:\.[0-9]{1,9}){0,4}/[^\s\"<>]{1,300})",
    re.IGNORECASE,
)
_ENDS: Final = ".,;:'’”*"
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


class Named(Record, frozen=True):
    """The first identifier of each kind, and the text without any."""

    pmid: int | None
    doi: str
    pmcid: str
    rest: str
    more: int
    """Further, different identifiers of a kind that was already found."""


def identifiers_in(text: str) -> Named:
    dois: dict[str, None] = {}

    def take_doi(match: re.Match[str]) -> str:
        written = match[1]
        doi = without_ending(written)
        dois[clean_doi(doi)] = None
        return " " + written[len(doi) :]

    rest = _DOI.sub(take_doi, text)
    pmcids = dict.fromkeys(f"PMC{found[1]}" for found in _PMCID.finditer(rest))
    rest = _PMCID.sub(" ", rest)
    pmids = dict.fromkeys(int(found[1] or found[2]) for found in _PMID.finditer(rest))
    rest = _PMID.sub(" ", rest)
    pmids.pop(0, None)
    return Named(
        pmid=next(iter(pmids), None),
        doi=next(iter(dois), ""),
        pmcid=next(iter(pmcids), ""),
        rest=" ".join(rest.split()),
        more=sum(max(len(kind) - 1, 0) for kind in (pmids, dois, pmcids)),
    )


def without_ending(doi: str) -> str:
    """A DOI as it stands in a sentence, without the sentence's own punctuation; brackets that pair belong to it."""
    while doi:
        last = doi[-1]
        if last in _ENDS or (last in _PAIRS and doi.count(_PAIRS[last]) < doi.count(last)):
            doi = doi[:-1]
        else:
            break
    return doi


def clean_doi(text: str) -> str:
    """The bare DOI, lower case, of a field that holds one in any form; empty where it holds none."""
    match = _DOI.search(unquote(text) if "%2f" in text.lower() else text)
    return without_ending(match[1]).lower() if match else ""


def clean_pmid(text: str) -> int | None:
    """The PMID of a field that holds nothing else."""
    digits = re.sub(r"^\s*pmid\s*:?\s*", "", text, flags=re.IGNORECASE).strip()
    if not re.fullmatch(r"[0-9]{1,16}", digits):
        return None
    return int(digits) if 0 < int(digits) < LOCAL_PMID_FLOOR else None


def clean_pmcid(text: str) -> str:
    """The PMCID of a field that holds one, without its version: "PMC123" of "PMC123.1" or "123"."""
    match = re.search(r"(?:PMC)?([0-9]{2,10})", text, re.IGNORECASE)
    return f"PMC{match[1]}" if match else ""
