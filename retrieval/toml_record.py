"""Small files of learned weights, in TOML: read with errors that name them, written for people to compare."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from retrieval.errors import ConfigurationError
from retrieval.records import Record

R = TypeVar("R", bound=Record)


def read_record(path: Path, record: type[R], *, what: str, otherwise: str) -> R:
    """ConfigurationError names `what` cannot be used, and says what to do `otherwise`."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), type=record)
    except OSError as exc:
        raise ConfigurationError(f"the {what} {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:  # of TOML, of UTF-8, or of the record's types
        raise ConfigurationError(f"{path} is no {what}: {exc}; {otherwise}") from exc


def toml_string(text: str) -> str:
    # TOML's basic strings are JSON's, but for DEL, which JSON lets stand as it is.
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
