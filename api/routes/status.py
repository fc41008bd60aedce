"""What is in service."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.declared import failures
from api.schemas import Counts, Envelope, StatusResponse, status_view
from api.service import service_of
from retrieval.freshness import freshness
from retrieval.search import Searcher

router = APIRouter(tags=["status"])


@router.get(
    "/status",
    response_model=Envelope[StatusResponse],
    responses=failures(401, 500, 503),
    summary="The generation in service and its age",
)
async def status(request: Request) -> Response:
    """Which generation answers, what it holds, how it was built, and what it is current to: `warnings` says so where
    that is longer ago than the operator allows."""
    service = service_of(request)
    counts = Counts(
        searches=service.counters.searches, answers=service.counters.answers, errors=service.counters.errors
    )

    def described(searcher: Searcher) -> StatusResponse:
        return status_view(
            searcher.manifest,
            freshness(searcher.manifest, datetime.now(UTC), service.stale_after_days),
            version=service.version,
            counts=counts,
        )

    return await service.look_up(request, described)
