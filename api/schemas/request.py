"""What a search may ask for."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from retrieval.identifiers import KEY_CEILING
from retrieval.query import FIELDS, LONGEST_QUERY
from retrieval.records import FACETS, LEGS, FacetName, Filters, IntegrityPolicy, IntegrityStatus, Query
from retrieval.search import LONGEST_RESULT, MOST_FACET_VALUES

_MOST_VALUES: Final = 200
_MOST_PMIDS: Final = 10_000

# Strict: true, "7" and 7.0 are not numbers of hits; who sends them means something else.
_Year = Annotated[int, Field(strict=True, ge=1, le=9999)]
_Key = Annotated[int, Field(strict=True, ge=1, lt=KEY_CEILING)]
_Value = Annotated[str, Field(min_length=1, max_length=500)]
_Values = Annotated[list[_Value], Field(max_length=_MOST_VALUES)]
_Keys = Annotated[list[_Key], Field(max_length=_MOST_PMIDS)]
_Facets = Annotated[
    list[FacetName],
    Field(
        max_length=len(FACETS),
        description="Count the values of these over all articles that meet the conditions and hold a word of the "
        "question, however many: `facets` and `matching` of the answer. Each is also a field of the query language.",
        examples=[["year", "organ", "study"]],
    ),
]
_FacetSize = Annotated[int, Field(ge=1, le=MOST_FACET_VALUES, description="How many values of each facet.")]


class RequestModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SearchFilters(RequestModel):
    """Conditions that every hit meets. Values of one field are alternatives; fields combine by AND."""

    year_from: _Year | None = Field(None, description="Published in this year or later.", examples=[2015])
    year_to: _Year | None = Field(None, description="Published in this year or earlier.", examples=[2026])
    mesh: _Values = Field([], description="MeSH headings or their identifiers.", examples=[["Lung Neoplasms"]])
    mesh_explode: Annotated[bool, Field(strict=True)] = Field(
        True,
        description="Find the headings below them as well, here and for `mesh:` in the query; needs an index that was "
        "built with NLM's tree, otherwise a notice says so.",
    )
    publication_types: _Values = Field([], description="PubMed's publication types.", examples=[["Review"]])
    species: _Values = Field([], description="`human`, `animal`, `mouse` and others.", examples=[["human"]])
    organs: _Values = Field([], description="`lung`, `breast`, `colorectum` and others.", examples=[["lung"]])
    study_types: _Values = Field([], description="`case report`, `review` and others.", examples=[["meta-analysis"]])
    journals: _Values = Field([], description="Titles, abbreviations or ISSNs.", examples=[["Mod Pathol"]])
    languages: _Values = Field([], description="Three-letter codes as PubMed has them.", examples=[["eng"]])
    pmids: _Keys = Field([], description="Only these articles.", examples=[[]])
    exclude_pmids: _Keys = Field([], description="Never these articles.", examples=[[]])
    integrity_statuses: Annotated[list[IntegrityStatus], Field(max_length=len(IntegrityStatus))] = Field(
        [], description="Only articles of this standing, as far as `integrity` lets them through.", examples=[["ok"]]
    )
    integrity: IntegrityPolicy = Field(
        IntegrityPolicy.EXCLUDE,
        description="`exclude` leaves retracted and withdrawn articles out; `label` shows them, marked, with a notice; "
        "`allow` shows them, marked in their own record only.",
    )

    def to_filters(self) -> Filters:
        return Filters(
            year_from=self.year_from,
            year_to=self.year_to,
            mesh=tuple(self.mesh),
            mesh_explode=self.mesh_explode,
            publication_types=tuple(self.publication_types),
            species=tuple(self.species),
            organs=tuple(self.organs),
            study_types=tuple(self.study_types),
            journals=tuple(self.journals),
            languages=tuple(self.languages),
            pmids=tuple(self.pmids),
            exclude_pmids=tuple(self.exclude_pmids),
            integrity_statuses=tuple(self.integrity_statuses),
            integrity=self.integrity,
        )


class SearchRequest(RequestModel):
    """A question and how to answer it."""

    query: str = Field(
        min_length=1,
        max_length=LONGEST_QUERY,
        description='Plain words rank. `"words in a row"`, `-without` and `field:value` are conditions; fields are '
        f"{', '.join(FIELDS)}.",
        examples=["which markers separate lung adenocarcinoma from squamous cell carcinoma"],
    )
    limit: Annotated[int, Field(strict=True)] = Field(10, ge=1, le=LONGEST_RESULT, description="How many hits at most.")
    filters: SearchFilters = Field(SearchFilters(), description="Conditions beside those in the query itself.")
    legs: list[Literal["lexical", "dense"]] = Field(
        ["lexical", "dense"],
        min_length=1,
        max_length=len(LEGS),
        description="Search by words (`lexical`), by meaning (`dense`), or both.",
    )
    fusion: Literal["minmax", "rrf"] = Field(
        "minmax",
        description="How the legs' rankings become one: weighted average of scaled scores (`minmax`), or reciprocal "
        "ranks (`rrf`).",
    )
    expand: Annotated[bool, Field(strict=True)] = Field(
        True,
        description="Search names in the plain words by their synonyms as well (HER2: ERBB2, c-erbB-2, CD340); "
        "`expansions` of the answer names them.",
    )
    rerank: Annotated[bool, Field(strict=True)] = Field(
        True,
        description="Read the best hits once more, sentence by sentence, and put them in a better order; with both "
        "legs only, and within the server's time budget.",
    )
    facets: _Facets = Field([])
    facet_size: Annotated[_FacetSize, Field(strict=True)] = Field(10)

    top_up: Annotated[bool, Field(strict=True)] = Field(
        False,
        description="Also ask PubMed, within a few seconds, for articles that the index lacks: `not_indexed` of the "
        "answer. The query's plain words leave the server for NCBI with it. Only where the operator allows it.",
    )

    def to_query(self) -> Query:
        return Query(
            text=self.query,
            limit=self.limit,
            filters=self.filters.to_filters(),
            legs=tuple(self.legs),
            fusion=self.fusion,
            expand=self.expand,
            rerank=self.rerank,
            facets=tuple(self.facets),
            facet_size=self.facet_size,
        )


class SearchParameters(RequestModel):
    """The same search as a link, for people: `/v1/search?q=PD-L1 year:2018..`"""

    q: str = Field(
        min_length=1,
        max_length=LONGEST_QUERY,
        description="The question, as `query` of POST /v1/search.",
        examples=["Merkel cell polyomavirus"],
    )
    limit: int = Field(10, ge=1, le=LONGEST_RESULT, description="How many hits at most.")
    integrity: IntegrityPolicy = Field(IntegrityPolicy.EXCLUDE, description="What to do with retracted articles.")
    expand: bool = Field(True, description="Search names by their synonyms as well.")
    facets: _Facets = Field([])
    facet_size: _FacetSize = Field(10)

    def to_query(self) -> Query:
        return Query(
            text=self.q,
            limit=self.limit,
            filters=Filters(integrity=self.integrity),
            expand=self.expand,
            facets=tuple(self.facets),
            facet_size=self.facet_size,
        )
