"""An answer without a language model: sentences of the papers themselves, verbatim, each cited to its own.

    score = nearness x part x readability, times how near the paper as a whole is to the question
    nearness      coverage of the question's words, rare ones counting more, and late interaction with its tokens
    part          results and conclusions, the second half of an abstract, above what was asked or done
    readability   less for a sentence that leans on the one before it

The best comes first; a further one must add something (maximal marginal relevance: Carbonell, Goldstein: The Use of
MMR, SIGIR 1998), be worth nearly as much, and come from a paper that is nearly as near to the question as the best one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.answer.asked_words import AskedWords
from retrieval.answer.records import Draft, Source
from retrieval.answer.sentence_reading import Nearness, Sentence, nearness, sentences_of
from retrieval.records import Evidence, Filters
from retrieval.search import Searcher

_BY_WORDS: Final = 0.7
"""Share of shared words in the nearness of a sentence; the rest is meaning."""
_PAPER_BY_WORDS: Final = 0.5
_EARLY: Final = 0.5
"""Of a sentence in the first half of the abstract."""
_FOUND: Final = 0.8
"""Of one there that stands under results or conclusions."""
_ASKED: Final = 0.4
"""Of one that stands under aims or methods."""
_TITLE_SHARE: Final = 0.4
_AIM_SHARE: Final = 0.6
_FRAGMENT_SHARE: Final = 0.4
_LEANS_SHARE: Final = 0.9
_BRIEF_SHARE: Final = 0.7
_SHORTEST: Final = 6  # words
_LONGEST: Final = 70
_PAPER_WORTH: Final = 0.9
"""Share of the best paper's nearness that another paper needs: where one is the one, others are not on the question."""
_RANK: Final = 0.05
"""By which each rank of the search puts a paper further away."""
_WORTH: Final = 0.6
"""Share of the best sentence's score that a further one needs."""
_DIVERSITY: Final = 0.35
"""How much of its likeness to a sentence already taken a further one loses."""
_SAME: Final = 0.93
"""Cosine from which two sentences say the same."""

