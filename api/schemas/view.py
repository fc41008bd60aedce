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


class IntegrityView(View):
    """What is known against, or about, an article's standing."""

    status: IntegrityStatus = Field(
        description="`ok`, `corrected`, `expression_of_concern`, `retracted`, or `retraction_notice`: a notice that "
        "announces the retraction of another article."
    )
    reasons: list[str] = Field(
        description="Where this was learnt.", examples=[["publication type Retracted Publication"]]
    )
    related_pmids: list[int] = Field(
        description="The notices about this article or, for a notice, the articles that it is about.",
        examples=[[31540000]],
    )


def shown_pmid(article: Article) -> int | None:
    return article.pmid if article.pmid < LOCAL_PMID_FLOOR else None


def pubmed_url(article: Article) -> str | None:
    """The article's page at PubMed; None for local and demonstration articles, which have none."""
    return f"https://pubmed.ncbi.nlm.nih.gov/{article.pmid}/" if article.pmid < INVENTED_PMID_FLOOR else None
