"""How generations lie in a cluster, and how an operator wants them.

pathlit-000042          the articles of a generation; its manifest stands in the mapping's _meta
pathlit-000042-parts    names of facets, MeSH tree
pathlit                 alias of the published one: moved atomically; nothing else changes what users search
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

import msgspec

from retrieval.index.elasticsearch.mapping import VectorIndex
from retrieval.index.elasticsearch.parts import PartSum
from retrieval.records import Record

_ARTICLES_PER_SHARD: Final = 5_000_000
_WORTH_SPREADING: Final = 250_000
META: Final = "pathlit"
"""The key below _meta."""


class Layout(Record, frozen=True):
    """An operator's choices for the indexes of one cluster."""

    prefix: str = "pathlit"
    """Name of the alias, and how the names of all indexes begin."""
    shards: int | None = None
    """None: by the number of articles and of nodes."""
    replicas: int | None = None
    """Copies of each shard; None: one where there are several nodes."""
    build_replicas: int | None = None
    """The same while a generation is built; None: one where there are several nodes."""
    vectors: VectorIndex = "int8_hnsw"

    def index(self, generation: str) -> str:
        return f"{self.prefix}-{generation}"

    def parts(self, generation: str) -> str:
        return f"{self.prefix}-{generation}-parts"

    def generation(self, index: str) -> str | None:
        """The generation whose articles an index holds; None for any other index."""
        found = re.fullmatch(rf"{re.escape(self.prefix)}-(\d{{6,}})", index)
        return found[1] if found else None

    def shards_for(self, articles: int, nodes: int) -> int:
        """Enough for none to grow too large; where it is worth it, one on each node."""
        spread = min(nodes, math.ceil(articles / _WORTH_SPREADING))
        return self.shards or max(1, spread, math.ceil(articles / _ARTICLES_PER_SHARD))

    def replicas_for(self, nodes: int) -> int:
        return _copies(self.replicas, nodes)

    def build_replicas_for(self, nodes: int) -> int:
        """With a copy, a node that is lost meanwhile costs nothing."""
        return _copies(self.build_replicas, nodes)


class Meta(Record, frozen=True):
    """What stands in an index's mapping beside its fields."""

    builder: str
    """The home folder that builds it, by a random name: nobody else removes its remains."""
    sealed: bool = False
    """Whether it is a finished generation."""
    vectors: VectorIndex = "int8_hnsw"
    joint_dimension: int | None = None
    manifest: dict[str, Any] | None = None
    parts: dict[str, PartSum] = msgspec.field(default_factory=dict)


def meta_of(mapping: dict[str, Any]) -> Meta | None:
    """From a live mapping; None where the index is none of ours."""
    try:
        return msgspec.convert(mapping.get("_meta", {}).get(META), Meta)
    except msgspec.ValidationError:
        return None


def _copies(wanted: int | None, nodes: int) -> int:
    return min(1, nodes - 1) if wanted is None else wanted
