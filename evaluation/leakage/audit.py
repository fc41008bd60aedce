"""Near-duplicates between training data and test texts: MinHash over runs of three words.

Broder: On the resemblance and containment of documents, 1997. Candidates of the hashing are compared exactly.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from datasketch import MinHash, MinHashLSH

from retrieval.analysis import fold
from retrieval.errors import InputError
from retrieval.records import Record

SIMILAR: Final = 0.7
"""Jaccard index of two texts' runs of words from which they count as the same."""
_RUN: Final = 3
_HASHES: Final = 128
_CANDIDATE: Final = 0.5
"""Hashing estimates; it proposes more than it must, and the exact index decides."""
_SHOWN: Final = 20
_LONGEST_SHOWN: Final = 300
_MAGIC: Final = b"\x1f\x8b"

Shingles = frozenset[str]


class Leak(Record, frozen=True):
    test: str
    """Which text: "query q1" or "article pmid:1"."""
    text: str
    found: str
    """What the training data have."""
    similarity: float


class Audit(Record, frozen=True):
    """What became of searching one file of training data for the texts of one test."""

    source: str
    tested: int
    """Texts of the test that were looked for: questions, and the articles that answer them."""
    read: int
    """Texts of the training data."""
    leaked: int
    """Texts of the test that the training data hold."""
    examples: tuple[Leak, ...]
    """The closest ones."""


def audit(tests: Mapping[str, str], training: Path) -> Audit:
    """Each test text is counted once, with its closest text of the training data. InputError for unreadable files."""
    shingles = {name: found for name, text in tests.items() if (found := _shingles(text))}
    index = MinHashLSH(threshold=_CANDIDATE, num_perm=_HASHES)
    for name, found in shingles.items():
        index.insert(name, _hashed(found))
    closest: dict[str, Leak] = {}
    read = 0
    for text in _texts(training):
        read += 1
        if not (found := _shingles(text)):
            continue
        for name in index.query(_hashed(found)):
            similarity = len(found & shingles[name]) / len(found | shingles[name])
            if similarity >= SIMILAR and (name not in closest or similarity > closest[name].similarity):
                shown = (tests[name][:_LONGEST_SHOWN], text[:_LONGEST_SHOWN])
                closest[name] = Leak(name, *shown, similarity=round(similarity, 3))
    examples = sorted(closest.values(), key=lambda leak: (-leak.similarity, leak.test))[:_SHOWN]
    return Audit(str(training), len(shingles), read, len(closest), tuple(examples))


def _shingles(text: str) -> Shingles:
    words = ["".join(filter(str.isalnum, word)) for word in fold(text).split()]
    words = [word for word in words if word]
    return (
        frozenset(" ".join(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1))) if words else Shingles()
    )


def _hashed(shingles: Shingles) -> MinHash:
    hashed = MinHash(num_perm=_HASHES, seed=1)
    hashed.update_batch([shingle.encode() for shingle in shingles])
    return hashed


def _texts(path: Path) -> Iterator[str]:
    """Every text within the JSON lines of a file (at any depth, ids and all), or every line of another one."""
    structured = ".json" in path.name
    number = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _MAGIC
        with gzip.open(path) if packed else path.open("rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    yield from _strings(msgspec.json.decode(line)) if structured else [line.decode()]
    except (OSError, EOFError, zlib.error, ValueError, msgspec.DecodeError) as exc:
        raise InputError(f"the training data {path} cannot be read near line {number}: {exc}") from exc


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
