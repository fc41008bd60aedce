"""Searching."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response

from api.declared import failures
from api.schemas import Envelope, SearchParameters, SearchRequest, SearchResponse
from api.service import service_of

router = APIRouter(tags=["search"])

_Asked = Annotated[
    SearchRequest,
    Body(
        openapi_examples={
            "question": {
                "summary": "A question in plain words",
                "value": {"query": "which markers separate lung adenocarcinoma from squamous cell carcinoma"},
            },
            "filtered": {
                "summary": "Reviews since 2015 about lung tumours, without one known article",
                "value": {
                    "query": "PD-L1 scoring",
                    "limit": 20,
                    "filters": {
                        "year_from": 2015,
                        "mesh": ["Lung Neoplasms"],
                        "publication_types": ["Review"],
                        "exclude_pmids": [29952771],
                    },
                },
            },
            "language": {
                "summary": "The query language: a phrase, an exclusion, a field",
                "value": {"query": '"combined positive score" -melanoma year:2018..', "legs": ["lexical"]},
            },
            "facets": {
                "summary": "What there is on a subject: counts by year, organ and study type, of human studies",
                "value": {
                    "query": "PD-L1",
                    "filters": {"species": ["human"]},
                    "facets": ["year", "organ", "study"],
                    "facet_size": 5,
                },
            },
            "retracted": {
                "summary": "Retracted articles too, labelled",
                "value": {"query": "TGF-beta microsatellite", "filters": {"integrity": "label"}},
            },
        }
    ),
]


@router.post(
    "/search",
    response_model=Envelope[SearchResponse],
    responses=failures(400, 401, 408, 413, 415, 422, 500, 503),
    summary="Search the literature",
)
async def search(asked: _Asked, request: Request) -> Response:
    """Hits, best first, each with its citation, its standing and the sentences that support it.

    Two legs look for articles, by words and by meaning, and their rankings are fused. Retracted articles are left out
    unless `filters.integrity` is `label`. A query that breaks the rules of the query language is searched as plain
    words, and a notice says so.

    With `top_up` a search also lists, behind its hits, what PubMed has on the query's words and the index not yet
    (`not_indexed`). The words then leave the server for NCBI; without it nothing that is asked does.
    """
    return await service_of(request).search(request, asked.to_query(), top_up=asked.top_up)


@router.get(
    "/search",
    response_model=Envelope[SearchResponse],
    responses=failures(401, 422, 500, 503),
    summary="Search by link",
)
async def search_by_link(asked: Annotated[SearchParameters, Query()], request: Request) -> Response:
    """The same search with its defaults, for a browser's address bar. Programs better use POST: a query in a link
    ends up in the logs of every proxy on its way."""
    return await service_of(request).search(request, asked.to_query())
