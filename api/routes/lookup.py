"""Looking up citations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from api.declared import failures
from api.schemas.envelope import Envelope
from api.schemas.lookup import LookupRequestBody, LookupResponse, outcome_view
from api.service import service_of
from retrieval.lookup.lookup import CitationLookup
from retrieval.lookup.records import ItemOutcome

router = APIRouter(tags=["citations"])

_Asked = Annotated[
    LookupRequestBody,
    Body(
        openapi_examples={
            "sentence": {
                "summary": "Papers that carry one sentence",
                "value": {"text": "TTF-1 separates lung adenocarcinoma from squamous cell carcinoma."},
            },
            "checked": {
                "summary": "Does the paper that is cited say so? Is it retracted?",
                "value": {
                    "text": "TTF-1 marks adenocarcinoma of the lung [1].",
                    "references": "1. PMID: 29952771",
                },
            },
            "batch": {
                "summary": "Several texts, each with an outcome of its own",
                "value": {"items": [{"text": "p40 marks squamous cells."}, {"text": "PD-L1 predicts response."}]},
            },
        }
    ),
]


@router.post(
    "/citations/lookup",
    response_model=Envelope[LookupResponse],
    responses=failures(400, 401, 408, 413, 415, 422, 500, 503),
    summary="Find and check the citations of a text",
)
async def look_up(asked: _Asked, request: Request) -> Response:
    """Which sentences need a citation and why, the papers that carry them, and whether those they cite do.

    Each paper comes with a verdict, the exact span of its abstract that decided, and its standing. A paper that
    contradicts a sentence is shown as such; a retracted one supports nothing unless `filters.integrity` is `allow`.
    References (PMID, DOI, PMCID, free text, BibTeX, RIS, NBIB) are resolved to records of the index.

    With `items` each has an outcome of its own: one that cannot be used fails nothing but itself.
    """
    requests = asked.to_requests()

    def work(lookup: CitationLookup) -> LookupResponse:
        if asked.text is not None:
            outcomes = [ItemOutcome(0, result=lookup.look_up(requests[0]))]
        else:
            outcomes = list(lookup.look_up_each(requests))
        return LookupResponse(items=[outcome_view(outcome) for outcome in outcomes])

    return await service_of(request).look_up_citations(request, work)
