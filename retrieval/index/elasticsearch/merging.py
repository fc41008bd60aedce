"""A finished index, merged for good: it never changes again, so each shard can be a single segment.

A search then walks one graph of vectors a shard, not one for each segment. And a merge drops the server's own copies of
the documents as they were sent, which it keeps until every copy of a shard is known to have them. Copies tell that
twice a minute, in retention leases: https://www.elastic.co/docs/reference/elasticsearch/index-settings/history-retention
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from retrieval.index.elasticsearch.errors import translated

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_WORTH_MERGING: Final = 256 * 2**20
"""Bytes of the largest shard; merging less than that gains nothing that waiting for leases would be worth."""
_LEASES_S: Final = 120.0
"""A node that is away holds its leases for hours: then the index is merged as it is."""
_POLL_S: Final = 2.0
_FLUSH_S: Final = 3600
_ASK_AGAIN_S: Final = 300
_MERGE_S: Final = 24 * 3600


def merge(client: Elasticsearch, index: str, *, worth_bytes: int = _WORTH_MERGING) -> None:
    """Returns once all is merged. Nothing may be written to the index any more."""
    with translated(f"merging {index}"):
        if max(copy["store"]["size_in_bytes"] for copy in _copies(client, index)) < worth_bytes:
            return
        # Documents that are not committed count as unknown, whatever the leases say.
        client.options(request_timeout=_FLUSH_S).indices.flush(index=index, wait_if_ongoing=True)
        until = time.monotonic() + _LEASES_S
        while not all(map(_all_known, _copies(client, index))) and time.monotonic() < until:
            time.sleep(_POLL_S)
        _force(client, index)
        client.indices.refresh(index=index)


def _force(client: Elasticsearch, index: str) -> None:
    """Waits for the end. A request that is given up does not stop the merge, and the next one waits for the same."""
    from elasticsearch import ConnectionTimeout

    asking = client.options(request_timeout=_ASK_AGAIN_S, retry_on_timeout=False)
    until = time.monotonic() + _MERGE_S
    while True:
        try:
            asking.indices.forcemerge(index=index, max_num_segments=1)
        except ConnectionTimeout:
            if time.monotonic() > until:
                raise
        else:
            return


def _copies(client: Elasticsearch, index: str) -> Iterator[dict[str, Any]]:
    """What each copy of each shard says of itself."""
    found = client.indices.stats(index=index, level="shards", metric="store")
    for copies in found["indices"][index]["shards"].values():
        yield from copies


def _all_known(copy: dict[str, Any]) -> bool:
    """Whether this copy of a shard knows that all others have every document."""
    newest = copy["seq_no"]["max_seq_no"]
    return all(lease["retaining_seq_no"] > newest for lease in copy["retention_leases"]["leases"])
