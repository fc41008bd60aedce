"""The one shape of every failure, and which failure of the error tree becomes which status."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from retrieval.errors import (
    ArticleNotFoundError,
    CatalogError,
    ConfigurationError,
    GenerationError,
    ImageError,
    InputError,
    NotPublishedError,
    PathlitError,
    SourceError,
)

_log = logging.getLogger(__name__)
_MOST_DETAILS: Final = 20
_LONGEST_NAME: Final = 80


class ErrorDetail(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(description="The field at fault, with dots: filters.year_from", examples=["limit"])
    message: str = Field(examples=["Input should be less than or equal to 1000"])


class ErrorBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(description="The kind of failure, for programs.", examples=["invalid_input"])
    message: str = Field(description="What is wrong and what to do, for people.")
    details: list[ErrorDetail] | None = Field(
        None, description="One entry per field at fault; left out where no field is."
    )


class ErrorResponse(BaseModel):
    """Every failed answer, whatever failed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: ErrorBody
    request_id: str = Field(description="Name it when you report the failure.")


class ApiError(HTTPException):
    """A failure on its way to the client. It may be raised anywhere in the application, middleware included."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[ErrorDetail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers=headers)
        self.body = ErrorBody(code=code, message=message, details=list(details) or None)


def install_error_handlers(app: FastAPI) -> None:
    for kind in (PathlitError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _handle)


async def _handle(request: Request, exc: Exception) -> Response:
    request_id = str(request.state.request_id)
    error = api_error(exc)
    if error.status_code >= 500 and isinstance(exc, PathlitError):
        _log.error("request %s failed: %s: %s", request_id, exc.code, exc)
    return error_response(error, request_id)


def error_response(error: ApiError, request_id: str) -> Response:
    body = ErrorResponse(error=error.body, request_id=request_id)
    return Response(
        body.model_dump_json(exclude_none=True), error.status_code, error.headers, media_type="application/json"
    )


def api_error(exc: Exception) -> ApiError:
    """The answer to an exception. What lies on the server's side is told without its internals: the log has them."""
    if isinstance(exc, ApiError):
        return exc
    if isinstance(exc, RequestValidationError):
        return _invalid(exc)
    if isinstance(exc, HTTPException):
        return _of_the_framework(exc)
    if isinstance(exc, ImageError):
        measured = "" if exc.measure is None else f" ({exc.measure:.4g})"
        return ApiError(422, exc.code, str(exc), details=[ErrorDetail(field="image", message=f"{exc.kind}{measured}")])
    if isinstance(exc, InputError):
        return ApiError(422, exc.code, str(exc))
    if isinstance(exc, ArticleNotFoundError):
        return ApiError(404, exc.code, str(exc))
    if isinstance(exc, PathlitError):
        return _of_the_server(exc)
    return internal_error()


def internal_error() -> ApiError:
    return ApiError(
        500, "internal", "The server failed on this request; its log says why, under the request id of this answer."
    )


def _of_the_server(exc: PathlitError) -> ApiError:
    # The full messages name folders and settings of the server, which are the operator's business alone.
    match exc:
        case NotPublishedError():
            message = "Nothing has been published yet; the server answers as soon as a first generation is."
        case GenerationError() | CatalogError():
            message = "The index cannot be used at the moment; the server's log says why. Try again later."
        case SourceError():
            return ApiError(502, exc.code, "A remote source failed; the server's log says which. Try again later.")
        case ConfigurationError():
            return ApiError(500, exc.code, "The server is not set up correctly; its log says what is missing.")
        case _:
            return internal_error()
    return ApiError(503, exc.code, message, headers={"Retry-After": "5"})


def _of_the_framework(exc: HTTPException) -> ApiError:
    known = {
        400: ("malformed_body", "The body cannot be read; send JSON, encoded in UTF-8."),
        404: ("not_found", "There is nothing at this path; /docs lists what there is."),
        405: ("method_not_allowed", "This path does not take this method; the header Allow lists those that it takes."),
    }
    phrase = HTTPStatus(exc.status_code).phrase
    code, message = known.get(exc.status_code, (phrase.lower().replace(" ", "_"), f"{phrase}."))
    return ApiError(exc.status_code, code, message, headers=exc.headers)


def _invalid(exc: RequestValidationError) -> ApiError:
    problems = exc.errors()
    # A body of another type reaches the model as plain bytes, whatever they hold.
    if any(tuple(problem["loc"]) == ("body",) and isinstance(problem.get("input"), bytes) for problem in problems):
        return ApiError(
            415, "unsupported_media_type", "This path takes JSON; send it with Content-Type: application/json."
        )
    details = [_detail(problem) for problem in problems[:_MOST_DETAILS]]
    told = "; ".join(f"{detail.field}: {detail.message}" for detail in details[:3])
    rest = len(problems) - 3
    return ApiError(422, "invalid_input", told + (f"; and {rest} more" if rest > 0 else ""), details=details)


def _detail(problem: Mapping[str, Any]) -> ErrorDetail:
    """Names the field and the rule, never the value: what was asked stays out of messages and logs."""
    place = [str(part) for part in problem["loc"]]
    match problem["type"]:
        case "json_invalid":
            # Its second part is a position in the text, not a field.
            reason = problem.get("ctx", {}).get("error", "it cannot be parsed")
            return ErrorDetail(field="body", message=f"not JSON, at character {place[-1]}: {reason}")
        case "extra_forbidden":
            message = "there is no such field"
        case "missing":
            message = "this field is required"
        case _:
            message = str(problem["msg"])
    name = ".".join(place[1:]) or place[0]
    return ErrorDetail(field=name[:_LONGEST_NAME].encode(errors="replace").decode(), message=message)
