"""What the OpenAPI document says of failures: each with its meaning, its shape and an example."""

from __future__ import annotations

from typing import Any, Final

from api.errors import ErrorResponse

_REQUEST_ID: Final = "7d7ac1b6f3a94b0f8f2f6a2f8cbb8c3e"
# Status: (when, code, message of the example).
_MEANINGS: Final = {
    400: ("The body is not UTF-8 or cannot be read.", "malformed_body", "The body cannot be read; send JSON, ..."),
    401: ("The server has API keys and the request carries none of them.", "unauthorized", "This server needs ..."),
    404: ("The generation does not hold it.", "article_not_found", "'pmid:1' is not in generation 000042; ..."),
    408: ("The body arrived too slowly.", "body_timeout", "The body did not arrive within 10 s; send it again."),
    413: ("The body is too long.", "body_too_large", "The body is longer than 1,048,576 bytes; send a shorter one."),
    415: ("The body is not declared as what the path takes.", "unsupported_media_type", "This path takes JSON; ..."),
    422: ("A field is missing, unknown or unusable.", "invalid_input", "limit: Input should be less than ..."),
    500: ("The server failed; the message tells no internals.", "internal", "The server failed on this request; ..."),
    503: (
        "Overloaded, or nothing to search yet; Retry-After says when to come back.",
        "overloaded",
        "Too many requests wait already; try again in a second.",
    ),
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route."""
    declared: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        when, code, message = _MEANINGS[status]
        example: dict[str, Any] = {"error": {"code": code, "message": message}, "request_id": _REQUEST_ID}
        if status == 422:
            example["error"]["details"] = [{"field": "limit", "message": "Input should be less than or equal to 1000"}]
        declared[status] = {
            "model": ErrorResponse,
            "description": when,
            "content": {"application/json": {"example": example}},
        }
        if status == 503:
            declared[status]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return declared
