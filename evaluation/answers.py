"""Answers measured: are they cited to the right article, and does the library's silence lead to none?

answered     share of questions that are answered rather than abstained from
right        share of the sentences that cite an article which is judged to answer the question
cited        share of the answers that cite such an article at all
first        share of the answers whose first sentence does
verbatim     share of the quoted sentences that stand, as they are, in the article that they cite
supported    share of the sentences written, kept or dropped, that the verifier found supported by what they cite
abstained    share of the probes (evaluation/answer_probes.py) that are not answered, of each kind and of all

Shares of questions have Wilson's interval (JASA 22, 1927), which holds where every answer is right as well; shares of
sentences are resampled by question, since the sentences of an answer are right or wrong together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from time import perf_counter
from typing import Final

import numpy as np

from evaluation.answer_probes import Answerable, Probe
from evaluation.datasets import Qrels
from evaluation.significance import Interval
from retrieval.answer.records import Answer, Question
from retrieval.errors import ArticleNotFoundError, InputError
from retrieval.records import Record
from retrieval.search import Searcher
from retrieval.verify.base import Verdict

Ask = Callable[[Question], Answer]
Hear = Callable[[int], None]

_SURE: Final = 1.959964
_SAMPLES: Final = 10_000


class Outcome(Record, frozen=True):
    """What became of one question."""

    key: str
    kind: str
    """The task that it is from, or the kind of probe."""
    answered: bool
    confidence: float | None
    """Of an abstention that it decided."""
    seconds: float
    written: int = 0
    kept: int = 0
    right: int = 0
    """Of those kept."""
    first_is_right: bool = False
    quoted: int = 0
    verbatim: int = 0
    supported: int = 0
    """Of those written."""


def answerable_of(searcher: Searcher, queries: Mapping[str, str], qrels: Qrels) -> Answerable:
    """The judged questions whose answers the index holds, with the keys of these articles."""
    found: dict[str, tuple[str, Sequence[int]]] = {}
    for key, grades in qrels.items():
        held = []
        for name in (name for name, grade in grades.items() if grade > 0):
            try:
                held.append(searcher.article(name).article.pmid)
            except (ArticleNotFoundError, InputError):  # a judgment without a usable id
                continue
        if held:
            found[key] = (queries[key], held)
    return found


def ask_questions(ask: Ask, kind: str, questions: Answerable, hear: Hear = lambda done: None) -> list[Outcome]:
    outcomes = []
    for done, (key, (text, right)) in enumerate(questions.items(), 1):
        outcomes.append(_outcome(ask, Question(text), key, kind, frozenset(right)))
        hear(done)
    return outcomes


def ask_probes(ask: Ask, probes: Sequence[Probe], hear: Hear = lambda done: None) -> list[Outcome]:
    outcomes = []
    for done, probe in enumerate(probes, 1):
        question = Question(probe.text, filters=probe.filters)
        outcomes.append(_outcome(ask, question, probe.text, probe.kind, frozenset()))
        hear(done)
    return outcomes


def measures(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """By the names above, of questions that have an answer; what was never answered has no other measure."""
    answered = [outcome for outcome in outcomes if outcome.answered]
    found = {"answered": share([outcome.answered for outcome in outcomes])}
    if answered:
        found["right"] = share_within([o.right for o in answered], [o.kept for o in answered])
        found["cited"] = share([o.right > 0 for o in answered])
        found["first"] = share([o.first_is_right for o in answered])
        found["supported"] = share_within([o.supported for o in answered], [o.written for o in answered])
        if any(outcome.quoted for outcome in answered):
            found["verbatim"] = share_within([o.verbatim for o in answered], [o.quoted for o in answered])
    return found


def abstentions(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """Share of probes abstained from, by kind; "all" counts each probe once."""
    kinds = dict.fromkeys(outcome.kind for outcome in outcomes)
    found = {kind: share([not o.answered for o in outcomes if o.kind == kind]) for kind in kinds}
    return found | {"all": share([not outcome.answered for outcome in outcomes])}


def share(values: Sequence[bool]) -> Interval:
    """With Wilson's 95 % interval."""
    n = len(values)
    mean = sum(values) / n
    middle = (mean + _SURE**2 / (2 * n)) / (1 + _SURE**2 / n)
    reach = _SURE / (1 + _SURE**2 / n) * sqrt(mean * (1 - mean) / n + _SURE**2 / (4 * n**2))
    return Interval(mean=mean, low=max(0.0, middle - reach), high=min(1.0, middle + reach))


def share_within(parts: Sequence[int], wholes: Sequence[int], *, seed: int = 0) -> Interval:
    """Of all parts in all wholes, resampled pair by pair."""
    part, whole = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(len(part), size=(_SAMPLES, len(part)))
    shares = part[drawn].sum(axis=1) / np.maximum(whole[drawn].sum(axis=1), 1)
    low, high = np.percentile(shares, (2.5, 97.5))
    return Interval(mean=float(part.sum() / max(whole.sum(), 1)), low=float(low), high=float(high))


def _outcome(ask: Ask, question: Question, key: str, kind: str, right: frozenset[int]) -> Outcome:
    began = perf_counter()
    answer = ask(question)
    seconds = perf_counter() - began
    if answer.abstention is not None or not answer.sentences:
        confidence = answer.abstention.confidence if answer.abstention else None
        return Outcome(key, kind, False, confidence, seconds)
    articles = {source.article.pmid: source.article for source in answer.sources}
    is_right = [any(c.pmid in right for c in sentence.citations) for sentence in answer.sentences]
    quotes = [sentence for sentence in answer.sentences if sentence.origin == "extract"]
    written = [*answer.sentences, *answer.dropped]
    return Outcome(
        key,
        kind,
        True,
        None,
        seconds,
        written=len(written),
        kept=len(answer.sentences),
        right=sum(is_right),
        first_is_right=is_right[0],
        quoted=len(quotes),
        verbatim=sum(
            all(quote.text in f"{articles[c.pmid].title}\n{articles[c.pmid].abstract}" for c in quote.citations)
            for quote in quotes
        ),
        supported=sum(sentence.verdict is Verdict.SUPPORTED for sentence in written),
    )
