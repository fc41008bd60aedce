"""Looking up citations: what may be asked, and what is answered."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from api.schemas.answer import JudgementView, judgement_view
from api.schemas.request import RequestModel, SearchFilters
from api.schemas.search import found_fields
from api.schemas.view import IntegrityView, Text, View, pubmed_url, shown_pmid
from retrieval.citations import cite
from retrieval.lookup.records import (
    LONGEST_TEXT,
    MOST_PAPERS,
    CheckedReference,
    CitedPaper,
    FoundPaper,
    ItemOutcome,
    LookupRequest,
    LookupResult,
    Need,
    SentenceReport,
)
from retrieval.records import IntegrityPolicy
from retrieval.references.parsing import Format
from retrieval.references.records import Resolution, ResolutionStatus

MOST_ITEMS: Final = 50
MOST_TEXT: Final = 200_000
"""Characters of all items together."""
_LONGEST_REFERENCES: Final = 500_000


class LookupItem(RequestModel):
    """A sentence, a paragraph or a draft, and what its markers point at."""

    text: str = Field(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="Plain text, Markdown or LaTeX. Sentences that need a citation are found in it, and markers such "
        "as [3], (Smith 2014), PMID: 123, \\cite{key} read.",
        examples=["TTF-1 separates lung adenocarcinoma from squamous cell carcinoma."],
    )
    references: str = Field(
        "",
        max_length=_LONGEST_REFERENCES,
        description="Where the text brings no list of its own: a list of references, or the content of a .bib, .ris "
        "or .nbib file.",
        examples=["1. PMID: 29952771"],
    )


class LookupRequestBody(RequestModel):
    """One text, or many items, each with an outcome of its own."""

    text: str | None = Field(
        None, min_length=1, max_length=LONGEST_TEXT, description="One text; or give `items`.", examples=[None]
    )
    references: str = Field("", max_length=_LONGEST_REFERENCES, description="Of that text, as of an item.")
    items: Annotated[list[LookupItem], Field(max_length=MOST_ITEMS)] = Field(
        [], description=f"At most {MOST_ITEMS}, with {MOST_TEXT:,} characters of text together."
    )
    references_format: Format = Field("auto", description="How references are written; `auto` tells by itself.")
    papers: Annotated[int, Field(strict=True)] = Field(
        3, ge=1, le=MOST_PAPERS, description="Papers for each sentence, at most; what contradicts it comes on top."
    )
    filters: SearchFilters = Field(
        SearchFilters(),
        description="Conditions for the papers that are looked for. Under `integrity: label` retracted papers are "
        "shown and never support; under `allow` they may.",
    )
    every_sentence: Annotated[bool, Field(strict=True)] = Field(
        False, description="Look up sentences that need no citation, too."
    )
    check_cited: Annotated[bool, Field(strict=True)] = Field(
        True, description="Judge whether the papers that are cited already support their sentences."
    )

    @model_validator(mode="after")
    def _require_one(self) -> LookupRequestBody:
        if (self.text is None) == (not self.items):
            raise ValueError("give either text or items")
        if sum(len(item.text) for item in self.items) > MOST_TEXT:
            raise ValueError(f"the items have more than {MOST_TEXT:,} characters together; send them in parts")
        return self

    def to_requests(self) -> list[LookupRequest]:
        items = self.items if self.text is None else [LookupItem(text=self.text, references=self.references)]
        return [
            LookupRequest(
                text=item.text,
                references=item.references,
                references_format=self.references_format,
                papers=self.papers,
                filters=self.filters.to_filters(),
                every_sentence=self.every_sentence,
                check_cited=self.check_cited,
            )
            for item in items
        ]


class PaperView(View):
    """A paper that was found for a sentence."""

    id: str = Field(examples=["pmid:29952771"])
    pmid: int | None
    title: Text
    citation: str = Field(description="How to cite it, in NLM style, on one line.")
    year: int | None
    doi: Text
    pmcid: Text
    url: str | None
    integrity: IntegrityView
    judgement: JudgementView
    rank: int = Field(description="Among the hits of the search; 1 is best.")
    score: float = Field(description="The search's own score.")
    usable: bool = Field(description="False for one that must not be relied on; it then supports nothing.")


class ResolvedView(View):
    """The record that a reference turned out to be."""

    id: str = Field(examples=["pmid:29952771"])
    pmid: int | None
    title: Text
    citation: str
    doi: Text
    url: str | None
    integrity: IntegrityView


class ResolutionView(View):
    """What became of one reference."""

    status: ResolutionStatus
    how: Text = Field(description="What found it: `pmid`, `doi`, `pmcid`, `id`, `title` or `citation`.")
    score: float = Field(description="How well the record fits the reference, 0 to 1.")
    article: ResolvedView | None
    candidates: list[ResolvedView] = Field(description="What it may mean instead, best first.")
    reason: Text = Field(description="Why it was not resolved.")
    differences: list[str] = Field(description="Where the reference says something else than the record.")


class CitedView(View):
    """A reference that the sentence cites already."""

    key: str = Field(description="As its marker names it.", examples=["12"])
    resolution: ResolutionView | None
    judgement: JudgementView | None = Field(description="Null where it did not resolve, or was not to be judged.")
    usable: bool
    problem: Text = Field(description="What is wrong with it; null for a sound one that supports the sentence.")


class MarkerView(View):
    kind: Literal["number", "author_year", "key", "identifier"]
    text: str = Field(examples=["[12,13]"])
    start: int
    end: int
    keys: list[str] = Field(examples=[["12", "13"]])


class SentenceView(View):
    """One sentence: characters `start` to `end` of the text."""

    number: int
    text: str
    start: int = Field(description="Offset of the first character, counted in Unicode code points.")
    end: int
    claim: str = Field(description="What was looked up: the sentence without markers and mark-up.")
    section: Text = Field(description="METHODS, RESULTS, LITERATURE, CONCLUSIONS or BACK_MATTER, where headings tell.")
    need: Need = Field(description="`needed`, `cited` already, or `not_needed`.")
    reason: str = Field(examples=["It says how common something is and gives a number."])
    cues: dict[str, float] = Field(description="What spoke for (above 0) and against a citation.")
    markers: list[MarkerView]
    cited: list[CitedView]
    papers: list[PaperView] = Field(
        description="Best first: supporting, partly supporting, contradicting, silent; what must not be relied on last."
    )
    looked_up: bool


class ReferenceView(View):
    """One reference of the list, cited or not."""

    label: str
    raw: str
    resolution: ResolutionView | None
    problem: Text
    cited_by: list[int] = Field(description="Numbers of sentences.")


class LookupResultView(View):
    sentences: list[SentenceView]
    references: list[ReferenceView]
    notices: list[str]
    policy: IntegrityPolicy
    models: dict[str, str]
    timings_ms: dict[str, float]


class ItemErrorView(View):
    code: str = Field(examples=["invalid_input"])
    message: str


class OutcomeView(View):
    """A result, or an error of its own: one of them is null."""

    index: int
    result: LookupResultView | None
    error: ItemErrorView | None


class LookupResponse(View):
    """One outcome for each item, in their order."""

    items: list[OutcomeView]


def outcome_view(outcome: ItemOutcome) -> OutcomeView:
    return OutcomeView(
        index=outcome.index,
        result=result_view(outcome.result) if outcome.result else None,
        error=ItemErrorView.model_validate(outcome.error) if outcome.error else None,
    )


def result_view(result: LookupResult) -> LookupResultView:
    return LookupResultView(
        sentences=[_sentence(sentence) for sentence in result.sentences],
        references=[_reference(reference) for reference in result.references],
        notices=list(result.notices),
        policy=result.policy,
        models=dict(result.models),
        timings_ms=dict(result.timings_ms),
    )


def _sentence(sentence: SentenceReport) -> SentenceView:
    return SentenceView(
        number=sentence.number,
        text=sentence.text,
        start=sentence.start,
        end=sentence.end,
        claim=sentence.claim,
        section=sentence.section,
        need=sentence.assessment.need,
        reason=sentence.assessment.reason,
        cues=dict(sentence.assessment.cues),
        markers=[MarkerView.model_validate(marker) for marker in sentence.markers],
        cited=[_cited(paper) for paper in sentence.cited],
        papers=[_paper(paper) for paper in sentence.papers],
        looked_up=sentence.looked_up,
    )


def _paper(paper: FoundPaper) -> PaperView:
    fields = found_fields(paper.article, paper.integrity, ())
    shared: dict[str, Any] = {name: fields[name] for name in PaperView.model_fields if name in fields}
    return PaperView(
        **shared,
        judgement=judgement_view(paper.judgement),
        rank=paper.rank,
        score=paper.score,
        usable=paper.usable,
    )


def _cited(paper: CitedPaper) -> CitedView:
    return CitedView(
        key=paper.key,
        resolution=_resolution(paper.resolution) if paper.resolution else None,
        judgement=judgement_view(paper.judgement) if paper.judgement else None,
        usable=paper.usable,
        problem=paper.problem,
    )


def _reference(reference: CheckedReference) -> ReferenceView:
    return ReferenceView(
        label=reference.label,
        raw=reference.raw,
        resolution=_resolution(reference.resolution) if reference.resolution else None,
        problem=reference.problem,
        cited_by=list(reference.cited_by),
    )


def _resolution(resolution: Resolution) -> ResolutionView:
    def shown(found: Any) -> ResolvedView:
        article = found.article
        return ResolvedView(
            id=article.id,
            pmid=shown_pmid(article),
            title=article.title,
            citation=cite(article),
            doi=article.doi,
            url=pubmed_url(article),
            integrity=IntegrityView.model_validate(found.integrity),
        )

    return ResolutionView(
        status=resolution.status,
        how=resolution.how,
        score=resolution.score,
        article=shown(resolution.found) if resolution.found else None,
        candidates=[shown(candidate.found) for candidate in resolution.candidates],
        reason=resolution.reason,
        differences=list(resolution.differences),
    )
