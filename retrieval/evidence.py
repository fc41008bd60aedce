"""Which sentences of a hit best support the query: by words and by where they stand, without a model.

    score = coverage x standing, in 0..1
    coverage   the share of the query's words that the sentence holds, rare words among these hits counting more
    standing   1 in the second half of the abstract, where results and conclusions are; less before it, and less
               for an aim or a question

Measured by `python -m benchmarks.evidence` against the sentences that people marked in SciFact and Evidence Inference.
Standing matters most. Left out because they gained nothing to speak of beside it: word order and proximity, sentence
length, section labels in place of position, numbers, a bonus for "we conclude", averaged word vectors, and encoding
the sentences with the text encoder (which alone takes over 100 ms a query on two cores).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import log, sqrt
from typing import Final, Literal, NamedTuple

from retrieval.analysis import Analyzer
from retrieval.errors import InputError
from retrieval.expansion import Named
from retrieval.records import Article, Evidence
from retrieval.sentences import split_sentences
from retrieval.synonyms import group_rows

_EARLY: Final = 0.5
"""Standing of a sentence in the first half, and of the title: they rather tell what a paper is about."""
_AIM_SHARE: Final = 0.75
"""Of a sentence that says what was asked or done, not what was found."""
_PART_SHARE: Final = 0.5
"""What the parts of a compound are worth: for PD-L1, a sentence that speaks of PD-1 and of L1."""
_TITLE_LEAD: Final = 1.25
"""The title is evidence only where it covers this many times what the best sentence covers."""
_WORTH: Final = 0.5
"""Share of the best score that a further sentence needs: weaker ones are right less often and tell nothing new."""
_UNMATCHED: Final = 0.01
"""Score of the concluding sentence of an article that shares no word with the query."""
_SHORTEST_CONCLUSION: Final = 5  # words

_AIM = re.compile(
    r"\b(?:aims?|aimed|objectives?|purpose|whether|unclear|unknown|hypothes[ie][sz]e?d?"
    r"|(?:to|we) (?:determine|investigate|assess|evaluate|examine|compare|test|study|explore)d?"
    r"|(?:were|was) (?:randomi[sz]ed|randomly|recruited|enrolled|assigned))\b",
    re.IGNORECASE,
)
_BACK_MATTER = re.compile(
    r"©|copyright|all rights reserved|\bNCT\d|trial registration|level of evidence", re.IGNORECASE
)

Word = tuple[str, ...]
"""The terms of one word of the query; a compound's first term is the whole: ("pdl1", "pd", "l1")."""


Equal = tuple[frozenset[str], list[frozenset[str]]]
"""The query's terms of one name, and the terms of each name that means the same."""


class _Sentence(NamedTuple):
    field: Literal["title", "abstract"]
    start: int
    end: int
    text: str
    terms: frozenset[str]
    """The query's terms that are in it."""
    standing: float


def find_evidence(
    query: str, articles: Sequence[Article], analyzer: Analyzer, *, limit: int = 2, names: Sequence[Named] = ()
) -> list[tuple[Evidence, ...]]:
    """For each article its best sentences, at most `limit`, best first; give all hits of a query at once.

    Where a sentence has another name of one of `names`, it counts as having the one that the query has.
    Section labels are not part of a sentence. An article that shares no word with the query (the dense leg found it)
    gets its concluding sentence, or else its title, with a score of 0.01; one without any text gets none.
    """
    if limit < 0:
        raise InputError(f"an evidence limit of {limit} makes no sense; give 0 or more sentences per article")
    words = _words(query, analyzer)
    wanted = frozenset(term for word in words for term in word)
    equals = [
        (wanted.intersection(analyzer.terms(name.typed)), [frozenset(row) for rows in found for row in rows])
        for name, found in ((name, group_rows(name.group, analyzer)) for name in names)
    ]
    read = [list(_sentences(article, analyzer, wanted, equals)) for article in articles]
    weights = _weights(words, [sentence for sentences in read for sentence in sentences])
    return [_choose(sentences, weights)[:limit] for sentences in read]


def _words(query: str, analyzer: Analyzer) -> list[Word]:
    """The query's words without repeats and stop words."""
    scored = frozenset(analyzer.query_terms(query))
    words = [tuple(term for term in terms if term in scored) for _, _, terms in analyzer.spans(query)]
    return list(dict.fromkeys(filter(None, words)))


