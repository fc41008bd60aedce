"""A new index, made once even where its answer is lost and the client asks a second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from retrieval.index.elasticsearch.errors import translated

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


_COPIES_S: Final = 30


def create_index(client: Elasticsearch, index: str, mappings: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """The name must be new: what is found under it is taken for the outcome of the first attempt.

    Waits for all copies of its shards, as long as they might come: a node that dies while it alone holds a shard takes
    along what was written there.
    """
    from elasticsearch import BadRequestError

    with translated(f"creating {index}"):
        try:
            client.options(request_timeout=2 * _COPIES_S).indices.create(
                index=index,
                mappings=mappings,
                settings=settings,
                wait_for_active_shards="all",
                timeout=f"{_COPIES_S}s",
            )
        except BadRequestError as exc:
            if exc.error != "resource_already_exists_exception":
                raise
