"""What an index backend offers to a search: one open generation that answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.index.manifest import Manifest
from retrieval.query import Constraint
from retrieval.records import Article, Facet, FacetName, Filters, Integrity, IntegrityPolicy, Record
from retrieval.vocabulary.file import SynonymGroup

if TYPE_CHECKING:
    from retrieval.index.joint_space import JointIndex

NO_CONDITION = Constraint(filters=Filters(integrity=IntegrityPolicy.LABEL))
"""What every article meets, retracted ones too."""


class IndexedArticle(Record, frozen=True):
    """What a generation keeps of an article, enough to show it without the catalog."""

    article: Article
    integrity: Integrity = Integrity()


class Scored(NamedTuple):
    """One entry of a ranked list. A list is sorted by construction: score descending, then PMID ascending."""

    pmid: int
    score: float


def best_first(scored: Iterable[Scored]) -> list[Scored]:
    """Highest score first, equal ones by rising PMID: the order of every leg and of what is fused."""
    return sorted(scored, key=lambda s: (-s.score, s.pmid))


def by_order(pmids: Iterable[int]) -> list[Scored]:
    """Scores for articles that no words rank: 1, 1/2, 1/3 and so on."""
    return [Scored(pmid, 1 / (rank + 1)) for rank, pmid in enumerate(pmids)]


class FacetCounts(NamedTuple):
    articles: int
    """All that match."""
    facets: tuple[Facet, ...]


class Words(NamedTuple):
    """What the lexical leg looks for: plain words, and things by all their names."""

    text: str
    names: Sequence[SynonymGroup] = ()


class Legs(NamedTuple):
    lexical: list[Scored]
    dense: list[Scored]


class IndexReader(Protocol):
    """One open generation. Every method may be called from several threads at once."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def joint_reader(self) -> JointIndex | None:
        """The joint space of images and texts; None where the generation was built without an image encoder."""
        ...

    def lexical(
        self, text: str, constraint: Constraint, limit: int, names: Sequence[SynonymGroup] = ()
    ) -> list[Scored]:
        """Best articles by BM25; with neither text nor names, the newest that meet the constraint.

        Each of `names` is looked for by all its names, and scored as if the article had the best known of them.
        """
        ...

    def dense(self, vector: npt.NDArray[np.float32], constraint: Constraint, limit: int) -> list[Scored]:
        """Nearest articles by inner product with a query vector of shape (dimension,)."""
        ...

    def recall(
        self, words: Words | None, vector: npt.NDArray[np.float32] | None, constraint: Constraint, limit: int
    ) -> Legs:
        """Both legs, each where it is asked; a backend that is far away answers them in one message."""
        return Legs(
            self.lexical(words.text, constraint, limit, words.names) if words else [],
            self.dense(vector, constraint, limit) if vector is not None else [],
        )

    def lexical_scores(self, text: str, pmids: Sequence[int], names: Sequence[SynonymGroup] = ()) -> list[Scored]:
        """The same scores for given articles, so that a candidate of one leg is scored by the others as well."""
        ...

    def dense_scores(self, vector: npt.NDArray[np.float32], pmids: Sequence[int]) -> list[Scored]: ...

    def complete(
        self, words: Words, vector: npt.NDArray[np.float32], *, lexical: Sequence[int], dense: Sequence[int]
    ) -> Legs:
        """The scores that each leg gives to what the other one found: likewise at once."""
        return Legs(
            self.lexical_scores(words.text, lexical, words.names) if lexical else [],
            self.dense_scores(vector, dense) if dense else [],
        )

    def articles(self, pmids: Sequence[int]) -> dict[int, IndexedArticle]:
        """The stored articles that exist among `pmids`."""
        ...

    def left_out(self, pmids: Sequence[int]) -> list[int]:
        """Those of `pmids` that IntegrityPolicy.EXCLUDE keeps out of every leg, ascending; reads no stored article."""
        ...

    def facets(
        self,
        text: str,
        constraint: Constraint,
        wanted: Sequence[FacetName],
        size: int,
        names: Sequence[SynonymGroup] = (),
    ) -> FacetCounts:
        """Exact counts over all that `lexical` could rank, however many: meet the constraint and hold a word."""
        ...

    def notices(self, constraint: Constraint) -> list[str]:
        """What conditions cannot do in this generation: values that no article has, headings without their tree."""
        ...

    # --- For verification -------------------------------------------------------------------------------------------

    def pmids(self) -> npt.NDArray[np.int64]:
        """Every article of the lexical leg, rising."""
        ...

    def vector_pmids(self) -> npt.NDArray[np.int64]:
        """Every article of the dense leg, rising."""
        ...

    def vector(self, pmid: int) -> npt.NDArray[np.float32]:
        """The vector kept for an article, shape (dimension,); KeyError where there is none."""
        ...
