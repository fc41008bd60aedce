"""ImageSearch.search: the one path from an image, and what goes with it, to hits with reasons.

    views -> encode -> joint space (texts, captions, figure images)   \
          -> concepts -> weighted word queries                         > fuse -> fetch -> reasons -> evidence
    words, genes -> word queries                                      /
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.encoders.base import Vectors
from retrieval.encoders.image.base import ImageEncoder
from retrieval.errors import ConfigurationError, InputError
from retrieval.expression import parse_expression, query_text
from retrieval.fusion import Fused, minmax
from retrieval.image.concepts import KIND_WEIGHTS, ConceptFinder, SeenConcept, completeness, naming
from retrieval.image.gate_rules import GateFinding
from retrieval.image.picture import Pixels
from retrieval.image.reasons import Found, reasons_of
from retrieval.image.records import IMAGE_LEGS, ImageHit, ImageQuery, ImageResult, View
from retrieval.index.interface import Scored, best_first
from retrieval.index.joint_space import Brought, JointIndex, Part
from retrieval.index.manifest import require_image_encoder
from retrieval.integrity import EXCLUDED
from retrieval.query import Constraint, parse_query
from retrieval.records import IntegrityPolicy
from retrieval.search import LONGEST_RESULT, Searcher

LEG_WEIGHTS: Final = {"texts": 0.15, "figures": 0.2, "concepts": 0.65, "words": 0.6, "genes": 0.4, "together": 1.0}
"""Within the image's share and within that of words and genes; all parts together weigh as much as these two."""
SEARCHED: Final = {"entity": 0.3, "cytology": 0.8, "organ": 0.5, "pattern": 0.5, "tissue": 0.5}
"""Probability from which a concept is searched for; two entities may share what is seen."""
_MATCH: Final = 0.5
"""What the searched entities and organs must come to, so that the image counts as recognised."""
_RECOGNISED_BY: Final = ("entity", "cytology", "organ")
_UNNAMED: Final = 0.2
"""What is left of a concept's score for an article that names neither its organ nor its diagnosis."""
_PARTS: Final[dict[str, Part]] = {"texts": "texts", "figures": "images"}
_DEPTH: Final = 100
_EVIDENCE: Final = 2
_NO_MATCH: Final = (
    "No confident match: nothing that is known is more likely than not in this image; ask with words, another "
    "region, or a better image."
)


