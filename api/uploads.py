"""What comes with an image: the fields and the file of a form, or JSON that holds the file in base64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from api.body_limit import Limit
from api.errors import ApiError, ErrorDetail
from api.settings import ApiSettings

MULTIPART: Final = "multipart/form-data"
BESIDE: Final = 1_048_576
"""Bytes that a request may hold beside its image."""
_NOT_TEXT: Final = frozenset("limit image_weight mpp expand filters sources sentences stream conversation".split())
"""Fields that a form writes as text and JSON as something else."""

AskedModel = TypeVar("AskedModel", bound=BaseModel)


def image_limit(settings: ApiSettings) -> Limit:
    """Of a body that may hold an image in base64, which is longer by a third."""
    return Limit(settings.max_image_bytes * 4 // 3 + BESIDE, max(settings.body_timeout_s, 60.0))


async def asked_with_image(request: Request, model: type[AskedModel]) -> tuple[AskedModel, bytes | None]:
    """A form with the file `image`, or JSON with `image_base64`; `model` has such a field."""
    kind = content_kind(request)
    if kind == MULTIPART:
        async with form_of(request, "image") as (fields, upload):
            if "image_base64" in fields:
                raise invalid("image_base64", "in a form, send the file itself as `image`")
            return validated(fields, model), None if upload is None else await upload.read()
    if kind != "application/json":
        raise ApiError(
            415, "unsupported_media_type", "This path takes JSON or a form: application/json, multipart/form-data."
        )
    body = await request.body()
    try:
        asked = model.model_validate_json(body)
    except ValidationError as exc:
        raise _at_fault(exc) from exc
    written: str = getattr(asked, "image_base64", "")
    if not written:
        return asked, None
    try:
        return asked, base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise invalid("image_base64", f"this is not base64: {exc}") from exc


@asynccontextmanager
async def form_of(request: Request, file: str) -> AsyncIterator[tuple[dict[str, Any], UploadFile | None]]:
    """The fields of a form, and its one file, called `file`, where there is one; what was spooled goes at the end."""
    try:
        form = await request.form(max_files=1, max_fields=20, max_part_size=BESIDE)
    except (ClientDisconnect, ApiError):
        raise
    except Exception as exc:
        raise ApiError(
            400, "malformed_body", f"The form cannot be read; send multipart/form-data with one file, `{file}`."
        ) from exc
    try:
        uploads = {name: value for name, value in form.multi_items() if isinstance(value, UploadFile)}
        strange = [name for name in uploads if name != file]
        if strange:
            raise invalid(file, f"send the file under this name; {len(strange)} came under another")
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        if file in fields:
            raise invalid(file, "this came as text; send it as a file, with a file name")
        yield {name: _number(name, value) for name, value in fields.items()}, uploads.get(file)
    finally:
        await form.close()


def content_kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _number(name: str, value: str) -> Any:
    if name in _NOT_TEXT:
        try:
            return msgspec.json.decode(value)
        except (msgspec.MsgspecError, RecursionError) as exc:
            raise invalid(name, "this is no JSON value") from exc
    return value


def validated(fields: dict[str, Any], model: type[AskedModel]) -> AskedModel:
    try:
        return model.model_validate(fields)
    except ValidationError as exc:
        raise _at_fault(exc) from exc


def _at_fault(exc: ValidationError) -> ApiError | RequestValidationError:
    problems = exc.errors(include_input=False, include_context=False)
    if any(problem["type"] == "json_invalid" for problem in problems):
        reason = problems[0]["msg"].removeprefix("Invalid JSON: ")
        return invalid("body", f"not JSON: {reason}")
    return RequestValidationError([{**problem, "loc": ("body", *problem["loc"])} for problem in problems])


def invalid(field: str, message: str) -> ApiError:
    return ApiError(422, "invalid_input", f"{field}: {message}", details=[ErrorDetail(field=field, message=message)])
