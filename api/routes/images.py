"""Searching by image and by whole slide."""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import msgspec
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.body_limit import Limit
from api.declared import failures
from api.errors import ApiError, ErrorDetail
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
from retrieval.image.asking import prepare
from retrieval.image.regions import categories
from retrieval.image.search import ImageSearch
from retrieval.image.slide_search import search_slide

router = APIRouter(tags=["images"])

_SEARCH: Final = "/search/image"
_SLIDE: Final = "/search/slide"
_OVERLAY: Final = "/image/overlay"
_BESIDE: Final = 1_048_576
"""Bytes that a request may hold beside its image."""
_SCHEMA: Final = ImageSearchRequest.model_json_schema()
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
    image = Limit(settings.max_image_bytes * 4 // 3 + _BESIDE, max(settings.body_timeout_s, 60.0))
    slide = Limit(settings.max_slide_bytes + _BESIDE, settings.slide_timeout_s)
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
    asked, data = await _asked(request)
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
    asked, data = await _asked(request)
    if data is None:
        raise _invalid("image", "the image is missing")
    settings = service_of(request).settings
    prepared = await anyio.to_thread.run_sync(
        lambda: prepare(
            data, asked.to_part(), most_bytes=settings.max_image_bytes, most_pixels=settings.max_image_pixels
        )
    )
    if prepared.overlay is None:
        raise _invalid(
            "region_text", "nothing is to be drawn: name a region in words; GET /v1/image/regions lists them"
        )
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
                            **{k: v for k, v in _FORM["properties"].items() if k != "image"},
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
    settings = service_of(request).settings
    if settings.max_slide_bytes == 0:
        raise ApiError(422, "invalid_input", "this server takes no slides; its operator can set api.max_slide_bytes")
    form = await _form(request)
    upload = form.get("slide")
    if not isinstance(upload, UploadFile):
        raise _invalid("slide", "the file is missing")
    asked = _validated({**_fields(form), "image_base64": ""})
    # OpenSlide reads files by their names; the suffix decides for some formats.
    suffix = Path(upload.filename or "").suffix[:10]
    handle, name = tempfile.mkstemp(suffix=suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            while part := await upload.read(_BESIDE):
                await anyio.to_thread.run_sync(file.write, part)
        return await service_of(request).search_image(
            request, lambda images: slide_view(search_slide(images, asked.to_query(), Path(name)))
        )
    finally:
        Path(name).unlink(missing_ok=True)


async def _asked(request: Request) -> tuple[ImageSearchRequest, bytes | None]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await _form(request)
        upload = form.get("image")
        data = await upload.read() if isinstance(upload, UploadFile) else None
        return _validated(_fields(form)), data
    if kind != "application/json":
        raise ApiError(
            415, "unsupported_media_type", "This path takes JSON or a form: application/json, multipart/form-data."
        )
    try:
        asked = ImageSearchRequest.model_validate_json(await request.body())
    except ValidationError as exc:
        raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in exc.errors()]) from exc
    if not asked.image_base64:
        return asked, None
    try:
        return asked, base64.b64decode(asked.image_base64, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _invalid("image_base64", f"this is not base64: {exc}") from exc


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=1, max_fields=20, max_part_size=_BESIDE)
    except ClientDisconnect:
        raise
    except ApiError:
        raise
    except Exception as exc:
        raise ApiError(400, "malformed_body", f"The form cannot be read: {exc}") from exc


def _fields(form: FormData) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = _number(name, value)
    return fields


def _number(name: str, value: str) -> Any:
    """What a form writes as text and JSON as something else."""
    if name in ("limit", "image_weight", "mpp", "expand", "filters"):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError as exc:
            raise _invalid(name, f"{value[:80]!r} is no JSON value") from exc
    return value


def _validated(fields: dict[str, Any]) -> ImageSearchRequest:
    try:
        return ImageSearchRequest.model_validate(fields)
    except ValidationError as exc:
        raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in exc.errors()]) from exc


def _invalid(field: str, message: str) -> ApiError:
    return ApiError(422, "invalid_input", f"{field}: {message}", details=[ErrorDetail(field=field, message=message)])
