"""What a reader needs besides the documents, in a small index beside theirs: names of facets, the MeSH tree."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final

from retrieval.errors import VerificationError
from retrieval.index.elasticsearch.creating import create_index
from retrieval.index.elasticsearch.documents import Parts
from retrieval.index.elasticsearch.errors import translated
from retrieval.records import Record

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_PIECE_BYTES: Final = 4_000_000
_NAMES: Final = ("facets", "mesh_tree")
_MAPPINGS: Final = {"dynamic": "strict", "properties": {"data": {"type": "binary"}}}


class PartSum(Record, frozen=True):
    pieces: int
    sha256: str


def write_parts(client: Elasticsearch, index: str, parts: Parts, *, replicas: int) -> dict[str, PartSum]:
    """Into a new index of this name; returns what is needed to read them again."""
    sums: dict[str, PartSum] = {}
    create_index(client, index, _MAPPINGS, {"number_of_shards": 1, "number_of_replicas": replicas})
    with translated(f"writing {index}"):
        for name in _NAMES:
            whole: bytes = getattr(parts, name)
            pieces = [whole[at : at + _PIECE_BYTES] for at in range(0, len(whole), _PIECE_BYTES)]
            for number, piece in enumerate(pieces):
                client.index(index=index, id=f"{name}-{number}", document={"data": b64encode(piece).decode("ascii")})
            sums[name] = PartSum(len(pieces), hashlib.sha256(whole).hexdigest())
        client.indices.refresh(index=index)
    return sums


def read_parts(client: Elasticsearch, index: str, sums: dict[str, PartSum]) -> Parts:
    """VerificationError where they are not what was written."""
    found: dict[str, bytes] = {}
    for name in _NAMES:
        expected = sums[name]
        pieces = []
        for number in range(expected.pieces):
            with translated(f"reading {index}"):
                pieces.append(b64decode(client.get(index=index, id=f"{name}-{number}")["_source"]["data"]))
        found[name] = b"".join(pieces)
        if hashlib.sha256(found[name]).hexdigest() != expected.sha256:
            raise VerificationError(f"{name} in {index} is damaged (its SHA-256 differs); rebuild or roll back")
    return Parts(**found)
