"""Single articles."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.declared import failures
from api.schemas import ArticleResponse, Envelope, article_view
from api.service import service_of

router = APIRouter(tags=["articles"])

_LONGEST_ID: Final = 500
_Id = Annotated[
    str,
    Path(
        max_length=_LONGEST_ID,
        description="A PMID such as 29952771 or pmid:29952771, or the id that its source gave it, as hits have it.",
        openapi_examples={
            "pmid": {"summary": "A PMID", "value": "29952771"},
            "local": {"summary": "An article from elsewhere", "value": "scifact:4983"},
        },
    ),
]


# A path, because ids of other sources may hold slashes.
@router.get(
    "/articles/{id:path}",
    response_model=Envelope[ArticleResponse],
    responses=failures(401, 404, 422, 500, 503),
    summary="One article in full",
)
async def article(id: _Id, request: Request) -> Response:  # noqa: A002 - the name that clients see
    """Everything that the generation holds of one article, retracted or not: bibliography, abstract, MeSH, citation
    and standing."""
    return await service_of(request).look_up(request, lambda searcher: article_view(searcher.article(id)))
