"""Searching by image and by whole slide."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anyio
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from api.body_limit import Limit
from api.declared import failures
from api.errors import ApiError
from api.schemas import (
    Envelope,
    ImageSearchRequest,
    ImageSearchResponse,
    RegionCategoriesResponse,
    RegionCategoryView,
    image_view,
    slide_view,
)
from api.service import enveloped, service_of
from api.settings import ApiSettings
from api.uploads import (
    BESIDE,
    MULTIPART,
    asked_with_image,
    content_kind,
    form_of,
    image_limit,
    invalid,
    validated,
)
from retrieval.image.asking import prepare
from retrieval.image.regions import categories
from retrieval.image.search import ImageSearch
from retrieval.image.slide_search import search_slide

router = APIRouter(tags=["images"])

_SEARCH: Final = "/search/image"
_SLIDE: Final = "/search/slide"
_OVERLAY: Final = "/image/overlay"
_SCHEMA: Final = ImageSearchRequest.model_json_schema()
_OF_IMAGES: Final = frozenset({"image_base64", "region", "region_text", "mpp"})
"""Fields that mean nothing for a slide, which says itself how large its pixels are."""
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "image": {"type": "string", "format": "binary", "description": "The file: PNG, JPEG, TIFF, WEBP."},
        **{name: field for name, field in _SCHEMA["properties"].items() if name not in ("image_base64", "filters")},
        "filters": {"type": "string", "description": "As in JSON, written as JSON."},
    },
}
_JSON_OR_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {key: value for key, value in _SCHEMA.items() if key != "$defs"}
                | {
                    "properties": {k: v for k, v in _SCHEMA["properties"].items() if k != "filters"}
                    | {"filters": {"$ref": "#/components/schemas/SearchFilters"}}
                },
            },
            "multipart/form-data": {"schema": _FORM},
        },
    }
}


def body_limits(settings: ApiSettings, prefix: str) -> Mapping[str, Limit]:
    """Images are longer than other bodies, by a third where they come in base64; slides are longer still."""
    image = image_limit(settings)
    slide = Limit(settings.max_slide_bytes + BESIDE, settings.slide_timeout_s)
    return {prefix + _SEARCH: image, prefix + _OVERLAY: image, prefix + _SLIDE: slide}


@router.post(
    _SEARCH,
    response_model=Envelope[ImageSearchResponse],
    responses=failures(400, 401, 408, 413, 415, 422, 500, 503),
    summary="Search with an image",
    openapi_extra=_JSON_OR_FORM,
)
async def search_image(request: Request) -> Response:
    """Articles on what an image shows, each with the concept, sentence, caption or figure that brought it.

    As JSON with `image_base64`, or as a form with the file `image`. Words, a report or expressed genes may go with it,
    or stand alone. An image that shows no tissue, or is damaged, is an error that says why and how much. Where nothing
    known is more likely than not, `confident` is false and the image brings no hits.
    Nothing of the file but its pixels is used, and nothing of it is kept or logged.
    """
    asked, data = await asked_with_image(request, ImageSearchRequest)
    settings = service_of(request).settings

    def answer(images: ImageSearch) -> BaseModel:
        if data is None:
            return image_view(images.search(asked.to_query(), ()))
        prepared = prepare(
            data, asked.to_part(), most_bytes=settings.max_image_bytes, most_pixels=settings.max_image_pixels
        )
        result = images.search(asked.to_query(), prepared.views, prepared.gate.findings)
        return image_view(result, overlay_png=prepared.overlay, notices=prepared.notices)

    return await service_of(request).search_image(request, answer)


@router.post(
    _OVERLAY,
    response_class=Response,
    responses=failures(400, 401, 408, 413, 415, 422, 500, 503)
    | {200: {"content": {"image/png": {}}, "description": "The image with the region drawn."}},
    summary="Draw a region",
    openapi_extra=_JSON_OR_FORM,
)
async def overlay(request: Request) -> Response:
    """The image as PNG with what `region_text` names, or the panels of a compound figure, drawn into it."""
    asked, data = await asked_with_image(request, ImageSearchRequest)
    if data is None:
        raise invalid("image", "the image is missing")
    settings = service_of(request).settings
    prepared = await service_of(request).draw(
        lambda: prepare(
            data, asked.to_part(), most_bytes=settings.max_image_bytes, most_pixels=settings.max_image_pixels
        )
    )
    if prepared.overlay is None:
        raise invalid("region_text", "nothing is to be drawn: name a region in words; GET /v1/image/regions lists them")
    return Response(prepared.overlay, media_type="image/png")


@router.get(
    "/image/regions",
    response_model=Envelope[RegionCategoriesResponse],
    responses=failures(401, 500, 503),
    summary="What words can point at",
)
async def regions(request: Request) -> Response:
    """The regions that `region_text` knows, each with how it was checked."""
    listed = [
        RegionCategoryView(name=c.name, also=list(c.also), means=c.means, checked=c.checked) for c in categories()
    ]
    return enveloped(request, RegionCategoriesResponse(categories=listed))


@router.post(
    _SLIDE,
    response_model=Envelope[ImageSearchResponse],
    responses=failures(400, 401, 408, 413, 415, 422, 500, 503),
    summary="Search with a whole slide",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": _FORM
                    | {
                        "properties": {
                            "slide": {"type": "string", "format": "binary", "description": "SVS, TIFF, NDPI."},
                            **{k: v for k, v in _FORM["properties"].items() if k not in {"image", *_OF_IMAGES}},
                        }
                    }
                }
            },
        }
    },
)
async def search_by_slide(request: Request) -> Response:
    """Articles on what a whole slide shows, told by a few representative tiles of its tissue.

    `regions` says which tiles and what each shows; `overlay_png` is the thumbnail with them drawn. Labels and macro
    images are never read. Only where the operator allows uploads of that size (`api.max_slide_bytes`).
    """
    service = service_of(request)
    service.require_images()
    if service.settings.max_slide_bytes == 0:
        raise ApiError(422, "invalid_input", "this server takes no slides; its operator can set api.max_slide_bytes")
    if content_kind(request) != MULTIPART:
        raise ApiError(415, "unsupported_media_type", f"This path takes a form: {MULTIPART}.")
    with tempfile.TemporaryDirectory() as folder:
        # Closed before the search: until then, what arrived is on the disk twice.
        async with form_of(request, "slide") as (fields, upload):
            useless = sorted(_OF_IMAGES & fields.keys())
            if useless:
                raise invalid(useless[0], "there is no such field")
            if upload is None:
                raise invalid("slide", "the file is missing")
            asked = validated(fields, ImageSearchRequest)
            path = Path(folder, f"slide{_suffix(upload.filename or '')}")
            async with await anyio.open_file(path, "wb") as file:
                while part := await upload.read(BESIDE):
                    await file.write(part)
        return await service.search_image(
            request, lambda images: slide_view(search_slide(images, asked.to_query(), path))
        )


def _suffix(name: str) -> str:
    """OpenSlide tells some formats by it; the rest of a name may say who the patient is."""
    suffix = Path(name).suffix[1:11]
    return f".{suffix}" if suffix.isascii() and suffix.isalnum() else ""
