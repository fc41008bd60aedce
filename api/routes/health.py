"""For whoever supervises the process. Both are open: no key, no data."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.declared import failures
from api.schemas import Envelope, HealthResponse
from api.service import enveloped, service_of

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=Envelope[HealthResponse], responses=failures(500), summary="The process lives")
async def healthz(request: Request) -> Response:
    """Answers as long as the process does; restart it when this fails."""
    return enveloped(request, HealthResponse())


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    response_model=Envelope[HealthResponse],
    responses=failures(500, 503),
    summary="The server can search",
)
async def readyz(request: Request) -> Response:
    """Answers 200 once a generation is open and its encoder has worked; send no searches before. A server that waits
    for its first generation becomes ready by itself."""
    return enveloped(request, HealthResponse(), service_of(request).readiness.require())
