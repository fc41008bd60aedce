"""What an operator attaches: external models by address and schema, read from a TOML file whose head explains it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
from msgspec import field
from referencing import Registry

from retrieval.errors import ConfigurationError, InputError
from retrieval.records import Record
from retrieval.tools.template import fields_of

NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,47}")
VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET_HEADER: Final = re.compile(r"auth|cookie|key|token|secret|password", re.IGNORECASE)
_LONGEST_TIMEOUT_S: Final = 600.0
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_TOOLS: Final = 64


class ToolKind(StrEnum):
    """What a tool does; the router knows the words that wish for each."""

    SEGMENTATION = "segmentation"
    DETECTION = "detection"
    COUNTING = "counting"
    CLASSIFICATION = "classification"
    GRADING = "grading"
    SCORING = "scoring"
    """Of immunohistochemistry: HER2, PD-L1, Ki-67."""
    STAINING = "staining"
    """From one stain to another."""
    GENERATION = "generation"


def _no_arguments() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "additionalProperties": False}


class ToolSpec(Record, frozen=True, forbid_unknown_fields=True):
    """One external model. Secrets are not in it, only the names of the variables that hold them."""

    name: str
    description: str
    """For the language model that may call it, and for people."""
    kind: ToolKind
    url: str
    summary: str
    """How the result is told: a template over its JSON (retrieval/tools/template.py)."""
    parameters: dict[str, Any] = field(default_factory=_no_arguments)
    """JSON Schema of the arguments, an object; the image is none of them."""
    answer: dict[str, Any] = field(default_factory=dict)
    """JSON Schema that the result must meet; it is a JSON object in any case."""
    query: str = ""
    """What the result adds to the search of the literature: a template as well."""
    needs_image: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    """${NAME} stands for a variable of the environment."""
    timeout_s: float = 30.0
    """For the whole exchange."""
    max_response_bytes: int = 1_000_000
    when: tuple[str, ...] = ()
    """What in a question asks for it: phrases whose words all stand there ("mitos*" for a beginning), or kinds; without
    any, its own kind."""
    example: dict[str, Any] = field(default_factory=dict)
    """Arguments to try it with."""


class _File(Record, frozen=True, forbid_unknown_fields=True):
    tool: list[dict[str, Any]] = field(default_factory=list)


def read_tools(path: Path) -> tuple[ToolSpec, ...]:
    """The tools of a file, in its order. ConfigurationError names file, tool and field."""
    try:
        tables = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).tool
    except OSError as exc:
        raise ConfigurationError(f"the tools {path} cannot be read: {exc.strerror}; correct the path") from exc
    except ValueError as exc:
        raise ConfigurationError(f"the tools {path} cannot be used: {exc}; it takes [[tool]] tables") from exc
    if len(tables) > _MOST_TOOLS:
        raise ConfigurationError(f"the tools {path} hold {len(tables)} tools; {_MOST_TOOLS} are the most")
    specs: dict[str, ToolSpec] = {}
    for number, table in enumerate(tables, 1):
        name = str(table.get("name", ""))[:60] or f"number {number}"
        try:
            spec = msgspec.convert(table, ToolSpec)
        except msgspec.ValidationError as exc:
            raise ConfigurationError(f"{path}, tool {name}: {exc}; correct it") from exc
        for wrong, reason in _problems(spec):
            raise ConfigurationError(f"{path}, tool {name}, field {wrong!r}: {reason}")
        if spec.name in specs:
            raise ConfigurationError(f"{path}, tool {name}, field 'name': two tools have it; rename one")
        specs[spec.name] = spec
    return tuple(specs.values())


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """One that never fetches a schema from elsewhere."""
    return Draft202012Validator(schema, registry=Registry())


def _problems(spec: ToolSpec) -> Iterator[tuple[str, str]]:
    """(field, what is wrong and what to do)."""
    if not NAME.fullmatch(spec.name):
        yield "name", f"{spec.name[:60]!r} is no name; write 2 to 48 small letters, digits and _, a letter first"
    if not spec.description.strip():
        yield "description", "it is empty; say what the tool does and when to call it"
    yield from _of_url(spec.url)
    for name, template in (("summary", spec.summary), ("query", spec.query)):
        try:
            fields_of(template)
        except InputError as exc:
            yield name, str(exc)
    if not spec.summary.strip():
        yield "summary", "it is empty; say how the result is told, as in 'Score {score}'"
    for name, schema in (("parameters", spec.parameters), ("answer", spec.answer)):
        yield from _of_schema(name, schema)
    properties = spec.parameters.get("properties", {})
    if spec.parameters.get("type") != "object" or not isinstance(properties, dict):
        yield "parameters", 'it must describe an object: type = "object", with properties'
    if "image" in properties:
        yield "parameters", "the argument 'image' is the image itself; give it another name"
    if spec.example and (wrong := next(validator(spec.parameters).iter_errors(spec.example), None)):
        yield "example", f"its own parameters forbid it: {wrong.message[:200]}"
    for header, value in spec.headers.items():
        yield from _of_header(header, value)
    if not 0 < spec.timeout_s <= _LONGEST_TIMEOUT_S:
        yield "timeout_s", f"{spec.timeout_s} lies outside 0 to {_LONGEST_TIMEOUT_S:.0f} seconds"
    if not 2 <= spec.max_response_bytes <= _MOST_BYTES:
        yield "max_response_bytes", f"{spec.max_response_bytes} lies outside 2 to {_MOST_BYTES:,}"
    if any(not phrase.strip(" *") for phrase in spec.when):
        yield "when", "an entry is empty; write words of a question, or a kind"


def _of_url(url: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        yield "url", f"{url[:80]!r} is no address; write http://host:port/path or https://..."
    elif parts.username is not None or parts.password is not None:
        yield "url", "it holds a user name or a password; put them into a header with ${NAME}"


def _of_schema(name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as exc:
        yield name, f"it is no JSON Schema: {exc.message[:200]}"
    else:
        if far := next(_far_references(schema), None):
            yield name, f"it refers to {far[:80]!r}; schemas from elsewhere are not fetched, write it out"


def _far_references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
                yield value
            yield from _far_references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _far_references(value)


def _of_header(header: str, value: str) -> Iterator[tuple[str, str]]:
    if not _HEADER.fullmatch(header) or any(ord(c) < 32 or ord(c) > 126 for c in value):
        yield "headers", f"{header[:60]!r} or its value holds characters that no header may have"
    elif _SECRET_HEADER.search(header) and not VARIABLE.search(value):
        yield "headers", f"{header!r} looks like a secret; keep it in a variable of the environment and write ${{NAME}}"
