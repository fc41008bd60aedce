"""One generation in a cluster, open for searching."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import numpy.typing as npt

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError
from retrieval.index.condition_notices import condition_notices
from retrieval.index.conditions import Conditions
from retrieval.index.elasticsearch.conditions import Dsl, DslClauses, scored_among
from retrieval.index.elasticsearch.counts import TermCounts
from retrieval.index.elasticsearch.documents import Parts
from retrieval.index.elasticsearch.facets import FacetCounter
from retrieval.index.elasticsearch.joint import ElasticsearchJoint
from retrieval.index.elasticsearch.searching import PAGE, Searching, best, listed, newest, ranked
from retrieval.index.elasticsearch.vectors import among, inner_products, nearest, parts, require_dimension
from retrieval.index.facet_codes import KnownFacets
from retrieval.index.interface import (
    FacetCounts,
    IndexedArticle,
    IndexReader,
    Legs,
    Scored,
    Words,
    best_first,
    by_order,
)
from retrieval.index.manifest import Manifest
from retrieval.index.words import WordQueries
from retrieval.mesh_tree import MeshTree
from retrieval.query import Constraint
from retrieval.records import FacetName
from retrieval.vocabulary.file import SynonymGroup

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_ARTICLES: Final = 1_000
"""Stored articles fetched at once."""


class ElasticsearchReader(IndexReader):
    """Answers from one index, which is not written to any more; safe to use from several threads."""

    def __init__(self, client: Elasticsearch, index: str, manifest: Manifest, analyzer: Analyzer, parts: Parts) -> None:
        """GenerationError where the parts cannot be read; asks the cluster nothing."""
        try:
            tree = msgspec.json.decode(parts.mesh_tree, type=MeshTree)
            facets = KnownFacets(parts.facets)
        except msgspec.MsgspecError as exc:
            raise GenerationError(
                f"the names of facets or the MeSH tree of {index} cannot be read: {exc}; rebuild or roll back"
            ) from exc
        self._manifest = manifest
        self._tree = tree
        self._known_facets = facets
        self._searching = Searching(client, index)
        self._clauses = DslClauses()
        self._conditions = Conditions(self._clauses, analyzer, tree, facets)
        self._counts = TermCounts(self._searching, manifest.articles)
        self._words = WordQueries(self._clauses, self._counts, analyzer)
        self._facets = FacetCounter(self._searching, facets)
        self._joint = (
            ElasticsearchJoint(self._searching, manifest, self._conditions) if manifest.image_encoder else None
        )
        self._decoder = msgspec.json.Decoder(IndexedArticle)

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    @property
    def joint_reader(self) -> ElasticsearchJoint | None:
        return self._joint

    # --- Ranking ----------------------------------------------------------------------------------------------------

    def lexical(
        self, text: str, constraint: Constraint, limit: int, names: Sequence[SynonymGroup] = ()
    ) -> list[Scored]:
        return self.recall(Words(text, names), None, constraint, limit).lexical

    def dense(self, vector: npt.NDArray[np.float32], constraint: Constraint, limit: int) -> list[Scored]:
        return self.recall(None, vector, constraint, limit).dense

    def recall(
        self, words: Words | None, vector: npt.NDArray[np.float32] | None, constraint: Constraint, limit: int
    ) -> Legs:
        condition = self._conditions.query(constraint)
        is_ranked = words is not None and bool(words.text or words.names)
        lexical = self._lexical(words, condition, limit) if words is not None else []
        dense = []
        if vector is not None and self._manifest.encoder is not None:
            require_dimension(vector, self._manifest.encoder.dimension)
            dense = [best(nearest("vector", vector, limit, condition), min(limit, PAGE))]
        answers = self._searching.all([*lexical, *dense]) if lexical or dense else []
        by_words = [ranked(answer) if is_ranked else by_order(listed(answer)) for answer in answers[: len(lexical)]]
        by_vector = [inner_products(ranked(answer)) for answer in answers[len(lexical) :]]
        return Legs(by_words[0] if by_words else [], by_vector[0] if by_vector else [])

    def _lexical(self, words: Words, condition: Dsl | None, limit: int) -> list[Dsl]:
        """The search that the lexical leg needs; none where nothing can be found."""
        if not words.text and not words.names:
            return [newest(condition or self._clauses.everything(), min(limit, PAGE))]
        query = self._query(words)
        if query is None:
            return []
        return [best(scored_among(query, [condition] if condition else []), min(limit, PAGE))]

    def _query(self, words: Words) -> Dsl | None:
        if words.names:
            self._counts.learn(self._words.counted(words.names))
        return self._words.query(words.text, words.names)

    # --- Scores of given articles -----------------------------------------------------------------------------------

    def lexical_scores(self, text: str, pmids: Sequence[int], names: Sequence[SynonymGroup] = ()) -> list[Scored]:
        """0 for an article that shares no term with the text."""
        return self._completed(self._lexical_scores(Words(text, names), pmids), [], pmids).lexical

    def dense_scores(self, vector: npt.NDArray[np.float32], pmids: Sequence[int]) -> list[Scored]:
        """An article without a vector is left out."""
        return self._completed([], self._dense_scores(vector, pmids), []).dense

    def complete(
        self, words: Words, vector: npt.NDArray[np.float32], *, lexical: Sequence[int], dense: Sequence[int]
    ) -> Legs:
        return self._completed(self._lexical_scores(words, lexical), self._dense_scores(vector, dense), lexical)

    def _lexical_scores(self, words: Words, pmids: Sequence[int]) -> list[Dsl]:
        query = self._query(words) if pmids else None
        if query is None:
            return []
        return [best(scored_among(query, [self._conditions.pmids(part)]), len(part)) for part in parts(_once(pmids))]

    def _dense_scores(self, vector: npt.NDArray[np.float32], pmids: Sequence[int]) -> list[Dsl]:
        if self._manifest.encoder is None:
            return []
        require_dimension(vector, self._manifest.encoder.dimension)
        return [
            best(among("vector", vector, self._conditions.pmids(part), len(part)), len(part))
            for part in parts(_once(pmids))
        ]

    def _completed(self, lexical: list[Dsl], dense: list[Dsl], pmids: Sequence[int]) -> Legs:
        """Both legs' scores by one message; `pmids` are those that the first is for."""
        answers = self._searching.all([*lexical, *dense]) if lexical or dense else []
        by_words = [scored for answer in answers[: len(lexical)] for scored in ranked(answer)]
        if lexical:
            found = {scored.pmid for scored in by_words}
            by_words += [Scored(pmid, 0.0) for pmid in set(pmids) - found]
        by_vector = [scored for answer in answers[len(lexical) :] for scored in inner_products(ranked(answer))]
        return Legs(best_first(by_words), best_first(by_vector))

    # --- Articles ---------------------------------------------------------------------------------------------------

    def articles(self, pmids: Sequence[int]) -> dict[int, IndexedArticle]:
        found = (self._decoder.decode(text) for text in self._stored(_once(pmids)))
        return {indexed.article.pmid: indexed for indexed in found}

    def _stored(self, pmids: Sequence[int]) -> Iterator[str]:
        for at in range(0, len(pmids), _ARTICLES):
            part = pmids[at : at + _ARTICLES]
            body = {"query": self._clauses.both([self._conditions.pmids(part)], []), "size": len(part)}
            # All that is stored, or else only what is needed of it.
            answer = self._searching.one(
                {**body, "_source": ["stored"] if self._joint else True, "track_total_hits": False}
            )
            for hit in answer["hits"]["hits"]:
                yield hit["_source"]["stored"]

    def left_out(self, pmids: Sequence[int]) -> list[int]:
        found: list[int] = []
        for part in parts(_once(pmids)):
            condition = self._clauses.both([self._conditions.pmids(part), self._conditions.left_out()], [])
            found += listed(self._searching.one(newest(condition, len(part))))
        return sorted(found)

    def facets(
        self,
        text: str,
        constraint: Constraint,
        wanted: Sequence[FacetName],
        size: int,
        names: Sequence[SynonymGroup] = (),
    ) -> FacetCounts:
        words = self._query(Words(text, names)) if text or names else self._clauses.everything()
        condition = self._conditions.query(constraint) or self._clauses.everything()
        query = self._clauses.both([words or self._clauses.nothing(), condition], [])
        return self._facets.count(query, wanted, size)

    def notices(self, constraint: Constraint) -> list[str]:
        return list(condition_notices(constraint, self._tree, self._known_facets))

    # --- For verification -------------------------------------------------------------------------------------------

    def pmids(self) -> npt.NDArray[np.int64]:
        return self._searching.pmids(self._clauses.everything())

    def vector_pmids(self) -> npt.NDArray[np.int64]:
        if self._manifest.encoder is None:
            return np.empty(0, dtype=np.int64)
        return self._searching.pmids({"exists": {"field": "vector"}})

    def vector(self, pmid: int) -> npt.NDArray[np.float32]:
        body = {"query": self._conditions.pmids([pmid]), "size": 1, "_source": False, "docvalue_fields": ["vector"]}
        hits = self._searching.one(body)["hits"]["hits"] if self._manifest.encoder else []
        if not hits or "fields" not in hits[0]:
            raise KeyError(pmid)
        return np.asarray(hits[0]["fields"]["vector"], dtype=np.float32).reshape(-1)


def _once(pmids: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(pmids))
