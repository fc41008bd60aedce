"""Searcher.search: the one query path, from words to hits with evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from msgspec.structs import replace

from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder
from retrieval.errors import ArticleNotFoundError, InputError
from retrieval.evidence import find_evidence
from retrieval.expansion import Wording, as_typed, expanded
from retrieval.fusion import FUSIONS, Fused
from retrieval.identifiers import possible_keys
from retrieval.index.interface import FacetCounts, IndexedArticle, IndexReader, Scored, Words, best_first
from retrieval.index.manifest import Manifest
from retrieval.integrity import EXCLUDED
from retrieval.query import Constraint, ParsedQuery, parse_query
from retrieval.records import FACETS, LEGS, Article, Evidence, Expansion, Hit, IntegrityPolicy, Query, SearchResult
from retrieval.rerank.base import Candidate, Question, Reranker
from retrieval.rerank.order import Ordered, fused_order, reranked_order
from retrieval.synonyms import Synonyms
from retrieval.topup import TopUp, topped_up

LONGEST_RESULT: Final = 1_000
DEFAULT_WEIGHTS: Final = {"lexical": 0.45, "dense": 0.55}
RERANK_BUDGET_S: Final = 2.0
_DEPTH: Final = 100
_EVIDENCE_PER_HIT: Final = 2
MOST_FACET_VALUES: Final = 1_000
_NAMED: Final = 10
"""PMIDs that notices name one by one."""


class Searcher:
    """Answers queries from one generation; safe to use from several threads.

    `encoder` is None for a generation without vectors; without `synonyms` no query is expanded. A `reranker` has
    `rerank_budget_s` seconds for each query; where that does not do, the fused order stands and a notice says so.
    """

    def __init__(
        self,
        reader: IndexReader,
        *,
        generation: str,
        analyzer: Analyzer,
        encoder: Encoder | None,
        weights: Mapping[str, float] = DEFAULT_WEIGHTS,
        synonyms: Synonyms | None = None,
        reranker: Reranker | None = None,
        rerank_budget_s: float = RERANK_BUDGET_S,
    ) -> None:
        self.generation = generation
        self._reader = reader
        self._analyzer = analyzer
        self._encoder = encoder
        self._weights = weights
        self._synonyms = synonyms
        self._reranker = reranker
        self._rerank_budget_s = rerank_budget_s

    @property
    def reranker(self) -> Reranker | None:
        return self._reranker

    @property
    def analyzer(self) -> Analyzer:
        return self._analyzer

    @property
    def reader(self) -> IndexReader:
        """The index itself, for searches by other means than words."""
        return self._reader

    @property
    def manifest(self) -> Manifest:
        """What the generation says of itself."""
        return self._reader.manifest

    def search(self, query: Query) -> SearchResult:
        """Find, fuse, fetch, support. InputError for an empty query, an unknown leg or an impossible limit."""
        _require_usable(query)
        parsed = parse_query(query.text, query.filters)
        wording = self._wording(parsed, query)
        timings: dict[str, float] = {}
        legs = self._legs(parsed, wording, query, timings)
        with _timed(timings, "fusion"):
            fused = FUSIONS[query.fusion](legs, self._weights)
        ordered = self._order(parsed, wording, query, fused, timings)
        with _timed(timings, "evidence"):
            evidence = find_evidence(
                parsed.ranking_text,
                [place.indexed.article for place in ordered.places],
                self._analyzer,
                limit=_EVIDENCE_PER_HIT,
                names=wording.names,
            )
        hits = tuple(
            Hit(
                article=place.indexed.article,
                rank=rank,
                score=place.fused.score,
                legs=place.fused.legs,
                evidence=sentences,
                integrity=place.indexed.integrity,
                reranked=place.reranked,
            )
            for rank, (place, sentences) in enumerate(zip(ordered.places, evidence, strict=True), start=1)
        )
        counts = self._counts(parsed, wording, query, timings) if query.facets else None
        return SearchResult(
            query=query,
            hits=hits,
            generation=self.generation,
            interpretation=parsed.interpretation,
            notices=(*parsed.notices, *self._notices(parsed, query, hits), *ordered.notices),
            expansions=wording.expansions,
            facets=counts.facets if counts else (),
            matching=counts.articles if counts else None,
            reranker=ordered.reranker,
            timings_ms=timings,
        )

    def candidates(self, query: Query, depth: int) -> tuple[Question, list[Candidate]]:
        """What a reranker would be given for a query: to train one."""
        _require_usable(query)
        parsed = parse_query(query.text, query.filters)
        wording = self._wording(parsed, query)
        fused = FUSIONS[query.fusion](self._legs(parsed, wording, query, {}), self._weights)[:depth]
        return Question(parsed.ranking_text, wording), self._fetched(fused)

    def rank(self, text: str, constraint: Constraint, depth: int, expand: bool = True) -> list[Fused]:
        """The fused order of both legs for plain words under a condition, without fetching or reranking."""
        parsed = replace(parse_query(text, constraint.filters), constraint=constraint)
        query = Query(text=text, limit=depth, expand=expand)
        return FUSIONS[query.fusion](self._legs(parsed, self._wording(parsed, query), query, {}), self._weights)[:depth]

    def evidence(self, text: str, articles: Sequence[Article], limit: int) -> list[tuple[Evidence, ...]]:
        """For each article the sentences that speak best about plain words."""
        return find_evidence(text, articles, self._analyzer, limit=limit)

    def expansions(self, text: str) -> tuple[Expansion, ...]:
        """The names in a query's plain words that are searched by their other names as well."""
        query = Query(text=text)
        return self._wording(parse_query(text, query.filters), query).expansions

    def top_up(self, result: SearchResult, source: TopUp) -> SearchResult:
        """One of this searcher's results with what its generation lacks; a failing source is a notice."""
        return topped_up(result, source, self._reader, self._analyzer)

    def article(self, identifier: str) -> IndexedArticle:
        """One article, retracted or not, by its PMID in any form or by its source's id; ArticleNotFoundError."""
        keys = possible_keys(identifier)
        found = self._reader.articles(keys)
        for key in keys:
            if key in found:
                return found[key]
        raise ArticleNotFoundError(
            f"{identifier!r} is not in generation {self.generation}; check it, or index the source that holds it"
        )

    def _legs(
        self, parsed: ParsedQuery, wording: Wording, query: Query, timings: dict[str, float]
    ) -> dict[str, list[Scored]]:
        """Each leg's candidates, ranked; a candidate that one leg found is scored by the other as well.

        Without that completion a candidate deep in one list looks absent from it, which measurably costs quality.
        """
        reader, text, constraint = self._reader, parsed.ranking_text, parsed.constraint
        words = Words(wording.rest, [name.group for name in wording.names])
        vector = None
        if self._encoder is not None and "dense" in query.legs and text:
            with _timed(timings, "encode"):
                vector = self._encoder.encode_queries([wording.canonical])[0]
        by_words = "lexical" in query.legs or not text or self._encoder is None
        with _timed(timings, "recall"):
            legs = reader.recall(words if by_words else None, vector, constraint, max(_DEPTH, query.limit))
        lexical, dense = legs
        if vector is not None and "lexical" in query.legs:
            with _timed(timings, "completion"):
                # A text that shares no word with any article says nothing about their order.
                missing = _missing(dense, lexical) if lexical else []
                more = reader.complete(words, vector, lexical=missing, dense=_missing(lexical, dense))
                lexical, dense = _completed(lexical, more.lexical), _completed(dense, more.dense)
        return {"lexical": lexical, "dense": dense}

    def _order(
        self, parsed: ParsedQuery, wording: Wording, query: Query, fused: Sequence[Fused], timings: dict[str, float]
    ) -> Ordered:
        """The best of the fused list in their final order, with their articles."""
        reranker = self._reranker if query.rerank and set(query.legs) == set(LEGS) and parsed.ranking_text else None
        wanted = fused[: max(query.limit, reranker.depth if reranker else 0)]
        with _timed(timings, "articles"):
            candidates = self._fetched(wanted)
        if reranker is None or not candidates:
            return fused_order(candidates, query.limit)
        with _timed(timings, "rerank"):
            question = Question(parsed.ranking_text, wording)
            return reranked_order(reranker, question, candidates, self._rerank_budget_s, query.limit)

    def _wording(self, parsed: ParsedQuery, query: Query) -> Wording:
        return expanded(parsed, self._synonyms) if self._synonyms and query.expand else as_typed(parsed)

    def _fetched(self, fused: Sequence[Fused]) -> list[Candidate]:
        stored = self._reader.articles([f.pmid for f in fused])
        return [Candidate(f, stored[f.pmid]) for f in fused]

    def _counts(self, parsed: ParsedQuery, wording: Wording, query: Query, timings: dict[str, float]) -> FacetCounts:
        groups = [name.group for name in wording.names]
        with _timed(timings, "facets"):
            return self._reader.facets(wording.rest, parsed.constraint, query.facets, query.facet_size, groups)

    def _notices(self, parsed: ParsedQuery, query: Query, hits: Sequence[Hit]) -> Iterator[str]:
        if self._encoder is None and "dense" in query.legs and parsed.ranking_text:
            yield "This generation has no vectors: searched by words alone."
        if parsed.ranking_text and not self._analyzer.terms(parsed.ranking_text):
            yield "The query holds no letter or digit to look for."
        yield from self._reader.notices(parsed.constraint)
        if query.filters.integrity is IntegrityPolicy.EXCLUDE:
            statuses = [*query.filters.integrity_statuses, *_values(parsed, "integrity")]
            for status in dict.fromkeys(status for status in statuses if status in EXCLUDED):
                yield f"Articles that are {status} are left out; ask for retracted articles to see them."
            named = [int(c.value) for c in parsed.constraint.required if c.field == "pmid"]
            left_out = self._reader.left_out([*query.filters.pmids, *named])
            stored = self._reader.articles(left_out[:_NAMED])
            for pmid, indexed in sorted(stored.items()):
                status = indexed.integrity.status.value
                yield f"PMID {pmid} is {status} and therefore left out; ask for retracted articles to see it."
            if len(left_out) > _NAMED:
                yield f"{len(left_out) - _NAMED:,} more of the PMIDs asked for are retracted or withdrawn and left out."
        if query.filters.integrity is IntegrityPolicy.LABEL:
            for hit in hits:
                if hit.integrity.status in EXCLUDED:
                    yield f"PMID {hit.article.pmid} is {hit.integrity.status.value}; it must not be relied on."


