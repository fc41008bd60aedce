"""What a search answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.schemas.view import IntegrityView, Text, View, pubmed_url, shown_pmid
from retrieval.citations import cite
from retrieval.records import Article, Evidence, FacetName, Hit, Integrity, SearchResult


class LegView(View):
    """Where one leg placed a hit."""

    rank: int = Field(description="1 is best.", examples=[1])
    score: float = Field(description="The leg's own score: BM25 or inner product.", examples=[14.2])
    share: float = Field(description="Its part of the fused score; the shares of a hit add up to it.", examples=[0.45])


class EvidenceView(View):
    """A sentence that supports a hit: characters `start` to `end` of the named field."""

    field: Literal["title", "abstract"]
    start: int = Field(description="Offset of the first character, counted in Unicode code points.", examples=[0])
    end: int = Field(description="Offset behind the last character.", examples=[58])
    text: str = Field(examples=["TTF-1 and p40 separate the two in most small biopsies."])
    score: float = Field(
        description="How well it answers the query, from 0 to 1, comparable within one answer.", examples=[0.71]
    )


class FoundView(View):
    """One article that was found."""

    id: str = Field(description="Give it to GET /v1/articles/{id}.", examples=["pmid:29952771"])
    pmid: int | None = Field(description="Null for an article that is not from PubMed.", examples=[29952771])
    title: Text = Field(examples=["Immunohistochemistry of lung carcinoma in small biopsies."])
    citation: str = Field(description="How to cite it, in NLM style, on one line.")
    abstract: Text = Field(description="The whole abstract, one line per section; null where there is none.")
    year: int | None = Field(examples=[2018])
    journal: Text = Field(description="Its full title, or of a book chapter the book's.", examples=["Modern pathology"])
    doi: Text = Field(examples=["10.1038/s41379-018-0001-1"])
    pmcid: Text = Field(examples=["PMC6022342"])
    publication_types: list[str] = Field(examples=[["Journal Article", "Review"]])
    mesh: list[str] = Field(description="MeSH headings.", examples=[["Lung Neoplasms"]])
    url: str | None = Field(description="Its page at PubMed.", examples=["https://pubmed.ncbi.nlm.nih.gov/29952771/"])
    integrity: IntegrityView
    evidence: list[EvidenceView] = Field(description="The sentences that answer best, best first; may be empty.")


class RerankedView(View):
    """What a reranker made of a hit."""

    score: float = Field(description="Comparable within one answer.", examples=[2.31])
    fused_rank: int = Field(description="Where fusion had placed it.", examples=[4])
    contributions: dict[str, float] = Field(
        description="What each feature added to the score, where the reranker can tell.",
        examples=[{"fused": 0.82, "sentence": 0.44, "words": 1.05}],
    )


class HitView(FoundView):
    """One article of the index that was found, and why."""

    rank: int = Field(description="1 is best.", examples=[1])
    score: float = Field(description="The fused score, comparable within one answer.", examples=[0.91])
    legs: dict[str, LegView] = Field(description="By leg (`lexical`, `dense`), those that found it.")
    reranked: RerankedView | None = Field(
        description="Reranked hits come first, by this score; null for the others, which follow by `score`."
    )


class NotIndexedView(FoundView):
    """One article that PubMed has and the index not yet: unranked, its standing from its own record alone."""


class ExpansionView(View):
    """A name of the question that was searched by its other names as well."""

    matched: str = Field(description="As the question has it.", examples=["HER2"])
    added: list[str] = Field(examples=[["ERBB2", "c-erbB-2", "CD340"]])
    why: str = Field(
        description="Where the names come from, and what made an ambiguous one clear.",
        examples=["names of one marker, vocabulary"],
    )


class FacetValueView(View):
    value: str = Field(examples=["lung"])
    count: int = Field(description="Articles; one with several values counts for each.", examples=[1204])


class FacetView(View):
    """What the matching articles have in one respect."""

    name: FacetName
    values: list[FacetValueView] = Field(
        description='Most frequent first; of the years all, newest first. As a condition: `name:"value"` in the query.'
    )


class SearchResponse(View):
    """Hits, best first, and how the question was understood."""

    hits: list[HitView]
    interpretation: str = Field(description="The query as it was understood.", examples=["lung adenocarcinoma -mouse"])
    notices: list[str] = Field(
        description="What the asker should know, such as a retracted article that was left out.", examples=[[]]
    )
    expansions: list[ExpansionView] = Field(
        description="Names that were searched by their synonyms as well; none with `expand` false."
    )
    facets: list[FacetView] = Field(description="Those that were asked for, in that order.")
    matching: int | None = Field(
        description="With `facets`: how many articles they count, all that meet the conditions and hold a word of the "
        "question; null without.",
        examples=[1312],
    )
    reranker: str | None = Field(description="Which one ordered the hits; null where the fused order stands.")
    timings_ms: dict[str, float] = Field(
        description="Milliseconds by stage.", examples=[{"encode": 8.1, "dense": 1.7, "lexical": 4.0, "fusion": 0.2}]
    )
    not_indexed: list[NotIndexedView] = Field(
        description="With `top_up`: articles of PubMed that the index lacks, best match of the words first; always "
        "empty without it. GET /v1/articles does not know them."
    )


def search_view(result: SearchResult) -> SearchResponse:
    return SearchResponse(
        hits=[_hit_view(hit) for hit in result.hits],
        interpretation=result.interpretation,
        notices=list(result.notices),
        expansions=[ExpansionView.model_validate(expansion) for expansion in result.expansions],
        facets=[FacetView.model_validate(facet) for facet in result.facets],
        matching=result.matching,
        reranker=result.reranker or None,
        timings_ms=dict(result.timings_ms),
        not_indexed=[
            NotIndexedView.model_validate(found_fields(recent.article, recent.integrity, recent.evidence))
            for recent in result.not_indexed
        ],
    )


def _hit_view(hit: Hit) -> HitView:
    return HitView.model_validate(
        {
            **found_fields(hit.article, hit.integrity, hit.evidence),
            "rank": hit.rank,
            "score": hit.score,
            "legs": hit.legs,
            "reranked": hit.reranked,
        }
    )


def found_fields(article: Article, integrity: Integrity, evidence: tuple[Evidence, ...]) -> dict[str, Any]:
    return {
        "id": article.id,
        "pmid": shown_pmid(article),
        "title": article.title,
        "citation": cite(article),
        "abstract": article.abstract,
        "year": article.year,
        "journal": article.journal.title
        or article.journal.abbreviation
        or (article.book.title if article.book else ""),
        "doi": article.doi,
        "pmcid": article.pmcid,
        "publication_types": [term.name for term in article.publication_types],
        "mesh": [heading.name for heading in article.mesh],
        "url": pubmed_url(article),
        "integrity": integrity,
        "evidence": evidence,
    }
