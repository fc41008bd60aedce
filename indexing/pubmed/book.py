"""One PubmedBookArticle (a chapter or a whole book on the NCBI Bookshelf) as an Article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexing.pubmed import terms as pubmed_terms
from indexing.pubmed.dates import date_of
from indexing.pubmed.draft import (
    Draft,
    Readers,
    read_abstract,
    read_article_ids,
    read_authors,
    read_children,
    read_investigators,
    read_keywords,
    read_language,
    read_pages,
    read_references,
    read_revised,
    text_reader,
)
from indexing.pubmed.markup import text_of
from indexing.pubmed.people import people
from retrieval.records import Article, Book

if TYPE_CHECKING:
    from lxml.etree import _Element


def read_book(document: _Element, book_data: _Element | None = None) -> Article:
    """A book without chapter title takes its own. Dated by the chapter (ContributionDate), else by the book.

    Raises UnusableRecordError where the record has no usable PMID or Version.
    """
    draft = Draft(document)
    read_children(document, draft, _DOCUMENT)
    if book_data is not None:
        read_children(book_data, draft, _BOOK_DATA)
    if draft.book:
        draft.fields["book"] = Book(**{"title": "", **draft.book})
        draft.fields["title"] = draft.fields.get("title") or draft.book.get("title", "")
    return draft.article()


def _read_book(element: _Element, draft: Draft) -> None:
    published = began = None
    for child in element:
        tag = child.tag
        if tag == "BookTitle":
            draft.book["title"] = text_of(child)
        elif tag == "Publisher":
            draft.book["publisher"] = " ".join(text_of(part) for part in child if part.tag == "PublisherName")
        elif tag == "Edition":
            draft.book["edition"] = text_of(child)
        elif tag == "PubDate":
            published = date_of(child)
        elif tag == "BeginningDate":
            began = date_of(child)
        elif tag == "AuthorList":
            if child.get("Type") == "editors":
                draft.editors += people(child)
            else:
                draft.book_authors += people(child)
    if draft.fields.get("published") is None:
        draft.fields["published"] = published or began


def _read_contribution_date(element: _Element, draft: Draft) -> None:
    if contributed := date_of(element):
        draft.fields["published"] = contributed


def _read_ids(element: _Element, draft: Draft) -> None:
    read_article_ids(element, draft)
    for child in element:
        if child.get("IdType") == "bookaccession":
            draft.book["accession"] = text_of(child)


def _read_publication_type(element: _Element, draft: Draft) -> None:
    draft.extend("publication_types", (pubmed_terms.publication_type(element),))


def _read_grants(element: _Element, draft: Draft) -> None:
    draft.extend("grants", pubmed_terms.grants(element))


_DOCUMENT: Readers = {
    "Abstract": read_abstract,
    "ArticleIdList": _read_ids,
    "ArticleTitle": text_reader("title"),
    "AuthorList": read_authors,
    "Book": _read_book,
    "ContributionDate": _read_contribution_date,
    "DateRevised": read_revised,
    "GrantList": _read_grants,
    "InvestigatorList": read_investigators,
    "KeywordList": read_keywords,
    "Language": read_language,
    "Pagination": read_pages,
    "PublicationType": _read_publication_type,
    "ReferenceList": read_references,
    "VernacularTitle": text_reader("vernacular_title"),
}
_BOOK_DATA: Readers = {
    "ArticleIdList": _read_ids,
    "ReferenceList": read_references,
}
