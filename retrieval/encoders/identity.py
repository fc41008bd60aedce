"""Which model is it? Two that give other vectors have other names, wherever their files lie."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from retrieval.checksums import sha256_of

_DECIDING: Final = (".safetensors", ".bin", ".json", ".txt", ".model")
"""Suffixes of weights, and of what says how a model reads texts: its modules, its tokenizer, its vocabulary."""
_UNUSED: Final = re.compile(r"\.|checkpoint-|onnx$|openvino$")
"""Names below a model folder that do not change its vectors: what training left behind, and other formats."""
_SHOWN: Final = 16


def digest_of_folder(folder: Path, changed: Mapping[str, object] = MappingProxyType({})) -> str:
    """The start of a SHA-256 over every file that decides what the vectors are, by its path below the folder, and over
    what is done otherwise than those files say."""
    inside = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    used = {name: path for name, path in inside.items() if not any(map(_UNUSED.match, name.parts))}
    safe = {name.parent for name in used if name.suffix == ".safetensors"}
    digest = hashlib.sha256()
    for name, path in sorted(used.items()):
        # The same weights in the older format are not read.
        if name.suffix in _DECIDING and not (name.suffix == ".bin" and name.parent in safe):
            digest.update(f"{name.as_posix()} {sha256_of(path)}\n".encode())
    digest.update(_json(changed) if changed else b"")
    return digest.hexdigest()[:_SHOWN]


def with_settings(revision: str, changed: Mapping[str, object]) -> str:
    """A commit, and what is done otherwise than the model's own files say; just the commit if nothing is."""
    return f"{revision}+{hashlib.sha256(_json(changed)).hexdigest()[:8]}" if changed else revision


def _json(changed: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(dict(changed), order="sorted")
