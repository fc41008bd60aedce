"""Articles into an index, in bulk: a bounded number of batches on their way, failed items sent again.

A document's id is its PMID, so that whatever is sent twice is stored once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from retrieval.errors import GenerationError, UnavailableError
from retrieval.index.elasticsearch.errors import translated

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

Document = tuple[int, Mapping[str, Any]]
"""A PMID and what is indexed under it."""

_BATCH: Final = 250
_WORKERS: Final = 3
_WAITING: Final = 2
"""Batches that wait for a worker; while there are more, the stream of documents is not read."""
_TRY_AGAIN: Final = (429, 500, 502, 503, 504)
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 15.0
_PATIENCE_S: Final = 600.0
"""For one batch; a node that was restarted is back by then, and a shard that was lost has a new primary."""


def ingest(client: Elasticsearch, index: str, documents: Iterable[Document], *, patience_s: float = _PATIENCE_S) -> int:
    """Index all documents; returns how many. GenerationError names an article that the cluster refuses.

    UnavailableError where the cluster takes none of a batch for `patience_s` seconds.
    """
    count = 0
    waiting: deque[Future[int]] = deque()
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="ingest") as pool:
        try:
            for batch in _batches(documents):
                waiting.append(pool.submit(_send, client, index, batch, patience_s))
                while len(waiting) > _WORKERS + _WAITING:
                    count += waiting.popleft().result()
            while waiting:
                count += waiting.popleft().result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return count


def _send(client: Elasticsearch, index: str, batch: Sequence[Document], patience_s: float) -> int:
    """Index one batch, again and again what failed for want of room or of a shard."""
    from elasticsearch import ApiError, ConnectionTimeout
    from elasticsearch import ConnectionError as NoConnection
    from elasticsearch.helpers import streaming_bulk

    until, pause = time.monotonic() + patience_s, _FIRST_PAUSE_S
    left = batch
    while True:
        failed: dict[int, Mapping[str, Any]] = {}
        refused: Exception | None = None
        try:
            actions = ({"_op_type": "index", "_id": str(pmid), "_source": body} for pmid, body in left)
            answers = streaming_bulk(client, actions, chunk_size=len(left), index=index, raise_on_error=False)
            for ok, answer in answers:
                if not ok:
                    item = answer["index"]
                    failed[int(item["_id"])] = item
        except ApiError as exc:
            if exc.status_code not in _TRY_AGAIN:
                with translated(f"indexing in {index}"):
                    raise
            refused = exc
        except (NoConnection, ConnectionTimeout) as exc:
            refused = exc
        if refused is None and not failed:
            return len(batch)
        for pmid, item in failed.items():
            if item["status"] not in _TRY_AGAIN:
                raise GenerationError(f"PMID {pmid} cannot be indexed in {index}: {_reason(item)}")
        if time.monotonic() + pause > until:
            _give_up(index, left, failed, refused, patience_s)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)
        # Of a batch that got no answer at all, nobody knows what arrived: the whole is sent again.
        left = [document for document in left if document[0] in failed] if refused is None else left


def _give_up(
    index: str,
    left: Sequence[Document],
    failed: Mapping[int, Mapping[str, Any]],
    refused: Exception | None,
    patience_s: float,
) -> None:
    if refused is not None:
        with translated(f"indexing in {index}"):
            raise refused
    pmid, item = next(iter(failed.items()))
    raise UnavailableError(
        f"{len(failed):,} of {len(left):,} articles were not taken by {index} for {patience_s:,.0f} s, PMID {pmid} "
        f"for one: {_reason(item)}; nothing was published: look at the cluster (`pathlit doctor`) and run again"
    )


def _reason(item: Mapping[str, Any]) -> str:
    error = item.get("error") or {}
    if isinstance(error, str):
        return error
    cause = error.get("caused_by") or {}
    return f"{error.get('type')}: {cause.get('reason') or error.get('reason')}"


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    stream = iter(documents)
    while batch := list(islice(stream, _BATCH)):
        yield batch
