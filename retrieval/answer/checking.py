"""A sentence and its citations before the verifier: what stays, what moves, what goes, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from retrieval.answer.records import (
    AnswerSentence,
    CheckedCitation,
    Draft,
    Incident,
    IncidentKind,
    Source,
)
from retrieval.verify.base import Claim, Judgement, Verdict, Verifier

HOLDS: Final = frozenset({Verdict.SUPPORTED, Verdict.PARTLY})
_FROM_BEST: Final = (Verdict.SUPPORTED, Verdict.PARTLY, Verdict.NOT_FOUND, Verdict.CONTRADICTED)
_TAKEN_AWAY: Final = "does not say it; that citation was taken away, others hold"


class Checked(NamedTuple):
    sentence: AnswerSentence
    """With the citations that hold, where it stays; with all that were written, where it does not."""
    stays: bool
    incidents: tuple[Incident, ...]
    written: AnswerSentence
    """With every citation that was written, whatever became of it: what recall and precision count."""
    judgements: Mapping[str, Judgement]
    """Of every usable source, by key."""


def check(
    draft: Draft,
    sources: Sequence[Source],
    verifier: Verifier,
    *,
    origin: Literal["model", "extract"],
    repaired: bool = False,
) -> Checked:
    """Judges a sentence beside every usable source, and keeps it if one that it cites says it, and none the opposite.

    A sentence whose own citations do not hold, though another source surely says it, stays with the citation moved
    there, which is an incident; one that is only partly said elsewhere goes.
    """
    usable = [source for source in sources if source.usable]
    found = verifier.judge([Claim(draft.text, source.article) for source in usable])
    judgements = {source.key: judgement for source, judgement in zip(usable, found, strict=True)}
    by_key = {source.key: source for source in usable}
    cited = [_citation(by_key[key], judgements[key]) for key in draft.keys if key in by_key]
    holding = [c for c in cited if c.judgement.verdict in HOLDS]
    written = AnswerSentence(draft.text, _verdict(cited), tuple(cited), origin, repaired)
    incidents: list[Incident] = []

    if any(c.judgement.verdict is Verdict.CONTRADICTED for c in cited):
        incidents.append(_incident(IncidentKind.CONTRADICTED, "a cited paper says the opposite; left out", draft))
        return Checked(written, False, tuple(incidents), written, judgements)
    if holding:
        lost = [c for c in cited if c not in holding]
        incidents += [_incident(IncidentKind.WRONG_PAPER, f"{c.id} {_TAKEN_AWAY}", draft, c.key) for c in lost]
        sentence = AnswerSentence(draft.text, _verdict(holding), tuple(holding), origin, repaired)
        return Checked(sentence, True, tuple(incidents), written, judgements)

    elsewhere = _best_elsewhere(draft, usable, judgements)
    if elsewhere is not None:
        kind = IncidentKind.WRONG_PAPER if cited else IncidentKind.UNCITED
        what = "the cited paper does not say it" if cited else "it cited nothing"
        incidents.append(
            _incident(kind, f"{what}; {elsewhere.id} does, and is cited in its place", draft, ", ".join(draft.keys))
        )
        sentence = AnswerSentence(draft.text, Verdict.SUPPORTED, (elsewhere,), origin, repaired)
        return Checked(sentence, True, tuple(incidents), written, judgements)

    if cited:
        incidents.append(_incident(IncidentKind.UNSUPPORTED, "no paper that it cites says it; left out", draft))
    else:
        incidents.append(_incident(IncidentKind.UNCITED, "it cites no source and none says it; left out", draft))
    return Checked(written, False, tuple(incidents), written, judgements)


def _best_elsewhere(
    draft: Draft, usable: Sequence[Source], judgements: Mapping[str, Judgement]
) -> CheckedCitation | None:
    """The source that says it most surely, unless any source says the opposite: then nothing is moved."""
    if any(j.verdict is Verdict.CONTRADICTED for j in judgements.values()):
        return None
    sure = [s for s in usable if s.key not in draft.keys and judgements[s.key].verdict is Verdict.SUPPORTED]
    if not sure:
        return None
    best = max(sure, key=lambda source: judgements[source.key].support)
    return _citation(best, judgements[best.key])


def _citation(source: Source, judgement: Judgement) -> CheckedCitation:
    return CheckedCitation(source.key, source.article.pmid, source.article.id, judgement)


def _verdict(citations: Sequence[CheckedCitation]) -> Verdict:
    verdicts = {c.judgement.verdict for c in citations}
    if Verdict.CONTRADICTED in verdicts:
        return Verdict.CONTRADICTED
    return next((verdict for verdict in _FROM_BEST if verdict in verdicts), Verdict.NOT_FOUND)


def _incident(kind: IncidentKind, message: str, draft: Draft, value: str = "") -> Incident:
    return Incident(kind, message, value, draft.text)
