"""Evidence for a question: which sentences of which papers are shown, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from retrieval.answer.keys import issue_keys
from retrieval.answer.records import Source
from retrieval.integrity import may_support
from retrieval.records import Article, Evidence, Integrity, IntegrityPolicy

SENTENCES_PER_SOURCE: Final = 4
_PER_SENTENCE: Final = 4
"""Tokens around each sentence in the prompt."""
_PER_SOURCE: Final = 40
"""Tokens of a source's key, year and kind."""

FindSentences = Callable[[str, Sequence[Article], int], list[tuple[Evidence, ...]]]
"""Searcher.evidence."""


class Found(NamedTuple):
    """A hit of whichever search."""

    article: Article
    integrity: Integrity


def pack(
    question: str,
    found: Sequence[Found],
    find_sentences: FindSentences,
    *,
    policy: IntegrityPolicy,
    limit: int,
    seed: str,
    count_tokens: Callable[[str], int] | None = None,
    budget: int = 0,
) -> tuple[Source, ...]:
    """The first `limit` papers, each with its best sentences in the order in which they stand.

    Sentences are handed out in turns, so that a small budget (in tokens, where `count_tokens` is given) shows little of
    many papers rather than all of one; a paper that cannot show a single sentence is left out. Papers that the policy
    lets be seen and not rest upon, and notices about other papers, are marked unusable.
    """
    chosen = list(found[:limit])
    sentences = find_sentences(question, [hit.article for hit in chosen], SENTENCES_PER_SOURCE)
    room = budget
    kept: list[list[Evidence]] = [[] for _ in chosen]
    for turn in range(SENTENCES_PER_SOURCE):
        for place, best in enumerate(sentences):
            if turn >= len(best) or (turn and not kept[place]):
                continue
            if count_tokens is not None:
                cost = count_tokens(best[turn].text) + _PER_SENTENCE + (0 if turn else _PER_SOURCE)
                if cost > room:
                    continue
                room -= cost
            kept[place].append(best[turn])
    keys = issue_keys([hit.article.pmid for hit in chosen], seed)
    return tuple(
        Source(
            key=key,
            article=hit.article,
            integrity=hit.integrity,
            evidence=tuple(sorted(shown, key=lambda e: (e.field != "title", e.start))),
            rank=rank,
            usable=may_support(hit.integrity, policy),
        )
        for rank, (key, hit, shown) in enumerate(zip(keys, chosen, kept, strict=True), start=1)
        if shown
    )