class ImageSearch:
    """Searches one generation with images; safe to use from several threads."""

    def __init__(self, searcher: Searcher, encoder: ImageEncoder, finder: ConceptFinder) -> None:
        self._searcher = searcher
        self._encoder = encoder
        self._finder = finder

    def search(self, query: ImageQuery, views: Sequence[View], gate: Sequence[GateFinding] = ()) -> ImageResult:
        """Several views are weighed parts of one image or slide; without any, words and genes are asked alone.

        InputError where nothing is asked; ConfigurationError where the generation holds no joint space.
        """
        timings: dict[str, float] = {}
        vectors = self._encoded(views, timings)
        return self.search_vectors(query, vectors, [view.weight for view in views], gate, timings)

    def encode(self, images: Sequence[Pixels]) -> Vectors:
        return self._encoder.encode_images(images)

    def concepts(self, vector: npt.NDArray[np.float32]) -> tuple[SeenConcept, ...]:
        """What one image shows, by its vector of shape (dimension,)."""
        return self._finder.seen(vector.reshape(1, -1))

    def search_vectors(
        self,
        query: ImageQuery,
        vectors: Vectors,
        weights: Sequence[float],
        gate: Sequence[GateFinding] = (),
        timings: dict[str, float] | None = None,
    ) -> ImageResult:
        """The same for vectors of shape (views, dimension) that were made before, such as those of a slide's tiles."""
        _require_usable(query, len(vectors))
        with_image = len(vectors) > 0 and query.image_weight > 0
        weighed = _weights(query, with_image=with_image)
        # A leg without weight would bring hits of score 0.
        asked = {leg for leg in query.legs if weighed[leg] > 0}
        timings = {} if timings is None else timings
        joint = self._joint() if len(vectors) else None
        parsed = parse_query(query.words, query.filters) if query.words.strip() else None
        constraint = parsed.constraint if parsed else Constraint(filters=query.filters)
        words = parsed.ranking_text if parsed else ""
        genes = query_text(parse_expression(query.genes)) if query.genes.strip() else ""
        if not len(vectors) and not words and not genes:
            raise InputError(
                "nothing is asked: conditions, or genes that did not change, find nothing by themselves; give an "
                "image or words"
            )
        seen: tuple[SeenConcept, ...] = ()
        if len(vectors):
            with _timed(timings, "concepts"):
                seen = self._finder.seen(vectors, np.array(weights, dtype=np.float64))
        searched = [s for s in seen if s.probability >= SEARCHED.get(s.concept.kind, 2.0)]
        confident = sum(s.probability for s in searched if s.concept.kind in _RECOGNISED_BY) >= _MATCH
        legs: dict[str, list[Scored]] = {leg: [] for leg in IMAGE_LEGS}
        brought: dict[str, dict[int, Brought]] = {leg: {} for leg in _PARTS}
        if joint is not None and confident:
            with _timed(timings, "joint"):
                for leg, part in _PARTS.items():
                    if leg in asked:
                        legs[leg] = self._in_joint(joint, part, vectors, weights, constraint, brought[leg])
            if "concepts" in asked:
                with _timed(timings, "concept search"):
                    legs["concepts"] = self._by_concepts(searched, constraint, query.expand)
        with _timed(timings, "words"):
            if "words" in asked and words:
                legs["words"] = _scored(self._searcher.rank(words, constraint, _DEPTH, query.expand))
            if "genes" in asked and genes:
                legs["genes"] = _scored(self._searcher.rank(genes, constraint, _DEPTH, query.expand))
            together = _together(searched if confident and with_image else (), words, genes)
            if "together" in asked and together:
                legs["together"] = _scored(self._searcher.rank(together, constraint, _DEPTH, query.expand))
        fused = minmax(legs, weighed)[: query.limit]
        found = Found(brought, tuple(searched), words, genes)
        hits = self._hits(fused, found, timings)
        return ImageResult(
            hits=hits,
            generation=self._searcher.generation,
            encoder=self._encoder.spec.id,
            concepts=seen,
            confident=confident,
            query="; ".join(s.concept.query for s in searched) if confident else "",
            gate=tuple(gate),
            notices=(*(parsed.notices if parsed else ()), *_notices(query, confident, len(vectors) > 0, hits)),
            timings_ms=timings,
        )

    def _encoded(self, views: Sequence[View], timings: dict[str, float]) -> Vectors:
        if not views:
            return np.zeros((0, 0), dtype=np.float32)
        with _timed(timings, "encode"):
            return self._encoder.encode_images([view.pixels for view in views])

    def _joint(self) -> JointIndex:
        manifest = self._searcher.manifest
        joint = self._searcher.reader.joint_reader
        if joint is None:
            raise ConfigurationError(
                f"generation {manifest.generation} was built without an image encoder; build again with `pathlit index`"
            )
        require_image_encoder(manifest, self._encoder.spec)
        return joint

    def _in_joint(
        self,
        joint: JointIndex,
        part: Part,
        vectors: Vectors,
        weights: Sequence[float],
        constraint: Constraint,
        brought: dict[int, Brought],
    ) -> list[Scored]:
        """Each view's articles, fused by the views' weights; notes what brought each."""
        views: dict[str, list[Scored]] = {}
        for number, vector in enumerate(vectors):
            result = joint.search(part, vector, constraint, _DEPTH)
            views[str(number)] = result.ranked
            for pmid, row in result.brought.items():
                if pmid not in brought or row.score > brought[pmid].score:
                    brought[pmid] = row
        if len(views) == 1:
            return views["0"]
        return _scored(minmax(views, {str(n): weight for n, weight in enumerate(weights)})[:_DEPTH])

    def _by_concepts(self, searched: Sequence[SeenConcept], constraint: Constraint, expand: bool) -> list[Scored]:
        """Articles found by the concepts' words, those first that name organ and diagnosis."""
        total = sum(KIND_WEIGHTS[s.concept.kind] * s.probability for s in searched)
        scores: dict[int, float] = {}
        for seen in searched:
            ranked = self._searcher.rank(seen.concept.query, constraint, _DEPTH, expand)
            stored = self._searcher.reader.articles([f.pmid for f in ranked])
            share = KIND_WEIGHTS[seen.concept.kind] * seen.probability / total
            for f in ranked:
                named = completeness(seen.concept, naming(seen.concept, stored[f.pmid].article))
                scores[f.pmid] = scores.get(f.pmid, 0.0) + share * f.score * (_UNNAMED + (1 - _UNNAMED) * named)
        return best_first(Scored(pmid, score) for pmid, score in scores.items())

    def _hits(self, fused: Sequence[Fused], found: Found, timings: dict[str, float]) -> tuple[ImageHit, ...]:
        with _timed(timings, "articles"):
            stored = self._searcher.reader.articles([f.pmid for f in fused])
        with _timed(timings, "evidence"):
            asked = " ".join([found.words, *(s.concept.query for s in found.searched), found.genes]).strip()
            articles = [stored[f.pmid].article for f in fused]
            evidence = self._searcher.evidence(asked, articles, _EVIDENCE)
        return tuple(
            ImageHit(
                article=stored[f.pmid].article,
                rank=rank,
                score=f.score,
                legs=f.legs,
                reasons=reasons_of(stored[f.pmid].article, f.legs, found),
                evidence=sentences,
                integrity=stored[f.pmid].integrity,
            )
            for rank, (f, sentences) in enumerate(zip(fused, evidence, strict=True), start=1)
        )


