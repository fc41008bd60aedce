"""The look-up of citations as a tool's result: sentences that need or have one, and what papers say of them."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from api.assistant.arguments import CiteArguments
from api.assistant.results import Generation, Quoted, Result, citation_line, clip, notices_of, quoted
from api.schemas.view import pubmed_url
from retrieval.lookup.records import (
    CheckedReference,
    CitedPaper,
    FoundPaper,
    LookupRequest,
    LookupResult,
    Need,
    SentenceReport,
)
from retrieval.records import IntegrityStatus
from retrieval.verify.base import Judgement, Verdict

MOST_SENTENCES: Final = 40
_MOST_PAPERS: Final = 6
_MOST_REFERENCES: Final = 60
_LONGEST: Final = 500


class Proposed(Result):
    """A paper that was found for a sentence."""

    id: str = Field(description="Cite by it.")
    citation: str = Field(description="The line to cite it by; quote it as it is.")
    year: int | None = None
    url: str | None = None
    integrity: IntegrityStatus
    usable: bool = Field(description="False: it must not be cited as a support, it is retracted or a notice.")
    verdict: Verdict
    support: float = Field(description="Probability that it supports the sentence, calibrated.")
    evidence: Quoted | None = Field(None, description="The span that decided.")


class Existing(Result):
    """A reference that the sentence cites already."""

    key: str = Field(description="As its marker names it.")
    id: str | None = Field(None, description="What it resolved to.")
    integrity: IntegrityStatus | None = None
    verdict: Verdict | None = None
    evidence: Quoted | None = None
    problem: str = Field("", description="What is wrong with it; absent for a sound one.")


class Sentence(Result):
    n: int = Field(description="Its number in the text, from 1.")
    text: str
    need: Need = Field(description="`needed`: it needs a citation. `cited`: it has one. `not_needed`.")
    reason: str
    cited: list[Existing] = Field([])
    papers: list[Proposed] = Field([], description="Best first; cite one only where its verdict is supported.")


class ListedReference(Result):
    label: str
    id: str | None = None
    integrity: IntegrityStatus | None = None
    problem: str = ""


class CiteAnswer(Result):
    sentences: list[Sentence] = Field(description="Those that need or have a citation, or were looked up.")
    not_needed: int = Field(description="How many others there are, which need none.")
    references: list[ListedReference] = Field([], description="Of the text's own list.")
    notices: list[str] = Field([])
    generation: str = Generation


def lookup_request(asked: CiteArguments) -> LookupRequest:
    return LookupRequest(text=asked.text, papers=asked.per_sentence)


def cite_answer(result: LookupResult) -> CiteAnswer:
    told = [report for report in result.sentences if report.looked_up or report.assessment.need != Need.NOT_NEEDED]
    notices = list(result.notices)
    if len(told) > MOST_SENTENCES:
        notices.insert(
            0,
            f"Only the first {MOST_SENTENCES} of {len(told)} sentences are told; send the text behind sentence "
            f"{told[MOST_SENTENCES - 1].number} in another call.",
        )
    if len(result.references) > _MOST_REFERENCES:
        notices.insert(0, f"Only the first {_MOST_REFERENCES} of {len(result.references)} references are told.")
    return CiteAnswer(
        sentences=[_sentence(report) for report in told[:MOST_SENTENCES]],
        not_needed=len(result.sentences) - len(told),
        references=[_reference(reference) for reference in result.references[:_MOST_REFERENCES]],
        notices=notices_of(notices),
        generation=result.generation,
    )


def _sentence(report: SentenceReport) -> Sentence:
    return Sentence(
        n=report.number,
        text=clip(report.text, _LONGEST),
        need=report.assessment.need,
        reason=clip(report.assessment.reason, _LONGEST),
        cited=[_existing(paper) for paper in report.cited[:_MOST_PAPERS]],
        papers=[_proposed(paper) for paper in report.papers[:_MOST_PAPERS]],
    )


def _proposed(paper: FoundPaper) -> Proposed:
    return Proposed(
        id=paper.article.id,
        citation=citation_line(paper.article),
        year=paper.article.year,
        url=pubmed_url(paper.article),
        integrity=paper.integrity.status,
        usable=paper.usable,
        verdict=paper.judgement.verdict,
        support=round(paper.judgement.support, 3),
        evidence=_span(paper.judgement),
    )


def _existing(paper: CitedPaper) -> Existing:
    known = paper.resolution.found if paper.resolution else None
    return Existing(
        key=clip(paper.key, _LONGEST),
        id=known.article.id if known else None,
        integrity=known.integrity.status if known else None,
        verdict=paper.judgement.verdict if paper.judgement else None,
        evidence=_span(paper.judgement) if paper.judgement else None,
        problem=clip(paper.problem, _LONGEST),
    )


def _reference(reference: CheckedReference) -> ListedReference:
    known = reference.resolution.found if reference.resolution else None
    return ListedReference(
        label=clip(reference.label, _LONGEST),
        id=known.article.id if known else None,
        integrity=known.integrity.status if known else None,
        problem=clip(reference.problem, _LONGEST),
    )


def _span(judgement: Judgement) -> Quoted | None:
    return quoted(judgement.evidence) if judgement.evidence else None
