"""Hard negatives: articles that share a question's words and do not belong to it.

From below the first ranks of BM25, since those above are often right, only unjudged. Xiong et al.: Approximate Nearest
Neighbor Negative Contrastive Learning for Dense Text Retrieval, ICLR 2021, compare such sources.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from retrieval.records import Article
from training.pairs import Pair, text_of

FIRST_RANK: Final = 10
LAST_RANK: Final = 50

Search = Callable[[str, int], Sequence[int]]
"""(text, limit) -> PMIDs, best first, by words."""


class Example(NamedTuple):
    question: str
    document: str
    negative: str


def with_negatives(
    pairs: Sequence[Pair], articles: Mapping[int, Article], without: set[int], search: Search, *, seed: int
) -> Iterator[Example]:
    """One example for each pair that has a negative; titles that are equal and articles that cite each other never
    serve as one."""
    chooser = random.Random(seed)  # noqa: S311 - a reproducible choice, not a secret
    for pair in pairs:
        source = articles[pair.article]
        linked = {pair.article, pair.answer, *source.references, *without}
        title = source.title.casefold().strip()
        ranked = search(pair.question, LAST_RANK)
        usable = [
            pmid
            for pmid in ranked[FIRST_RANK:] or ranked
            if pmid in articles
            and pmid not in linked
            and articles[pmid].title.casefold().strip() != title
            and pair.article not in articles[pmid].references
        ]
        if usable:
            yield Example(pair.question, pair.document, text_of(articles[chooser.choice(usable)]))