def _together(searched: Sequence[SeenConcept], words: str, genes: str) -> str:
    """One question of the likeliest entity, the words and the genes: what is asked with several parts is one thing.

    Fusion alone prefers what is good for one part; articles on all of them may stand deep in each part's list.
    """
    entity = next((seen.concept.query for seen in searched if seen.concept.kind in _RECOGNISED_BY), "")
    parts = [part for part in (entity, words, genes) if part]
    return " ".join(parts) if len(parts) > 1 else ""


def _weights(query: ImageQuery, *, with_image: bool) -> Mapping[str, float]:
    """Without an image there is nothing to share with."""
    share = query.image_weight if with_image else 0.0
    both = 4 * share * (1 - share) if with_image else 1.0
    beside = {"words": 1 - share, "genes": 1 - share, "together": both}
    return {leg: weight * beside.get(leg, share) for leg, weight in LEG_WEIGHTS.items()}


def _scored(fused: Sequence[Fused]) -> list[Scored]:
    return [Scored(f.pmid, f.score) for f in fused]


def _notices(query: ImageQuery, confident: bool, asked_with_image: bool, hits: Sequence[ImageHit]) -> Iterator[str]:
    if asked_with_image and not confident:
        yield _NO_MATCH
    if query.filters.integrity is IntegrityPolicy.LABEL:
        for hit in hits:
            if hit.integrity.status in EXCLUDED:
                yield f"PMID {hit.article.pmid} is {hit.integrity.status.value}; it must not be relied on."


def _require_usable(query: ImageQuery, views: int) -> None:
    if not views and not query.words.strip() and not query.genes.strip():
        raise InputError("nothing is asked: give an image, words or a list of genes")
    if query.image_weight == 0 and not query.words.strip() and not query.genes.strip():
        raise InputError("image_weight is 0, which leaves the image out, and neither words nor genes are given")
    first, last = query.filters.year_from, query.filters.year_to
    if first is not None and last is not None and first > last:
        raise InputError(f"the years {first} to {last} run backwards")
    if not 1 <= query.limit <= LONGEST_RESULT:
        raise InputError(f"limit is {query.limit}; it must lie between 1 and {LONGEST_RESULT:,}")
    if not 0 <= query.image_weight <= 1:
        raise InputError(f"image_weight is {query.image_weight}; it must lie between 0 and 1")
    unknown = [leg for leg in query.legs if leg not in IMAGE_LEGS]
    if unknown or not query.legs:
        raise InputError(f"legs are {list(query.legs)}; choose at least one of {list(IMAGE_LEGS)}")


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    try:
        yield
    finally:
        timings[stage] = round((perf_counter() - start) * 1000, 3)
