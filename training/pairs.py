"""Pairs of texts that belong together, found in the corpus itself: what an encoder is adapted with, without labels.

title        a title and its abstract
conclusion   the last sentence of an abstract and the rest of it (inverse cloze: Lee, Chang, Toutanova: Latent Retrieval
             for Weakly Supervised Open Domain Question Answering, ACL 2019)
citation     a title and an article that it cites
neighbour    a title and an article that shares its rarest major MeSH headings
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import log
from typing import Final, NamedTuple

from retrieval.records import Article
from retrieval.sentences import split_sentences

_HELD_OUT: Final = 0.05
_MOST_HELD_OUT: Final = 1_000
_SHORTEST_TITLE: Final = 4  # words
_SHORTEST_SENTENCE: Final = 8  # words
_CITED: Final = 3
"""Pairs of one article with those that it cites, at most."""
_CROWD: Final = 50
"""Articles with a heading from which it joins nobody."""
_RELATED: Final = 8.0
"""Sum of the idf of shared major headings from which two articles are neighbours: two rare ones."""


class Pair(NamedTuple):
    kind: str
    article: int
    """Whose words the question is, as a PMID."""
    question: str
    answer: int
    """PMID of the article that belongs to it."""
    document: str


def text_of(article: Article) -> str:
    """As encoders read it."""
    return f"{article.title} {article.abstract}".strip()


def held_out(articles: Sequence[Article], seed: int) -> set[int]:
    """PMIDs for measuring: one in twenty and at most 1,000 with a title and an abstract, chosen by a hash."""
    usable = [a for a in articles if _has_title(a) and a.abstract]
    usable.sort(key=lambda a: hashlib.sha256(f"{seed}|{a.id}".encode()).digest())
    return {a.pmid for a in usable[: min(_MOST_HELD_OUT, max(1, int(_HELD_OUT * len(usable))))]}


def find_pairs(articles: Sequence[Article], without: set[int]) -> list[Pair]:
    """Every kind of pair among articles not in `without`, in the order of the articles."""
    known = {article.pmid: article for article in articles if article.pmid not in without and article.abstract}
    pairs = [pair for article in known.values() for pair in _own(article)]
    pairs += [pair for article in known.values() for pair in _cited(article, known)]
    return pairs + list(_neighbours(known))


def _own(article: Article) -> Iterator[Pair]:
    if _has_title(article):
        yield Pair("title", article.pmid, article.title, article.pmid, article.abstract)
    section = article.sections[-1].text
    spans = split_sentences(section)
    if spans:
        start, end = spans[-1]
        last = section[start:end]
        rest = text_of(article).replace(last, "", 1).strip()
        if len(last.split()) >= _SHORTEST_SENTENCE and len(rest.split()) >= 3 * _SHORTEST_SENTENCE:
            yield Pair("conclusion", article.pmid, last, article.pmid, rest)


def _cited(article: Article, known: Mapping[int, Article]) -> Iterator[Pair]:
    if _has_title(article):
        for pmid in [pmid for pmid in article.references if pmid in known and pmid != article.pmid][:_CITED]:
            yield Pair("citation", article.pmid, article.title, pmid, text_of(known[pmid]))


def _neighbours(known: Mapping[int, Article]) -> Iterator[Pair]:
    """Each article with its closest neighbour, once."""
    bearers: dict[str, list[int]] = defaultdict(list)
    for article in known.values():
        for name in dict.fromkeys(heading.name for heading in article.mesh if heading.major):
            bearers[name].append(article.pmid)
    shared: Counter[tuple[int, int]] = Counter()
    weights: dict[tuple[int, int], float] = defaultdict(float)
    for pmids in bearers.values():
        if 2 <= len(pmids) <= _CROWD:
            rarity = log(len(known) / len(pmids))
            for pair in combinations(pmids, 2):
                shared[pair] += 1
                weights[pair] += rarity
    joined: set[int] = set()
    for (first, second), weight in sorted(weights.items(), key=lambda item: (-item[1], item[0])):
        if weight < _RELATED or shared[first, second] < 2:
            continue
        if first not in joined and second not in joined and _has_title(known[first]):
            joined |= {first, second}
            yield Pair("neighbour", first, known[first].title, second, text_of(known[second]))


def _has_title(article: Article) -> bool:
    return len(article.title.split()) >= _SHORTEST_TITLE
