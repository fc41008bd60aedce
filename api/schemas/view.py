"""What all views share: they are read from records by attribute, and an unknown value is null, never ""."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from retrieval.records import LOCAL_PMID_FLOOR, Article, IntegrityStatus

INVENTED_PMID_FLOOR: Final = 900_000_000
"""PMIDs from here up belong to demonstration articles, which PubMed does not have."""

Text = Annotated[str | None, BeforeValidator(lambda value: value or None)]
"""A text of the record, null where the record has none."""


class View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


class FindingView(View):
    """One thing that one source says about an article's standing."""

    status: IntegrityStatus
    source: str = Field(
        description="`PubMed CommentsCorrections`, `PubMed publication type`, `title`, or the origin of imported "
        "notices, such as `Retraction Watch`."
    )
    reason: str = Field(examples=["RetractionIn 31540000"])
    date: Text = Field(description="When it was announced, as precise as is known.", examples=["2004-03"])
    notice_pmid: int | None = Field(description="The record that announces it.")
    notice_doi: Text
    paper_pmid: int | None = Field(description="Where this article is itself a notice: the article it is about.")
    paper_doi: Text
    lifted: bool = Field(description="Whether a later reinstatement took it back, so that it no longer counts.")


class IntegrityView(View):
    """What is known against, or about, an article's standing: its gravest finding, and all of them."""

    status: IntegrityStatus = Field(
        description="`retracted`, `withdrawn`, `expression_of_concern`, `corrected`, `republished` elsewhere, "
        "`updated` by a newer version, or `ok`; for an article that announces this of another one "
        "`retraction_notice`, `concern_notice` or `erratum_notice`."
    )
    reasons: list[str] = Field(
        description="Where this was learnt.", examples=[["publication type Retracted Publication"]]
    )
    related_pmids: list[int] = Field(
        description="The notices about this article or, for a notice, the articles that it is about.",
        examples=[[31540000]],
    )
    findings: list[FindingView] = Field(description="Everything that was found, gravest first.")


def shown_pmid(article: Article) -> int | None:
    return article.pmid if article.pmid < LOCAL_PMID_FLOOR else None


def pubmed_url(article: Article) -> str | None:
    """The article's page at PubMed; None for local and demonstration articles, which have none."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{article.pmid}/" if article.pmid < INVENTED_PMID_FLOOR else None
