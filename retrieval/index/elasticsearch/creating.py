"""A new index, made once even where its answer is lost and the client asks a second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from retrieval.index.elasticsearch.errors import translated

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def create_index(client: Elasticsearch, index: str, mappings: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """The name must be new: what is found under it is taken for the outcome of the first attempt."""
    from elasticsearch import BadRequestError

    with translated(f"creating {index}"):
        try:
            client.indices.create(index=index, mappings=mappings, settings=settings)
        except BadRequestError as exc:
            if exc.error != "resource_already_exists_exception":
                raise