def _sentences(
    article: Article, analyzer: Analyzer, wanted: frozenset[str], equals: Sequence[Equal]
) -> Iterator[_Sentence]:
    abstract = article.abstract
    spans = list(_abstract_spans(article))
    for i, (start, end) in enumerate(spans):
        text = abstract[start:end]
        standing = _standing(text, late=2 * i >= len(spans) - 1)
        yield _Sentence("abstract", start, end, text, _found(text, analyzer, wanted, equals), standing)
    if title := article.title.strip():
        start = article.title.index(title)
        terms = _found(title, analyzer, wanted, equals)
        yield _Sentence("title", start, start + len(title), title, terms, _standing(title, late=False))


def _found(text: str, analyzer: Analyzer, wanted: frozenset[str], equals: Sequence[Equal]) -> frozenset[str]:
    terms = frozenset(analyzer.terms(text))
    found = wanted.intersection(terms)
    for typed, rows in equals:
        if not typed <= found and any(row <= terms for row in rows):
            found |= typed
    return found


def _standing(text: str, *, late: bool) -> float:
    return (1.0 if late else _EARLY) * (_AIM_SHARE if _AIM.search(text) or text.endswith("?") else 1.0)


def _abstract_spans(article: Article) -> Iterator[tuple[int, int]]:
    """The sentences of each section as spans of `article.abstract`, where a label comes before it."""
    offset = 0
    for section in article.sections:
        if section.label:
            offset += len(section.label) + len(": ")
        for start, end in split_sentences(section.text):
            yield offset + start, offset + end
        offset += len(section.text) + len("\n")


def _weights(words: Sequence[Word], sentences: Sequence[_Sentence]) -> dict[Word, float]:
    """Each word's part of the query; together 1.

    The square root of BM25's idf, counted in the sentences of these hits: with the idf itself one rare word outvotes
    three others, and without it ties abound.
    """
    found = Counter(term for sentence in sentences for term in sentence.terms)
    n = len(sentences)
    rarity = {word: sqrt(max(log(1 + (n - found[t] + 0.5) / (found[t] + 0.5)) for t in word)) for word in words}
    total = sum(rarity.values())
    return {word: weight / total for word, weight in rarity.items()}


def _coverage(terms: frozenset[str], weights: dict[Word, float]) -> float:
    covered = 0.0
    if terms:
        for word, weight in weights.items():
            if word[0] in terms:
                covered += weight
            elif len(word) > 1:
                covered += weight * _PART_SHARE * sum(part in terms for part in word[1:]) / (len(word) - 1)
    return min(covered, 1.0)


def _choose(sentences: Sequence[_Sentence], weights: dict[Word, float]) -> tuple[Evidence, ...]:
    coverages = [_coverage(sentence.terms, weights) for sentence in sentences]
    inside = max((c for s, c in zip(sentences, coverages, strict=True) if s.field == "abstract"), default=0.0)
    scored = [
        (coverage * sentence.standing, sentence)
        for sentence, coverage in zip(sentences, coverages, strict=True)
        if coverage > 0 and (sentence.field == "abstract" or coverage >= _TITLE_LEAD * inside)
    ]
    if not scored:
        return tuple(_evidence(sentence, _UNMATCHED) for sentence in _conclusion(sentences))
    scored.sort(key=lambda pair: -pair[0])
    best = scored[0][0]
    return tuple(_evidence(sentence, score) for score, sentence in scored if score >= _WORTH * best)


def _conclusion(sentences: Sequence[_Sentence]) -> Sequence[_Sentence]:
    """The last sentence that says something, else the last at all, else the title; none where there is no text."""
    abstract = [sentence for sentence in sentences if sentence.field == "abstract"]
    for sentence in reversed(abstract):
        if len(sentence.text.split()) >= _SHORTEST_CONCLUSION and not _BACK_MATTER.search(sentence.text):
            return [sentence]
    return abstract[-1:] or sentences[-1:]


def _evidence(sentence: _Sentence, score: float) -> Evidence:
    return Evidence(sentence.field, sentence.start, sentence.end, sentence.text, score)
