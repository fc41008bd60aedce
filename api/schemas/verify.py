"""Verifying claims: what may be asked, and what is answered."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, model_validator

from api.schemas.answer import JudgementView
from api.schemas.request import RequestModel
from api.schemas.view import IntegrityView, View
from retrieval.records import IntegrityPolicy

MOST_CLAIMS: Final = 100
MOST_EVIDENCE: Final = 500_000
"""Characters of all texts together."""
_LONGEST_CLAIM: Final = 2_000
_LONGEST_EVIDENCE: Final = 50_000


class VerifyItem(RequestModel):
    """A claim, and the article or the text that it is checked against."""

    claim: str = Field(
        min_length=1,
        max_length=_LONGEST_CLAIM,
        description="One sentence.",
        examples=["p40 is specific for squamous carcinoma."],
    )
    pmid: Annotated[str | int | None, Field(description="Of an article of the index, or its local id.")] = Field(
        None, examples=[29952771]
    )
    evidence: str | None = Field(
        None, max_length=_LONGEST_EVIDENCE, description="A text in place of an article.", examples=[None]
    )


class VerifyRequest(RequestModel):
    """Claims, each with an outcome of its own."""

    items: Annotated[list[VerifyItem], Field(min_length=1, max_length=MOST_CLAIMS)] = Field(
        description=f"At most {MOST_CLAIMS}, with {MOST_EVIDENCE:,} characters of evidence together."
    )
    integrity: IntegrityPolicy = Field(
        IntegrityPolicy.EXCLUDE,
        description="Under `exclude` and `label` a retracted or withdrawn article supports nothing; under `allow` it "
        "may. Its standing is shown always.",
    )

    @model_validator(mode="after")
    def _require_few(self) -> VerifyRequest:
        if sum(len(item.evidence or "") for item in self.items) > MOST_EVIDENCE:
            raise ValueError(f"the texts have more than {MOST_EVIDENCE:,} characters together; send them in parts")
        return self


class VerifyErrorView(View):
    code: str = Field(examples=["article_not_found"])
    message: str


class VerifyOutcomeView(View):
    """A judgement, or an error of its own: one of them is null."""

    index: int = Field(description="Place of the item in the request, from 0.")
    id: str | None = Field(description="Of the article; null for a text.", examples=["pmid:29952771"])
    integrity: IntegrityView | None = Field(description="Standing of the article; null for a text.")
    usable: bool = Field(description="False for an article that must not be relied on; it then supports nothing.")
    judgement: JudgementView | None
    error: VerifyErrorView | None


class VerifyResponse(View):
    """One outcome for each item, in their order."""

    items: list[VerifyOutcomeView]
    verifier: str = Field(description="Who judged, by which model.")
