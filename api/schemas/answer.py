"""What may be asked for an answer, and what it says."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from api.schemas.request import RequestModel, SearchFilters
from api.schemas.search import EvidenceView
from api.schemas.view import IntegrityView, Text, View, pubmed_url, shown_pmid
from retrieval.answer.answerer import LONGEST_QUESTION, MOST_SENTENCES, MOST_SOURCES
from retrieval.answer.records import (
    Answer,
    AnswerEvent,
    AnswerSentence,
    CheckedCitation,
    Conflict,
    Decision,
    Finished,
    Happened,
    IncidentKind,
    Question,
    Searched,
    Source,
    Sourced,
    Stance,
    Turn,
    Written,
)
from retrieval.citations import cite
from retrieval.image.asking import Part
from retrieval.records import LOCAL_PMID_FLOOR, IntegrityPolicy
from retrieval.verify.base import Judgement, Verdict

_MOST_TURNS: Final = 40


class TurnRequest(RequestModel):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    text: str = Field(max_length=20_000)


class AnswerRequest(RequestModel):
    """A question, an image, or both; what was said before; and within which bounds to answer."""

    question: str = Field(
        "",
        max_length=LONGEST_QUESTION,
        description="In plain words; may be left out where an image is given.",
        examples=["Which markers separate lung adenocarcinoma from squamous cell carcinoma?"],
    )
    image_base64: str = Field(
        "", description="An image file (PNG, JPEG, TIFF, WEBP) in base64; in a form, send it as the file `image`."
    )
    region: str = Field("", max_length=100, description='A box in pixels, "x,y,w,h".', examples=["0,0,512,512"])
    region_text: str = Field("", max_length=200, description="What of the image is meant, in words.")
    mpp: float | None = Field(None, gt=0, le=100, description="Microns per pixel, where known.")
    conversation: Annotated[list[TurnRequest], Field(max_length=_MOST_TURNS)] = Field(
        [], description="Earlier turns, oldest first: a follow-up is asked together with what it refers to."
    )
    filters: SearchFilters = Field(SearchFilters(), description="Conditions that every source meets.")
    sources: Annotated[int, Field(strict=True)] = Field(8, ge=1, le=MOST_SOURCES, description="Papers, at most.")
    sentences: Annotated[int, Field(strict=True)] = Field(6, ge=1, le=MOST_SENTENCES, description="Sentences, at most.")
    expand: Annotated[bool, Field(strict=True)] = Field(True, description="Search names by their synonyms as well.")
    stream: Annotated[bool, Field(strict=True)] = Field(
        False, description="Answer as server-sent events, each sentence as soon as it was checked."
    )

    def to_question(self) -> Question:
        return Question(
            text=self.question,
            conversation=tuple(Turn(turn.role, turn.text) for turn in self.conversation),
            filters=self.filters.to_filters(),
            sources=self.sources,
            sentences=self.sentences,
            expand=self.expand,
        )

    def to_part(self) -> Part:
        return Part(self.region, self.region_text, self.mpp)


class JudgementView(View):
    """What one paper says of one claim."""

    verdict: Verdict = Field(description="`supported`, `partly_supported`, `contradicted` or `not_found`.")
    support: float = Field(description="Calibrated probability that the paper supports it.", examples=[0.93])
    contradict: float
    neutral: float
    evidence: EvidenceView | None = Field(description="The exact span that decided.")
    features: dict[str, float] = Field(description="What each feature added to the log-odds of support.")


class CheckedCitationView(View):
    key: str = Field(description="Of the source in `sources`.", examples=["K7Q"])
    id: str = Field(examples=["pmid:29952771"])
    judgement: JudgementView


class AnswerSentenceView(View):
    text: str
    verdict: Verdict
    citations: list[CheckedCitationView]
    origin: Literal["model", "extract", "tool"] = Field(
        description="Written by the language model, quoted from the paper, or said by an external model."
    )
    repaired: bool = Field(description="Whether the model had to write it a second time.")


class SourceView(View):
    """An article that the answer may cite."""

    key: str = Field(examples=["K7Q"])
    id: str = Field(examples=["pmid:29952771"])
    pmid: int | None
    title: Text
    citation: str = Field(description="How to cite it, in NLM style, on one line.")
    year: int | None
    url: str | None
    integrity: IntegrityView
    evidence: list[EvidenceView] = Field(description="The sentences that were read.")
    rank: int
    usable: bool = Field(description="False for one that may be seen and not rested upon, such as a retracted paper.")


class StanceView(View):
    key: str
    pmid: int | None
    year: int | None
    study_types: list[str]
    judgement: JudgementView


class ConflictView(View):
    """A sentence of the answer on which the sources do not agree; both sides newest first."""

    sentence: str
    support: list[StanceView]
    against: list[StanceView]


class IncidentView(View):
    """Something that went wrong on the way, and what became of it."""

    kind: IncidentKind
    message: str
    value: str = Field(description="The marker, identifier or tool at fault, as it was written.")
    sentence: str


class AbstentionView(View):
    reason: Literal["no_sources", "not_answered", "nothing_supported", "no_question"]
    message: str
    confidence: float | None = Field(description="Calibrated probability that the literature found answers it.")


class ToolResultView(View):
    tool: str
    text: str
    arguments: str
    query: str = Field(description="What it added to the search.")


class DecisionView(View):
    """Which searches the question was sent to, and why."""

    experts: list[str] = Field(examples=[["lexical", "dense"]])
    reasons: list[str]
    router: str
    tools: list[str]


class AnswerResponse(View):
    """Sentences that the literature supports, what did not hold, and everything needed to check and repeat both."""

    sentences: list[AnswerSentenceView]
    abstention: AbstentionView | None = Field(description="Why there is no answer, where there is none.")
    sources: list[SourceView]
    dropped: list[AnswerSentenceView] = Field(description="Written, checked, and not kept; never part of the answer.")
    conflicts: list[ConflictView]
    incidents: list[IncidentView]
    tools: list[ToolResultView]
    notices: list[str]
    citation_recall: float | None = Field(description="ALCE: share of the sentences written that hold.")
    citation_precision: float | None = Field(description="ALCE: share of the citations written that support.")
    query: str = Field(description="What was searched for in the end.")
    policy: IntegrityPolicy
    models: dict[str, str] = Field(description="encoder, reranker, verifier, composer.")
    decision: DecisionView | None
    timings_ms: dict[str, float]


def answer_view(answer: Answer) -> AnswerResponse:
    return AnswerResponse(
        sentences=[sentence_view(sentence) for sentence in answer.sentences],
        abstention=AbstentionView.model_validate(answer.abstention) if answer.abstention else None,
        sources=[source_view(source) for source in answer.sources],
        dropped=[sentence_view(sentence) for sentence in answer.dropped],
        conflicts=[_conflict(conflict) for conflict in answer.conflicts],
        incidents=[IncidentView.model_validate(incident) for incident in answer.incidents],
        tools=[ToolResultView.model_validate(result) for result in answer.tools],
        notices=list(answer.notices),
        citation_recall=answer.citation_recall,
        citation_precision=answer.citation_precision,
        query=answer.query,
        policy=answer.policy,
        models=dict(answer.models),
        decision=_decision(answer.decision),
        timings_ms=dict(answer.timings_ms),
    )


def event_view(event: AnswerEvent) -> tuple[str, dict[str, Any]]:
    """The name of a server-sent event and its data."""
    match event:
        case Searched():
            decision = _decision(event.decision)
            return "searched", {
                "query": event.query,
                "decision": decision.model_dump(mode="json") if decision else None,
            }
        case Sourced():
            return "sources", {"sources": [source_view(source).model_dump(mode="json") for source in event.sources]}
        case Written():
            return "sentence", sentence_view(event.sentence).model_dump(mode="json")
        case Happened():
            return "incident", IncidentView.model_validate(event.incident).model_dump(mode="json")
        case Finished():
            return "answer", answer_view(event.answer).model_dump(mode="json")


def judgement_view(judgement: Judgement) -> JudgementView:
    return JudgementView.model_validate(judgement)


def sentence_view(sentence: AnswerSentence) -> AnswerSentenceView:
    return AnswerSentenceView(
        text=sentence.text,
        verdict=sentence.verdict,
        citations=[_citation(citation) for citation in sentence.citations],
        origin=sentence.origin,
        repaired=sentence.repaired,
    )


def source_view(source: Source) -> SourceView:
    article = source.article
    return SourceView(
        key=source.key,
        id=article.id,
        pmid=shown_pmid(article),
        title=article.title,
        citation=cite(article),
        year=article.year,
        url=pubmed_url(article),
        integrity=IntegrityView.model_validate(source.integrity),
        evidence=[EvidenceView.model_validate(sentence) for sentence in source.evidence],
        rank=source.rank,
        usable=source.usable,
    )


def _citation(citation: CheckedCitation) -> CheckedCitationView:
    return CheckedCitationView(key=citation.key, id=citation.id, judgement=judgement_view(citation.judgement))


def _conflict(conflict: Conflict) -> ConflictView:
    return ConflictView(
        sentence=conflict.sentence,
        support=[_stance(stance) for stance in conflict.support],
        against=[_stance(stance) for stance in conflict.against],
    )


def _stance(stance: Stance) -> StanceView:
    return StanceView(
        key=stance.key,
        pmid=stance.pmid if stance.pmid < LOCAL_PMID_FLOOR else None,
        year=stance.year,
        study_types=list(stance.study_types),
        judgement=judgement_view(stance.judgement),
    )


def _decision(decision: Decision | None) -> DecisionView | None:
    return DecisionView.model_validate(decision) if decision else None
