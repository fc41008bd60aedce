"""The fields of an article in Elasticsearch: every one is named here, and nothing else is let in.

Analyzer and scoring are those of the embedded backend: our own terms at blanks, BM25 with the same two constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from retrieval.errors import IncompatibleError
from retrieval.index.facet_codes import CODED, COLUMNS
from retrieval.index.joint_space import PARTS, Part
from retrieval.index.keywords import KEYWORDS

VectorIndex = Literal["int8_hnsw", "bbq_hnsw"]

INDEX_SETTINGS: Final[dict[str, Any]] = {
    "similarity": {"pathlit": {"type": "BM25", "k1": 1.2, "b": 0.75}},
    "mapping": {"exclude_source_vectors": False},
    "dense_vector": {"hnsw_filter_heuristic": "fanout"},
}
"""What an index of articles is created with besides its mapping, which names the similarity.

The mapping itself keeps vectors out of what is stored; left to the engine, it fails to put nested ones back. Under a
condition its usual heuristic, ACORN, misses three of the hundred nearest; the walk over the whole graph misses none.
"""

JOINT: Final[dict[Part, str]] = {part: f"joint_{part}" for part in PARTS}
"""The nested field of each part of the joint space."""

_GRAPH: Final = {"m": 16, "ef_construction": 100}
_FEWEST_TO_SHORTEN: Final = 64
"""Dimensions; of fewer, bytes or bits err too much and save little, and the engine does not take bits at all."""
_SHOWN: Final = 3


def index_body(*, dimension: int | None, joint_dimension: int | None, vectors: VectorIndex) -> dict[str, Any]:
    """The mapping, written as the engine gives it back: values that are its own defaults are left out.

    Vectors and terms are left out of what is stored: vectors are kept by their index, terms need not be read again.
    """
    properties: dict[str, Any] = {
        "pmid": {"type": "long"},
        "year": {"type": "integer"},
        "text": {"type": "text", "analyzer": "whitespace", "similarity": "pathlit"},
        "title": {"type": "text", "analyzer": "whitespace", "norms": False},
        **{name: {"type": "keyword", "doc_values": False} for name in KEYWORDS},
        **{COLUMNS[name]: {"type": "integer"} for name in CODED},
        "stored": {"type": "object", "enabled": False},
    }
    # Counted only: conditions ask for journals by their keywords.
    properties[COLUMNS["journal"]]["index"] = False
    if dimension is not None:
        properties["vector"] = _vector(dimension, vectors)
    if joint_dimension is not None:
        properties["figures"] = {"type": "object", "enabled": False}
        for field in JOINT.values():
            # Which row of an article is its best one is told by the coarser vectors: bits would often name another.
            rows = {"number": {"type": "integer"}, "vector": _vector(joint_dimension, "int8_hnsw")}
            properties[field] = {"type": "nested", "properties": rows}
    stored = ["stored", "figures"] if joint_dimension is not None else ["stored"]
    return {"dynamic": "strict", "_source": {"includes": stored}, "properties": properties}


def require_mapping(live: Mapping[str, Any], expected: Mapping[str, Any], index: str) -> None:
    """IncompatibleError, naming the fields, where an index's mapping is not the one that this program writes."""
    drifted = list(_drift({k: v for k, v in live.items() if k != "_meta"}, expected, ""))
    if drifted:
        more = f" and {len(drifted) - _SHOWN:,} more" if len(drifted) > _SHOWN else ""
        raise IncompatibleError(
            f"the mapping of {index} is not that of this pathlit: {'; '.join(drifted[:_SHOWN])}{more}; "
            "rebuild with `pathlit index --rebuild`, or roll back"
        )


def _vector(dimension: int, vectors: VectorIndex) -> dict[str, Any]:
    # Inner products of vectors of any length, as the encoder made them.
    kind = vectors if dimension >= _FEWEST_TO_SHORTEN else "hnsw"
    options: dict[str, Any] = {"type": kind, **_GRAPH}
    if kind == "bbq_hnsw":
        options["rescore_vector"] = {"oversample": 3.0}
    return {
        "type": "dense_vector",
        "dims": dimension,
        "index": True,
        "similarity": "max_inner_product",
        "index_options": options,
    }


def _drift(live: Any, expected: Any, path: str) -> Iterator[str]:
    """What differs, by the place where it does."""
    if not isinstance(live, Mapping) or not isinstance(expected, Mapping):
        if live != expected:
            yield f"{path} is {live!r} instead of {expected!r}"
        return
    for key in sorted({*live, *expected}):
        place = ".".join(filter(None, [path, "" if key == "properties" else key]))
        if key not in live:
            yield f"{place} is missing"
        elif key not in expected:
            yield f"{place} does not belong"
        else:
            yield from _drift(live[key], expected[key], place)
