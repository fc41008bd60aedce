"""Sentences of an answer on which the sources do not agree: who is for, who against, since when, by which studies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from retrieval.answer.records import AnswerSentence, Conflict, Source, Stance
from retrieval.records import Article
from retrieval.verify.base import Judgement, Verdict


def conflicts(
    judged: Sequence[tuple[AnswerSentence, Mapping[str, Judgement]]],
    sources: Sequence[Source],
    study_types: Callable[[Article], tuple[str, ...]],
) -> tuple[Conflict, ...]:
    """One for each sentence that some source contradicts; `judged` gives each sentence's judgements by key."""
    found = []
    for sentence, judgements in judged:
        sides = {verdict: _side(verdict, judgements, sources, study_types) for verdict in Verdict}
        if sides[Verdict.CONTRADICTED]:
            support = (*sides[Verdict.SUPPORTED], *sides[Verdict.PARTLY])
            found.append(Conflict(sentence.text, _newest_first(support), sides[Verdict.CONTRADICTED]))
    return tuple(found)


def _side(
    verdict: Verdict,
    judgements: Mapping[str, Judgement],
    sources: Sequence[Source],
    study_types: Callable[[Article], tuple[str, ...]],
) -> tuple[Stance, ...]:
    stances = [
        Stance(source.key, source.article.pmid, source.article.year, study_types(source.article), judgement)
        for source in sources
        if (judgement := judgements.get(source.key)) is not None and judgement.verdict is verdict
    ]
    return _newest_first(stances)


def _newest_first(stances: Sequence[Stance]) -> tuple[Stance, ...]:
    return tuple(sorted(stances, key=lambda stance: -(stance.year or 0)))
