"""Searches of one index, several in one message; each of them is answered or the whole fails."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from retrieval.index.elasticsearch.conditions import Dsl
from retrieval.index.elasticsearch.errors import kinds_of, translated
from retrieval.index.interface import Scored

if TYPE_CHECKING:
    from elastic_transport import ApiResponseMeta
    from elasticsearch import Elasticsearch

PAGE: Final = 10_000
"""Hits that the engine gives at once, and candidates among which it looks for the nearest vectors."""
_ALL_SHARDS: Final = {"allow_partial_search_results": False}
_BUSY: Final = (429, 502, 503, 504)
_MOVED: Final = {
    "search_context_missing_exception",
    "illegal_index_shard_state_exception",
    "shard_not_found_exception",
    "already_closed_exception",
}
"""What a search gets that began on a copy of a shard which was then closed or moved, between two of its phases."""
_PAUSES_S: Final = (0.1, 0.4, 1.6)
BY_SCORE: Final = [{"_score": "desc"}, {"pmid": "asc"}]

NO_HITS: Final[Dsl] = {"size": 0, "track_total_hits": True}
"""To count only."""


def best(query: Dsl, limit: int) -> Dsl:
    """A search for the best, equally good ones by PMID, which `ranked` reads; reads no document."""
    return _bare({"query": query, "size": limit, "sort": BY_SCORE})


def newest(query: Dsl, limit: int) -> Dsl:
    """A search for the highest PMIDs, which `listed` reads."""
    return _bare({"query": query, "size": limit, "sort": [{"pmid": "desc"}]})


def ranked(answer: Dsl) -> list[Scored]:
    return [Scored(int(pmid), float(score)) for score, pmid in (hit["sort"] for hit in answer["hits"]["hits"])]


def listed(answer: Dsl) -> list[int]:
    return [int(hit["sort"][0]) for hit in answer["hits"]["hits"]]


class Searching:
    """Safe to use from several threads."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client = client
        self._index = index

    def one(self, body: Dsl) -> Dsl:
        return self.all([body])[0]

    def all(self, bodies: Sequence[Dsl]) -> list[Dsl]:
        """Their answers, in order, by one message; what could not be answered just then is asked again a few times."""
        answers: dict[int, Dsl] = {}
        waiting = list(range(len(bodies)))
        for pause in (*_PAUSES_S, None):
            with translated("search"):
                answered, meta = self._answers([bodies[i] for i in waiting])
                failed = [i for i, answer in zip(waiting, answered, strict=True) if "error" in answer]
                answers.update(zip(waiting, answered, strict=True))
                for i in failed:
                    if pause is None or not _passes(answers[i]):
                        raise _api_error(answers[i], meta)
            if not failed or pause is None:
                break
            time.sleep(pause)
            waiting = failed
        return [answers[i] for i in range(len(bodies))]

    def pmids(self, query: Dsl) -> npt.NDArray[np.int64]:
        """Every article that a condition allows, rising; needs no point in time, since the index does not change."""
        pages = [np.fromiter(page, dtype=np.int64) for page in self._pages(query)]
        return np.concatenate(pages) if pages else np.empty(0, dtype=np.int64)

    def _pages(self, query: Dsl) -> Iterator[list[int]]:
        body = _bare({"query": query, "size": PAGE, "sort": [{"pmid": "asc"}]})
        while page := listed(self.one(body)):
            yield page
            if len(page) < PAGE:
                return
            body["search_after"] = page[-1:]

    def _answers(self, bodies: Sequence[Dsl]) -> tuple[list[Dsl], ApiResponseMeta]:
        # Term statistics of all shards, so that a score does not depend on the shard that an article lies in.
        searches = [part for body in bodies for part in (_ALL_SHARDS, body)]
        answer = self._client.msearch(index=self._index, searches=searches, search_type="dfs_query_then_fetch")
        return answer.body["responses"], answer.meta


def _bare(body: Dsl) -> Dsl:
    """Without anything of the documents: what is needed stands in the values that hits are sorted by."""
    return {**body, "_source": False, "stored_fields": "_none_", "track_total_hits": False}


def _passes(answer: Dsl) -> bool:
    """Whether the same search may well be answered a moment later."""
    return answer.get("status") in _BUSY or not _MOVED.isdisjoint(kinds_of(answer))


def _api_error(answer: Dsl, meta: ApiResponseMeta) -> Exception:
    """What the client would raise for this answer, were it that of a message of its own."""
    from elasticsearch import ApiError
    from elasticsearch.exceptions import HTTP_EXCEPTIONS

    status, error = int(answer.get("status", 500)), answer["error"]
    kind = str(error.get("type") if isinstance(error, dict) else error)
    return HTTP_EXCEPTIONS.get(status, ApiError)(message=kind, meta=replace(meta, status=status), body=answer)
