"""One MedlineCitation, with its PubmedData where there is any, as an Article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexing.pubmed import terms as pubmed_terms
from indexing.pubmed.dates import date_of
from indexing.pubmed.draft import (
    Draft,
    Readers,
    is_pmid,
    read_abstract,
    read_article_ids,
    read_authors,
    read_children,
    read_investigators,
    read_keywords,
    read_language,
    read_pages,
    read_pmcid,
    read_references,
    read_revised,
    section_of,
    text_reader,
)
from indexing.pubmed.markup import text_of
from retrieval.records import Article, Correction, OtherAbstract

if TYPE_CHECKING:
    from lxml.etree import _Element


def read_citation(citation: _Element, pubmed_data: _Element | None = None) -> Article:
    """Raises UnusableRecordError where the record has no usable PMID or Version."""
    draft = Draft(citation)
    draft.fields["status"] = citation.get("Status", "")
    read_children(citation, draft, _CITATION)
    if pubmed_data is not None:
        read_children(pubmed_data, draft, _PUBMED_DATA)
    return draft.article()


def _read_article(element: _Element, draft: Draft) -> None:
    read_children(element, draft, _ARTICLE)


def _read_journal(element: _Element, draft: Draft) -> None:
    for part in element.iter():
        tag = part.tag
        if tag == "PubDate":
            draft.fields["published"] = date_of(part)
        elif tag in _JOURNAL_PARTS:
            draft.journal[tag] = text_of(part)


def _read_journal_info(element: _Element, draft: Draft) -> None:
    for child in element:
        draft.journal[child.tag] = text_of(child)


def _read_online_date(element: _Element, draft: Draft) -> None:
    if draft.fields.get("published_online") is None:
        draft.fields["published_online"] = date_of(element)


def _read_location_id(element: _Element, draft: Draft) -> None:
    kind = element.get("EIdType")
    if kind in ("doi", "pii") and element.get("ValidYN") != "N" and (text := text_of(element)):
        draft.fields.setdefault(kind, text)


def _read_address(element: _Element, draft: Draft) -> None:
    draft.address = text_of(element)


def _read_publication_types(element: _Element, draft: Draft) -> None:
    draft.extend("publication_types", pubmed_terms.publication_types(element))


def _read_grants(element: _Element, draft: Draft) -> None:
    draft.extend("grants", pubmed_terms.grants(element))


def _read_mesh(element: _Element, draft: Draft) -> None:
    draft.extend("mesh", pubmed_terms.mesh_headings(element))


def _read_supplementary_mesh(element: _Element, draft: Draft) -> None:
    draft.extend("supplementary_mesh", pubmed_terms.supplementary_mesh(element))


def _read_chemicals(element: _Element, draft: Draft) -> None:
    draft.extend("chemicals", pubmed_terms.chemicals(element))


def _read_other_abstract(element: _Element, draft: Draft) -> None:
    if sections := [section for child in element if child.tag == "AbstractText" for section in section_of(child)]:
        abstract = OtherAbstract(tuple(sections), element.get("Language", ""), element.get("Type", ""))
        draft.extend("other_abstracts", (abstract,))


def _read_other_id(element: _Element, draft: Draft) -> None:
    """Before 2016 the PMCID stood here: "PMC4567890 [Available on 06/01/16]"."""
    if element.get("Source") == "NLM" and (text := text_of(element)).startswith("PMC"):
        read_pmcid(text, draft)


def _read_corrections(element: _Element, draft: Draft) -> None:
    corrections = []
    for entry in element:
        kind = entry.get("RefType", "")
        pmid = source = note = ""
        for child in entry:
            tag = child.tag
            if tag == "PMID":
                pmid = text_of(child)
            elif tag == "RefSource":
                source = text_of(child)
            elif tag == "Note":
                note = text_of(child)
        if kind == "Cites":
            draft.references.append(pmid)
        else:
            corrections.append(Correction(kind, int(pmid) if is_pmid(pmid) else None, source, note))
    draft.extend("corrections", corrections)


_JOURNAL_PARTS = frozenset({"ISSN", "Volume", "Issue", "Title", "ISOAbbreviation"})
_ARTICLE: Readers = {
    "Abstract": read_abstract,
    "Affiliation": _read_address,
    "ArticleDate": _read_online_date,
    "ArticleTitle": text_reader("title"),
    "AuthorList": read_authors,
    "ELocationID": _read_location_id,
    "GrantList": _read_grants,
    "Journal": _read_journal,
    "Language": read_language,
    "Pagination": read_pages,
    "PublicationTypeList": _read_publication_types,
    "VernacularTitle": text_reader("vernacular_title"),
}
_CITATION: Readers = {
    "Article": _read_article,
    "ChemicalList": _read_chemicals,
    "CommentsCorrectionsList": _read_corrections,
    "DateRevised": read_revised,
    "InvestigatorList": read_investigators,
    "KeywordList": read_keywords,
    "MedlineJournalInfo": _read_journal_info,
    "MeshHeadingList": _read_mesh,
    "OtherAbstract": _read_other_abstract,
    "OtherID": _read_other_id,
    "SupplMeshList": _read_supplementary_mesh,
}
_PUBMED_DATA: Readers = {
    "ArticleIdList": read_article_ids,
    "ReferenceList": read_references,
}
