"""Calls registered tools. What they return is data: told by the operator's templates, bounded, never a citation."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
from PIL import Image

from retrieval.answer.records import IncidentKind, ToolResult
from retrieval.errors import ConfigurationError, ImageError, InputError
from retrieval.image.picture import Pixels, read_picture
from retrieval.tools.exchange import exchange
from retrieval.tools.failure import ToolError as ToolError
from retrieval.tools.registry import ToolSpec, validator
from retrieval.tools.template import asked, told

_MOST_ARGUMENTS: Final = 20_000
"""Characters of JSON."""
_SHOWN: Final = 200


class Toolbox:
    """The tools of one registry; safe to use from several threads."""

    def __init__(self, specs: Sequence[ToolSpec]) -> None:
        self.specs = tuple(specs)
        self._by_name = {spec.name: spec for spec in self.specs}
        if len(self._by_name) < len(self.specs):
            raise ConfigurationError("two tools have the same name; rename one")

    def functions(self) -> list[dict[str, Any]]:
        """The tools as OpenAI's function schema; addresses and headers are not in it."""
        return [
            {
                "type": "function",
                "function": {"name": spec.name, "description": spec.description, "parameters": spec.parameters},
            }
            for spec in self.specs
        ]

    def call(self, name: str, arguments: Mapping[str, Any], image: bytes | None = None) -> ToolResult:
        """One call. `image` is a file in any format that images may have; it is sent as a PNG without metadata.

        ToolError: UNKNOWN_TOOL for a name or arguments that the registry does not allow, else TOOL_FAILED.
        """
        spec = self._by_name.get(name)
        if spec is None:
            known = ", ".join(self._by_name) or "none"
            raise ToolError(IncidentKind.UNKNOWN_TOOL, f"there is no tool {name[:60]!r}; registered: {known}")
        sent = dict(arguments)
        written = _require_allowed(spec, sent)
        if spec.needs_image and image is None:
            raise ToolError(IncidentKind.TOOL_FAILED, f"the tool {spec.name} needs an image, and none was given")
        body = {**sent, "image": _encoded(spec, image)} if spec.needs_image and image is not None else sent
        result = exchange(spec, body)
        if spec.answer and (wrong := best_match(validator(spec.answer).iter_errors(result))):
            where = ".".join(map(str, wrong.path)) or "its top"
            raise ToolError(
                IncidentKind.TOOL_FAILED,
                f"the tool {spec.name} answered against its schema at {where!r} (rule {wrong.validator!r})",
            )
        try:
            return ToolResult(
                tool=spec.name, text=told(spec.summary, result), arguments=written, query=asked(spec.query, result)
            )
        except InputError as exc:
            raise ToolError(IncidentKind.TOOL_FAILED, f"the tool {spec.name} cannot be told: {exc}") from exc


def png(pixels: Pixels) -> bytes:
    """The pixels and nothing else."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _require_allowed(spec: ToolSpec, arguments: dict[str, Any]) -> str:
    """The arguments in JSON."""
    try:
        written = msgspec.json.encode(arguments).decode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise ToolError(IncidentKind.UNKNOWN_TOOL, f"the arguments for {spec.name} are no JSON") from exc
    if len(written) > _MOST_ARGUMENTS:
        raise ToolError(
            IncidentKind.UNKNOWN_TOOL,
            f"the arguments for {spec.name} have {len(written):,} characters; {_MOST_ARGUMENTS:,} are the most",
        )
    # The schema may leave room for further arguments; the image is never one of them.
    if "image" in arguments:
        raise ToolError(IncidentKind.UNKNOWN_TOOL, f"'image' is no argument of {spec.name}; the image goes along")
    if wrong := best_match(validator(spec.parameters).iter_errors(arguments)):
        raise ToolError(
            IncidentKind.UNKNOWN_TOOL, f"{spec.name} does not take these arguments: {wrong.message[:_SHOWN]}"
        )
    return written


def _encoded(spec: ToolSpec, image: bytes) -> str:
    try:
        return base64.b64encode(png(read_picture(image).pixels)).decode()
    except ImageError as exc:
        raise ToolError(IncidentKind.TOOL_FAILED, f"the tool {spec.name} cannot be given the image: {exc}") from exc
