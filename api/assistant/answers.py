"""An answer as a tool's result, and as the object `pathlit` beside a chat message: all of it that can be checked."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from api.assistant.prose import Prose, written
from api.assistant.results import Generation, Quoted, Result, citation_line, clip, notices_of, quoted
from api.schemas.view import pubmed_url, shown_pmid
from retrieval.answer.records import Answer, AnswerSentence, CheckedCitation, Source, Stance
from retrieval.records import IntegrityStatus
from retrieval.verify.base import Verdict

_MOST: Final = 20
_LONGEST: Final = 1_000


class Cited(Result):
    n: int = Field(description="The number of its marker and reference.")
    id: str
    verdict: Verdict
    support: float
    evidence: Quoted | None = Field(None, description="The span of the paper that decided.")


class Stated(Result):
    """One sentence of the answer."""

    text: str
    verdict: Verdict
    origin: str = Field(description="`model`, `extract` (quoted from the paper) or `tool` (an external model).")
    repaired: bool = False
    citations: list[Cited] = Field([])


class Reference(Result):
    n: int
    id: str
    pmid: int | None = None
    title: str
    citation: str = Field(description="The line to cite it by; quote it as it is.")
    url: str | None = None
    doi: str = ""
    integrity: IntegrityStatus


class Dropped(Result):
    """What was written and is no part of the answer."""

    text: str
    verdict: Verdict


class Held(Result):
    """One paper's stand."""

    id: str
    n: int | None = None
    year: int | None = None
    study_types: list[str] = Field([])
    verdict: Verdict


class Disagreement(Result):
    sentence: str
    support: list[Held]
    against: list[Held]


class Happening(Result):
    kind: str
    message: str
    value: str = ""


class Abstained(Result):
    reason: str
    message: str
    confidence: float | None = None


class ToolSaid(Result):
    """What an external model said of the image: not literature."""

    tool: str
    text: str


class AnswerAnswer(Result):
    text: str = Field(description="The answer with markers [n] and its references. Give it to the user as it is.")
    sentences: list[Stated]
    references: list[Reference]
    abstention: Abstained | None = Field(None, description="Why there is no answer. Do not answer from memory instead.")
    conflicts: list[Disagreement] = Field([])
    incidents: list[Happening] = Field([], description="What went wrong on the way and was mended or dropped.")
    dropped: list[Dropped] = Field([])
    tools: list[ToolSaid] = Field([])
    notices: list[str] = Field([])
    query: str = Field("", description="The query that was searched.")
    models: dict[str, str] = Field({})
    experts: list[str] = Field([], description="What was asked: lexical, dense, image, slide, tools.")
    reasons: list[str] = Field([], description="Why those.")
    citation_recall: float | None = None
    citation_precision: float | None = None
    generation: str = Generation


def answer_answer(answer: Answer) -> AnswerAnswer:
    text, prose = written(answer)
    return described(answer, text, prose)


def described(answer: Answer, text: str, prose: Prose) -> AnswerAnswer:
    """`prose` has written `text`: its numbers stand in both."""
    numbers = {source.key: number for number, source in prose.cited}
    ids = {source.key: source.article.id for source in answer.sources}

    def held(stance: Stance) -> Held:
        return Held(
            id=ids.get(stance.key, f"pmid:{stance.pmid}"),
            n=numbers.get(stance.key),
            year=stance.year,
            study_types=list(stance.study_types),
            verdict=stance.judgement.verdict,
        )

    return AnswerAnswer(
        text=text,
        sentences=[_stated(sentence, numbers) for sentence in answer.sentences],
        references=[_reference(number, source) for number, source in prose.cited],
        abstention=Abstained(
            reason=answer.abstention.reason,
            message=answer.abstention.message,
            confidence=answer.abstention.confidence,
        )
        if answer.abstention
        else None,
        conflicts=[
            Disagreement(
                sentence=clip(conflict.sentence, _LONGEST),
                support=list(map(held, conflict.support)),
                against=list(map(held, conflict.against)),
            )
            for conflict in answer.conflicts[:_MOST]
        ],
        incidents=[
            Happening(kind=i.kind, message=clip(i.message, _LONGEST), value=clip(i.value, 200))
            for i in answer.incidents[:_MOST]
        ],
        dropped=[Dropped(text=clip(s.text, _LONGEST), verdict=s.verdict) for s in answer.dropped[:_MOST]],
        tools=[ToolSaid(tool=result.tool, text=clip(result.text, _LONGEST)) for result in answer.tools[:_MOST]],
        notices=notices_of(answer.notices),
        query=clip(answer.query, _LONGEST),
        models=answer.models,
        experts=list(answer.decision.experts) if answer.decision else [],
        reasons=notices_of(answer.decision.reasons) if answer.decision else [],
        citation_recall=answer.citation_recall,
        citation_precision=answer.citation_precision,
        generation=answer.generation,
    )


def _stated(sentence: AnswerSentence, numbers: dict[str, int]) -> Stated:
    return Stated(
        text=clip(sentence.text, _LONGEST),
        verdict=sentence.verdict,
        origin=sentence.origin,
        repaired=sentence.repaired,
        citations=[
            _cited(citation, numbers[citation.key]) for citation in sentence.citations if citation.key in numbers
        ],
    )


def _cited(citation: CheckedCitation, number: int) -> Cited:
    judgement = citation.judgement
    return Cited(
        n=number,
        id=citation.id,
        verdict=judgement.verdict,
        support=round(judgement.support, 3),
        evidence=quoted(judgement.evidence) if judgement.evidence else None,
    )


def _reference(number: int, source: Source) -> Reference:
    article = source.article
    return Reference(
        n=number,
        id=article.id,
        pmid=shown_pmid(article),
        title=clip(article.title, _LONGEST),
        citation=citation_line(article),
        url=pubmed_url(article),
        doi=article.doi,
        integrity=source.integrity.status,
    )
