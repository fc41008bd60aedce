"""JSON Schema of the tools, in the plain form that language models and small servers read: no references, no null."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

_NOISE: Final = ("title",)


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Everything in place of a $ref to it; a field that may be left out is not also said to be nullable."""
    schema = model.model_json_schema(mode="validation")
    definitions = schema.pop("$defs", {})
    plain: dict[str, Any] = _plain(schema, definitions)
    # What must be given first: models fill in fields in the order in which they read them.
    required = {name: plain["properties"][name] for name in plain.get("required", ())}
    return {**plain, "properties": required | plain["properties"]}


def _plain(part: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_plain(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        referred = definitions[part["$ref"].rpartition("/")[2]]
        return _plain({**referred, **{key: value for key, value in part.items() if key != "$ref"}}, definitions)
    if "anyOf" in part:
        kinds = [kind for kind in part["anyOf"] if kind != {"type": "null"}]
        if len(kinds) == 1:
            rest = {key: value for key, value in part.items() if key not in ("anyOf", "default")}
            return _plain({**kinds[0], **rest}, definitions)
    return {
        key: {name: _plain(inner, definitions) for name, inner in value.items()}
        if key == "properties"
        else _plain(value, definitions)
        for key, value in part.items()
        if key not in _NOISE or not isinstance(value, str)
    }
