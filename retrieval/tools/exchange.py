"""One request to a tool and its answer: JSON both ways, bounded in time and bytes, never redirected."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec

from retrieval.answer.records import IncidentKind
from retrieval.tools.failure import ToolError
from retrieval.tools.registry import VARIABLE, ToolSpec

_CONNECT_S: Final = 5.0


def exchange(spec: ToolSpec, body: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object that the tool answers. ToolError; its message holds neither secrets nor what was sent."""
    headers = {**_headers(spec), "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "pathlit"}
    content = msgspec.json.encode(body)
    ends = time.monotonic() + spec.timeout_s
    timeout = httpx2.Timeout(spec.timeout_s, connect=min(_CONNECT_S, spec.timeout_s))
    try:
        with (
            httpx2.Client(timeout=timeout, follow_redirects=False) as client,
            client.stream(
                "POST", spec.url, content=content, headers={"Content-Type": "application/json", **headers}
            ) as answer,
        ):
            _require_answer(spec, answer)
            return _object(spec, _read(spec, answer, ends))
    except httpx2.TimeoutException as exc:
        raise _failed(spec, f"gave no answer within {spec.timeout_s:g} seconds") from exc
    except (httpx2.HTTPError, httpx2.InvalidURL) as exc:
        raise _failed(spec, f"cannot be reached or broke off ({type(exc).__name__})") from exc


def missing_variables(spec: ToolSpec) -> tuple[str, ...]:
    """Variables that its headers name and the environment lacks."""
    names = dict.fromkeys(name for value in spec.headers.values() for name in VARIABLE.findall(value))
    return tuple(name for name in names if not os.environ.get(name))


def place(spec: ToolSpec) -> str:
    """Where it answers, without what a query string may hold."""
    parts = urlsplit(spec.url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _headers(spec: ToolSpec) -> dict[str, str]:
    if missing := missing_variables(spec):
        raise _failed(spec, f"needs {', '.join(missing)} of the environment, which is not set")
    headers = {name: VARIABLE.sub(lambda found: os.environ[found[1]], value) for name, value in spec.headers.items()}
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            raise _failed(spec, f"has a header {name} whose variable holds characters that no header may have")
    return headers


def _require_answer(spec: ToolSpec, answer: httpx2.Response) -> None:
    if answer.is_redirect:
        raise _failed(spec, "redirects to another address, which is not followed; register that address")
    if answer.status_code != httpx2.codes.OK:
        raise _failed(spec, f"answered with HTTP status {answer.status_code}")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise _failed(spec, "answered in a compressed form, which was not asked for")


def _read(spec: ToolSpec, answer: httpx2.Response, ends: float) -> bytes:
    body = bytearray()
    for piece in answer.iter_raw():
        body += piece
        if len(body) > spec.max_response_bytes:
            raise _failed(spec, f"answered with more than {spec.max_response_bytes:,} bytes")
        if time.monotonic() > ends:
            raise _failed(spec, f"gave no whole answer within {spec.timeout_s:g} seconds")
    return bytes(body)


def _object(spec: ToolSpec, body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (ValueError, RecursionError) as exc:
        raise _failed(spec, "answered with something that is no JSON object") from exc


def _failed(spec: ToolSpec, what: str) -> ToolError:
    return ToolError(IncidentKind.TOOL_FAILED, f"the tool {spec.name} {what}")
