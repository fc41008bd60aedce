"""A PubMed record while it is being read, and the readers that citations and books have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import msgspec
from lxml import etree

from indexing.pubmed.dates import date_of
from indexing.pubmed.markup import text_of, unbracketed
from indexing.pubmed.people import people
from indexing.pubmed.terms import keywords
from retrieval.records import Article, Author, Journal, Section

if TYPE_CHECKING:
    from lxml.etree import _Element

# Reference lists nest, hence `descendant`. Asked for as strings, their many elements never become Python objects.
_CITED_PMIDS = etree.XPath(
    'descendant::Reference/ArticleIdList/ArticleId[@IdType="pubmed"]/text()', smart_strings=False
)
_PMCID = re.compile(r"PMC\d+(?:\.\d+)?", re.ASCII)


class UnusableRecordError(ValueError):
    """Why a record can be neither Article nor Deletion; `pmid` is empty where that is the reason."""

    def __init__(self, reason: str, pmid: str = "") -> None:
        self.pmid = pmid
        super().__init__(reason)


class Draft:
    """What has been read of one record so far: the fields of its Article, and what is settled only at its end."""

    __slots__ = ("address", "book", "book_authors", "editors", "fields", "ids", "journal", "references")

    def __init__(self, record: _Element) -> None:
        pmid, version = pmid_of(record)
        self.fields: dict[str, Any] = {"pmid": pmid, "version": version}
        self.ids: dict[str, str] = {}
        """doi, pii and pmcid of the lists that are second choice: ArticleIdList and OtherID."""
        self.journal: dict[str, str] = {}
        """Text by tag, of Journal, JournalIssue and MedlineJournalInfo together."""
        self.references: list[str] = []
        self.book: dict[str, str] = {}
        """Arguments of Book."""
        self.book_authors: tuple[Author, ...] = ()
        self.editors: tuple[Author, ...] = ()
        self.address = ""

    def extend(self, field: str, values: Iterable[Any]) -> None:
        """For what may come in several lists, such as keywords of two owners."""
        self.fields[field] = (*self.fields.get(field, ()), *values)

    def article(self) -> Article:
        fields, ids = self.fields, self.ids
        for name in ids.keys() - fields.keys():
            fields[name] = ids[name]
        if self.journal:
            fields["journal"] = _journal(self.journal)
        if self.references:
            numbers = [int(text) for text in map(str.strip, self.references) if text.isdecimal() and len(text) <= 15]
            cited = dict.fromkeys(numbers)
            cited.pop(0, None)
            fields["references"] = tuple(cited)
        if not fields.get("authors"):
            fields["authors"] = self.book_authors or self.editors
        if self.address:
            self._give_address()
        self._settle_title()
        return Article(**fields)

    def _settle_title(self) -> None:
        title, translated = unbracketed(self.fields.get("title", ""))
        if translated and title.rstrip(".") == "Not Available":
            # Printed where nobody translated the title; the article's own title says more.
            title, translated = self.fields.get("vernacular_title", ""), False
        self.fields["title"], self.fields["title_translated"] = title, translated

    def _give_address(self) -> None:
        """Before 2014 a record had one affiliation, that of its first author, outside of the author list."""
        authors = self.fields.get("authors", ())
        if authors and not any(author.affiliations for author in authors):
            first = msgspec.structs.replace(authors[0], affiliations=(self.address,))
            self.fields["authors"] = (first, *authors[1:])


Readers = dict[str, Callable[["_Element", Draft], None]]
"""Tag of a child element -> what reads it: one pass over the children instead of a search per field."""


def read_children(element: _Element, draft: Draft, readers: Readers) -> None:
    for child in element:
        if reader := readers.get(child.tag):
            reader(child, draft)


def pmid_of(record: _Element) -> tuple[int, int]:
    """PMID and version of the record whose child the PMID element is."""
    for child in record:
        if child.tag == "PMID":
            return checked_pmid(child)
    raise UnusableRecordError("it has no PMID")


def checked_pmid(element: _Element) -> tuple[int, int]:
    text = text_of(element)
    if not is_pmid(text):
        raise UnusableRecordError(f"its PMID is {text[:40]!r}; a PMID is a number from 1 up")
    version = element.get("Version", "1").strip()
    if not is_pmid(version):
        raise UnusableRecordError(f"its Version is {version[:40]!r}; a version is a number from 1 up", text)
    return int(text), int(version)


def is_pmid(text: str) -> bool:
    """From 1 up, in at most 15 ASCII digits: below LOCAL_PMID_FLOOR. (int() also takes "1_000" and other scripts.)"""
    return text.isascii() and text.isdigit() and len(text) <= 15 and int(text) > 0


def text_reader(field: str) -> Callable[[_Element, Draft], None]:
    def read(element: _Element, draft: Draft) -> None:
        draft.fields[field] = text_of(element)

    return read


def read_abstract(element: _Element, draft: Draft) -> None:
    sections: list[Section] = []
    for child in element:
        tag = child.tag
        if tag == "AbstractText":
            sections += section_of(child)
        elif tag == "CopyrightInformation":
            draft.fields["copyright"] = text_of(child)
    draft.extend("sections", sections)


def section_of(element: _Element) -> tuple[Section, ...]:
    """The part of an abstract that an AbstractText is; none where it has no text."""
    if not (text := text_of(element)):
        return ()
    return (Section(text, element.get("Label", "").strip(), element.get("NlmCategory", "").strip()),)


def read_authors(element: _Element, draft: Draft) -> None:
    """Editors become the authors only of a record that names no others."""
    if element.get("Type") == "editors":
        draft.editors += people(element)
        return
    draft.extend("authors", people(element))
    if element.get("CompleteYN") == "N":
        draft.fields["authors_complete"] = False


def read_investigators(element: _Element, draft: Draft) -> None:
    draft.extend("investigators", people(element))


def read_language(element: _Element, draft: Draft) -> None:
    if language := text_of(element):
        draft.extend("languages", (language,))


def read_keywords(element: _Element, draft: Draft) -> None:
    draft.extend("keywords", keywords(element))


def read_pages(element: _Element, draft: Draft) -> None:
    pages = {child.tag: text_of(child) for child in element}
    start, end = pages.get("StartPage", ""), pages.get("EndPage", "")
    draft.fields["pages"] = pages.get("MedlinePgn") or (f"{start}-{end}" if start and end else start)


def read_revised(element: _Element, draft: Draft) -> None:
    if revised := date_of(element):
        draft.fields["revised"] = revised.sortable


def read_references(element: _Element, draft: Draft) -> None:
    draft.references += cast("list[str]", _CITED_PMIDS(element))


def read_article_ids(element: _Element, draft: Draft) -> None:
    for child in element:
        kind, text = child.get("IdType", ""), text_of(child)
        if kind == "doi" or kind == "pii":
            if text:
                draft.ids.setdefault(kind, text)
        elif kind == "pmc" or kind == "pmcid":
            read_pmcid(text, draft)


def read_pmcid(text: str, draft: Draft) -> None:
    """ "PMC123", "PMC123.2", "pmc-id: PMC123;" or "123"."""
    if found := _PMCID.search(text.upper()):
        draft.ids.setdefault("pmcid", found[0])
    elif is_pmid(text):
        draft.ids.setdefault("pmcid", f"PMC{text}")


def _journal(parts: dict[str, str]) -> Journal:
    part = parts.get
    return Journal(
        part("Title", ""),
        part("MedlineTA") or part("ISOAbbreviation", ""),
        part("ISSN") or part("ISSNLinking", ""),
        part("NlmUniqueID", ""),
        part("Volume", ""),
        part("Issue", ""),
        part("Country", ""),
    )
