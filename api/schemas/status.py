"""What the server says of itself and of the generation that it serves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.view import Text, View
from retrieval.freshness import Freshness
from retrieval.index.manifest import Manifest


class HealthResponse(View):
    status: Literal["ok"] = "ok"


class EncoderView(View):
    """The encoder that gave the articles, and gives the queries, their vectors."""

    name: str = Field(examples=["all-MiniLM-L6-v2"])
    revision: str = Field(description="Commit of the model hub, or the start of the weights' SHA-256.")
    dimension: int = Field(description="Length of a vector.", examples=[384])
    licence: str = Field(examples=["Apache-2.0"])


class AnalyzerView(View):
    """What turns text into the terms of the lexical leg."""

    fingerprint: str
    stemmer: str


class Counts(View):
    """What this process did since it started."""

    searches: int = Field(description="Searches that were answered.")
    answers: int = Field(description="Questions that were answered, abstentions among them.")
    errors: int = Field(description="Requests that failed on the server's side (status 500 and above).")


class StatusResponse(View):
    """The generation in service, and how fresh it is."""

    version: str = Field(description="Version of pathlit.", examples=["0.1.0"])
    generation: str = Field(examples=["000042"])
    created: str = Field(description="When it was built: UTC, ISO 8601.", examples=["2026-03-01T04:05:06+00:00"])
    source: Text = Field(description="The newest source that went into it.", examples=["pubmed26n1512.xml.gz"])
    source_date: Text = Field(description="ISO date of that source.", examples=["2026-11-20"])
    age_days: float = Field(
        description="Days since the date of that source or, where it is not known, since the build.", examples=[1.3]
    )
    stale: bool = Field(description="Whether that is longer than this server's operator allows.")
    freshness: str = Field(
        description="The same for people.",
        examples=["current to PubMed file 1512 (pubmed26n1512.xml.gz), 20 November 2026; 1 day old"],
    )
    warnings: list[str] = Field(description="What the operator should see to; empty where all is well.", examples=[[]])
    articles: int
    integrity: dict[str, int] = Field(
        description="How many of its articles have which standing, as far as its build counted them.",
        examples=[{"retracted": 214, "corrected": 3120}],
    )
    vectors: int
    encoder: EncoderView | None = Field(description="Null for a generation that is searched by words alone.")
    analyzer: AnalyzerView
    counts: Counts


def status_view(manifest: Manifest, fresh: Freshness, *, version: str, counts: Counts) -> StatusResponse:
    return StatusResponse(
        version=version,
        generation=manifest.generation,
        created=manifest.created,
        source=fresh.source,
        source_date=fresh.source_date,
        age_days=round(fresh.age_days, 2),
        stale=fresh.stale,
        freshness=fresh.sentence,
        warnings=[f"The index is stale: {fresh.sentence}."] if fresh.stale else [],
        articles=manifest.articles,
        integrity=manifest.integrity,
        vectors=manifest.vectors,
        encoder=EncoderView.model_validate(manifest.encoder) if manifest.encoder else None,
        analyzer=AnalyzerView(fingerprint=manifest.analyzer, stemmer=manifest.stemmer),
        counts=counts,
    )
