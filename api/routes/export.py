"""Citations as files for reference managers, and as text for manuscripts."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from api.declared import failures
from api.errors import ApiError, ErrorDetail
from api.schemas.export import CitationParameters, ExportRequest
from api.service import service_of
from retrieval.citations import FORMATS, FormatName, StyleName, export
from retrieval.citations.choosing import choose
from retrieval.index.interface import IndexedArticle
from retrieval.search import Searcher

router = APIRouter(tags=["citations"])

_LONGEST_ID: Final = 500
_Id = Annotated[str, Path(max_length=_LONGEST_ID, description="As `GET /v1/articles/{id}` takes it.")]
_Asked = Annotated[
    ExportRequest,
    Body(
        openapi_examples={
            "ris": {"summary": "Two articles for Zotero or Mendeley", "value": {"ids": ["29952771", "30582154"]}},
            "text": {
                "summary": "A list of references in the style of the AMA",
                "value": {"ids": ["29952771", "30582154"], "format": "text", "style": "ama"},
            },
        }
    ),
]
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, in UTF-8; `X-Generation` names the generation that it comes from.",
        "content": {found.media_type: {"schema": {"type": "string"}} for found in FORMATS.values()},
    }
}


@router.post(
    "/citations/export",
    response_class=Response,
    responses=failures(400, 401, 404, 408, 413, 415, 422, 500, 503) | _FILE,
    summary="Export citations",
)
async def export_citations(asked: _Asked, request: Request) -> Response:
    """A file with the citations of up to 200 articles, in the order given, each with a note where it was retracted.

    Nobody gets a list that lacks entries unnoticed: where an id names no article there is no file, and the answer is
    404 with one entry of `details` for each such id.
    """

    def answer(searcher: Searcher) -> Response:
        chosen = choose(searcher, asked.ids)
        if chosen.missing:
            details = [ErrorDetail(field=f"ids.{one.place}", message=one.reason) for one in chosen.missing]
            count = f"{len(details)} of {len(asked.ids)} ids name no article"
            message = f"{count} of generation {searcher.generation}; leave them out, or correct them"
            raise ApiError(404, "article_not_found", message, details=details)
        return _file(chosen.articles, asked.format, asked.style, searcher.generation, "citations")

    return await service_of(request).file(answer)


# Told from the article itself by its last part, so it has to be known to the application before that one.
@router.get(
    "/articles/{id:path}/citation",
    response_class=Response,
    responses=failures(401, 404, 422, 500, 503) | _FILE,
    summary="The citation of one article",
)
async def citation(
    id: _Id,  # noqa: A002 - the name that clients see
    asked: Annotated[CitationParameters, Query()],
    request: Request,
) -> Response:
    """A file with the citation of one article, retracted or not, with a note where it was."""

    def answer(searcher: Searcher) -> Response:
        found = searcher.article(id)
        # A source's own id may hold what no file's name or header may.
        return _file([found], asked.format, asked.style, searcher.generation, f"citation-{found.article.pmid}")

    return await service_of(request).file(answer)


def _file(
    articles: list[IndexedArticle],
    format: FormatName,  # noqa: A002
    style: StyleName,
    generation: str,
    name: str,
) -> Response:
    chosen = FORMATS[format]
    return Response(
        export(articles, format, style=style).encode(),
        media_type=f"{chosen.media_type}; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}{chosen.suffix}"',
            "X-Generation": generation,
        },
    )
