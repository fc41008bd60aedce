"""The checks that a new generation passes before anybody can search it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.analysis import Analyzer
from retrieval.errors import VerificationError
from retrieval.index.interface import NO_CONDITION, IndexReader
from retrieval.records import Article

_CANARY_DEPTH: Final = 10
# Half precision and 8-bit quantisation both keep a vector far closer to itself than this; another article's is not.
_SAME_VECTOR: Final = 0.98
_CANARY_TERMS: Final = 60
_ENOUGH_TERMS: Final = 12


class Canary(NamedTuple):
    """An article that must find itself; its vector, shape (dimension,), comes from the encoder, not from the index."""

    article: Article
    vector: npt.NDArray[np.float32] | None


def verify_generation(
    reader: IndexReader, analyzer: Analyzer, pmids: npt.NDArray[np.int64], canaries: Sequence[Canary]
) -> None:
    """Raise VerificationError unless the generation holds exactly `pmids`, on every leg, each under its own id."""
    _same_articles(reader, np.sort(pmids))
    for canary in canaries:
        _finds_itself_by_words(reader, canary.article, analyzer)
        if canary.vector is not None:
            _finds_itself_by_vector(reader, canary.article.pmid, canary.vector)


def _same_articles(reader: IndexReader, expected: npt.NDArray[np.int64]) -> None:
    held = {"the lexical index": reader.pmids()}
    counted = {"the manifest's articles": reader.manifest.articles}
    if reader.manifest.encoder is not None:
        held["the vector index"] = reader.vector_pmids()
        counted["the manifest's vectors"] = reader.manifest.vectors
    for name, found in held.items():
        if not np.array_equal(found, expected):
            missing = np.setdiff1d(expected, found)
            extra = np.setdiff1d(found, expected)
            raise VerificationError(
                f"{name} holds {len(found):,} articles, the catalog {len(expected):,}: {len(missing):,} are missing "
                f"(first: {missing[:3].tolist()}), {len(extra):,} do not belong (first: {extra[:3].tolist()})"
            )
    for name, count in counted.items():
        if count != len(expected):
            raise VerificationError(f"{name} number {count:,}, the catalog holds {len(expected):,}")


def _finds_itself_by_words(reader: IndexReader, article: Article, analyzer: Analyzer) -> None:
    words = " ".join(f"{article.title} {article.abstract}".split()[:_CANARY_TERMS])
    terms = len(set(analyzer.query_terms(words)))
    # Some records have no text at all; and of a few common words other articles may be fuller than this one.
    if terms:
        found = reader.lexical(words, NO_CONDITION, _CANARY_DEPTH)
        own = reader.lexical_scores(words, [article.pmid])
        # Reprints and duplicates may come before it, but only with as good a score.
        least = found[-1].score if found and terms >= _ENOUGH_TERMS else 0.0
        if not own or own[0].score <= 0 or own[0].score < least:
            raise VerificationError(f"a search for the words of PMID {article.pmid} does not find it")
    stored = reader.articles([article.pmid]).get(article.pmid)
    if stored is None or stored.article != article:
        raise VerificationError(f"PMID {article.pmid} is not stored as the catalog has it")


def _finds_itself_by_vector(reader: IndexReader, pmid: int, vector: npt.NDArray[np.float32]) -> None:
    kept = reader.vector(pmid)
    lengths = float(np.linalg.norm(kept)), float(np.linalg.norm(vector))
    # Some encoders make nothing of an empty text.
    likeness = 1.0 if lengths == (0.0, 0.0) else float(kept @ vector) / max(lengths[0] * lengths[1], 1e-12)
    # Written so that a vector of NaN, which compares as false, fails too.
    if not likeness >= _SAME_VECTOR:
        raise VerificationError(
            f"the vector under PMID {pmid} is not that of its text (cosine {likeness:.3f}): ids and vectors differ"
        )
