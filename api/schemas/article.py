"""One article in full: every field of its record, in the record's own words."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from api.schemas.view import IntegrityView, Text, View, pubmed_url, shown_pmid
from retrieval.citations import cite
from retrieval.index.interface import IndexedArticle


class DateView(View):
    """A date as PubMed prints it: a day, a month, a season, a year or a range of them."""

    sortable: str = Field(description="ISO date of the earliest day that the text allows.", examples=["1998-12-01"])
    precision: Literal["day", "month", "season", "year"]
    raw: str = Field(description="The words of the record.", examples=["1998 Dec-1999 Jan"])


class SectionView(View):
    """One part of an abstract; an unstructured abstract is one section without label."""

    text: str
    label: Text = Field(description="The publisher's heading.", examples=["PATIENTS AND METHODS"])
    category: Text = Field(description="NLM's category of that heading.", examples=["METHODS"])


class OtherAbstractView(View):
    """An abstract beside the main one: another language, or a summary in plain language."""

    sections: list[SectionView]
    language: Text = Field(examples=["ger"])
    type: Text = Field(examples=["plain-language-summary"])


class AuthorView(View):
    """A person, or a group, which has a collective name only."""

    name: Text = Field(description="As citations print it.", examples=["Smith JA"])
    last_name: Text = Field(examples=["Smith"])
    fore_name: Text = Field(examples=["Jane Ann"])
    initials: Text = Field(examples=["JA"])
    suffix: Text = Field(examples=["Jr"])
    collective_name: Text = Field(examples=["Pathology Study Group"])
    orcid: Text = Field(examples=["0000-0002-1825-0097"])
    affiliations: list[str]


class JournalView(View):
    title: Text = Field(examples=["Modern pathology"])
    abbreviation: Text = Field(examples=["Mod Pathol"])
    issn: Text = Field(examples=["1530-0285"])
    nlm_id: Text = Field(examples=["8806605"])
    volume: Text = Field(examples=["31"])
    issue: Text = Field(examples=["7"])
    country: Text = Field(examples=["United States"])


class BookView(View):
    """Where a book chapter was published."""

    title: str
    publisher: Text
    accession: Text = Field(description="Its id at NCBI Bookshelf.", examples=["NBK1116"])
    edition: Text


class TermView(View):
    """A name from a controlled vocabulary and its identifier there."""

    name: str = Field(examples=["Review"])
    ui: Text = Field(examples=["D016454"])


class QualifierView(TermView):
    major: bool


class MeshView(TermView):
    """A MeSH heading."""

    major: bool = Field(description="Whether it, or one of its qualifiers, is a main point of the article.")
    qualifiers: list[QualifierView]


class SupplementaryMeshView(TermView):
    type: Text


class ChemicalView(TermView):
    registry_number: Text


class GrantView(View):
    number: Text
    acronym: Text
    agency: Text
    country: Text


class CorrectionView(View):
    """How this article and another one relate."""

    ref_type: str = Field(description="PubMed's own word for the relation.", examples=["ErratumIn"])
    pmid: int | None
    source: Text = Field(description="The other article, as PubMed cites it.")
    note: Text


class ArticleResponse(View):
    """Everything that the generation holds of one article. Unknown values are null, unknown lists empty."""

    id: str = Field(description='"pmid:" and the PMID, or what its source calls it.', examples=["pmid:29952771"])
    pmid: int | None = Field(description="Null for an article that is not from PubMed.", examples=[29952771])
    url: str | None = Field(description="Its page at PubMed.", examples=["https://pubmed.ncbi.nlm.nih.gov/29952771/"])
    citation: str = Field(description="How to cite it, in NLM style, on one line.")
    integrity: IntegrityView
    version: int
    title: Text
    title_translated: bool = Field(description="Whether this is an English translation of another language's title.")
    vernacular_title: Text
    abstract: Text = Field(description="All sections as one text, a line each; offsets of evidence count in it.")
    sections: list[SectionView] = Field(description="The abstract in its parts.")
    other_abstracts: list[OtherAbstractView]
    copyright: Text
    authors: list[AuthorView]
    authors_complete: bool
    investigators: list[AuthorView]
    journal: JournalView
    book: BookView | None
    pages: Text = Field(examples=["1027-38"])
    year: int | None = Field(examples=[2018])
    published: DateView | None
    published_online: DateView | None
    doi: Text
    pii: Text
    pmcid: Text
    mesh: list[MeshView]
    supplementary_mesh: list[SupplementaryMeshView]
    keywords: list[str]
    chemicals: list[ChemicalView]
    grants: list[GrantView]
    languages: list[str] = Field(examples=[["eng"]])
    publication_types: list[TermView]
    corrections: list[CorrectionView]
    references: list[int] = Field(description="PMIDs of the articles that this one cites, in order.")
    status: Text = Field(description="PubMed's word for the state of the record.", examples=["MEDLINE"])
    revised: Text = Field(description="ISO date on which PubMed last changed the record.", examples=["2024-02-01"])


_COMPUTED: Final = frozenset({"pmid", "url", "citation", "integrity"})
_OF_THE_RECORD: Final = tuple(name for name in ArticleResponse.model_fields if name not in _COMPUTED)


def article_view(indexed: IndexedArticle) -> ArticleResponse:
    article = indexed.article
    return ArticleResponse.model_validate(
        {name: getattr(article, name) for name in _OF_THE_RECORD}
        | {
            "pmid": shown_pmid(article),
            "url": pubmed_url(article),
            "citation": cite(article),
            "integrity": indexed.integrity,
        }
    )