_AIM = re.compile(
    r"\b(?:aims?|aimed|objectives?|purpose|whether|unclear|unknown|hypothes[ie][sz]e?d?"
    r"|this (?:study|paper|article|report) (?:was|is|describes|presents|reviews|examines|explores)|remains? to be"
    r"|(?:to|we) (?:determine|investigate|assess|evaluate|examine|compare|test|study|explore)d?"
    r"|(?:were|was) (?:randomi[sz]ed|randomly|recruited|enrolled|assigned))\b",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(r"(?:In order )?[Tt]o [a-z]+ ")
"""An aim without its verb: "To determine whether budding predicts spread."."""
_LEANS = re.compile(
    r"(?:It|Its|This|These|Those|They|Their|Such|Both|However|But|Moreover|Furthermore|Also|In addition"
    r"|Additionally|Similarly|Likewise|Conversely|In contrast|On the other hand|Therefore|Thus|Hence|Nevertheless"
    r"|The (?:former|latter|same|other|corresponding|remaining))\b"
)
_BACK_MATTER = re.compile(
    r"©|copyright|all rights reserved|\bNCT\d|trial registration|level of evidence|\bfunded by\b"
    r"|conflicts? of interest",
    re.IGNORECASE,
)


class _Candidate(NamedTuple):
    source: Source
    sentence: Sentence
    score: float
    terms: frozenset[str]
    vector: npt.NDArray[np.float16] | None


def compose(question: str, sources: Sequence[Source], searcher: Searcher, limit: int) -> list[Draft]:
    """At most `limit` sentences, best first, of usable sources; none where there is no text to quote.

    Each is `getattr(article, field)[start:end]` of the one source that it cites.
    """
    usable = [source for source in sources if source.usable]
    if limit < 1 or not usable:
        return []
    asked = AskedWords(question, Filters(), searcher)
    read = nearness(asked.text, [source.article for source in usable], searcher)
    papers = [_paper(source, asked, read[i] if read else None) for i, source in enumerate(usable)]
    weights = asked.weights_among([terms for paper in papers for terms in paper.terms])
    bar = _PAPER_WORTH * max(paper.nearness for paper in papers)
    candidates = [
        candidate for paper in papers if paper.nearness >= bar for candidate in _candidates(paper, asked, weights)
    ]
    return [_draft(candidate) for candidate in _chosen(candidates, limit)]


class _Paper(NamedTuple):
    source: Source
    sentences: Sequence[Sentence]
    terms: Sequence[frozenset[str]]
    """Of each sentence."""
    read: Sequence[Nearness] | None
    nearness: float
    """Of the paper as a whole to the question, 0 to 1."""


def _paper(source: Source, asked: AskedWords, read: Sequence[Nearness] | None) -> _Paper:
    sentences = sentences_of(source.article)
    terms = [asked.terms(sentence.text) for sentence in sentences]
    near = asked.coverage(asked.together(terms))
    if read and len(read[0].tokens):
        words = float(np.max([one.tokens for one in read], axis=0).mean())
        near = _PAPER_BY_WORDS * near + (1 - _PAPER_BY_WORDS) * words
    return _Paper(source, sentences, terms, read, near / (1 + _RANK * (source.rank - 1)))


def _candidates(paper: _Paper, asked: AskedWords, weights: Sequence[float]) -> Iterator[_Candidate]:
    alone = len(paper.sentences) == 1
    for i, (sentence, terms) in enumerate(zip(paper.sentences, paper.terms, strict=True)):
        if sentence.text.endswith("?") or _BACK_MATTER.search(sentence.text):
            continue
        if sentence.field == "title" and not alone:
            continue
        near = asked.coverage(terms, weights)
        if paper.read:
            near = _BY_WORDS * near + (1 - _BY_WORDS) * paper.read[i].words
        score = paper.nearness * near * _standing(sentence) * _readability(sentence)
        yield _Candidate(paper.source, sentence, score, terms, paper.read[i].vector if paper.read else None)


def _standing(sentence: Sentence) -> float:
    if sentence.field == "title":
        return _TITLE_SHARE
    standing = 1.0 if sentence.place >= 0.5 else _FOUND if sentence.part == "found" else _EARLY
    if sentence.part == "asked":
        standing = _ASKED
    return standing * (_AIM_SHARE if _AIM.search(sentence.text) else 1.0)


def _readability(sentence: Sentence) -> float:
    words = len(sentence.text.split())
    share = _LEANS_SHARE if _LEANS.match(sentence.text) else 1.0
    share *= _FRAGMENT_SHARE if _FRAGMENT.match(sentence.text) else 1.0
    return share * (1.0 if _SHORTEST <= words <= _LONGEST else _BRIEF_SHARE)


def _chosen(candidates: Sequence[_Candidate], limit: int) -> list[_Candidate]:
    chosen: list[_Candidate] = []
    rest = sorted(candidates, key=lambda candidate: -candidate.score)
    bar = _WORTH * rest[0].score if rest else 0.0
    while rest and len(chosen) < limit:
        worth = [c.score * (1 - _DIVERSITY * max((_likeness(c, other) for other in chosen), default=0.0)) for c in rest]
        best = max(range(len(rest)), key=worth.__getitem__)
        if rest[best].score < bar:
            break
        taken = rest.pop(best)
        if all(_likeness(taken, other) < _SAME for other in chosen):
            chosen.append(taken)
    return chosen


def _likeness(one: _Candidate, other: _Candidate) -> float:
    if one.vector is not None and other.vector is not None:
        return max(0.0, float(one.vector.astype(np.float32) @ other.vector.astype(np.float32)))
    return len(one.terms & other.terms) / max(len(one.terms | other.terms), 1)


def _draft(candidate: _Candidate) -> Draft:
    field, start, end, text = candidate.sentence[:4]
    return Draft(text, (candidate.source.key,), Evidence(field, start, end, text, candidate.score))