def _require_usable(query: Query) -> None:
    if not 1 <= query.limit <= LONGEST_RESULT:
        raise InputError(f"limit is {query.limit}; it must lie between 1 and {LONGEST_RESULT:,}")
    unknown = [leg for leg in query.legs if leg not in LEGS]
    if unknown or not query.legs:
        raise InputError(f"legs are {list(query.legs)}; choose at least one of {list(LEGS)}")
    strange = [name for name in query.facets if name not in FACETS]
    if strange:
        raise InputError(f"facets are {list(query.facets)}; choose among {list(FACETS)}")
    if not 1 <= query.facet_size <= MOST_FACET_VALUES:
        raise InputError(f"facet_size is {query.facet_size}; it must lie between 1 and {MOST_FACET_VALUES:,}")
    first, last = query.filters.year_from, query.filters.year_to
    if first is not None and last is not None and first > last:
        raise InputError(f"the years {first} to {last} run backwards")


def _values(parsed: ParsedQuery, field: str) -> list[str]:
    return [clause.value for clause in parsed.constraint.required if clause.field == field]


def _missing(found: Sequence[Scored], known: Sequence[Scored]) -> list[int]:
    have = {s.pmid for s in known}
    return [s.pmid for s in found if s.pmid not in have]


def _completed(ranked: list[Scored], more: Sequence[Scored]) -> list[Scored]:
    return best_first([*ranked, *more])


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    try:
        yield
    finally:
        timings[stage] = round((perf_counter() - start) * 1000, 3)
