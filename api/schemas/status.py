"""What the server says of itself and of the generation that it serves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from api.schemas.view import Text, View
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
    errors: int = Field(description="Requests that failed on the server's side (status 500 and above).")


class StatusResponse(View):
    """The generation in service, and how fresh it is."""

    version: str = Field(description="Version of pathlit.", examples=["0.1.0"])
    generation: str = Field(examples=["000042"])
    created: str = Field(description="When it was built: UTC, ISO 8601.", examples=["2026-03-01T04:05:06+00:00"])
    age_days: float = Field(description="Days since it was built.", examples=[0.8])
    stale: bool = Field(description="Whether it is older than this server's operator allows.")
    source: Text = Field(description="The last source that went into it: what it is current to.")
    articles: int
    vectors: int
    encoder: EncoderView | None = Field(description="Null for a generation that is searched by words alone.")
    analyzer: AnalyzerView
    counts: Counts


def status_view(
    manifest: Manifest, *, version: str, now: datetime, stale_after_days: float, counts: Counts
) -> StatusResponse:
    """`now` has a time zone. A clock that runs behind the builder's gives the age 0, never a negative one."""
    created = datetime.fromisoformat(manifest.created)
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    age_days = max(0.0, (now - created) / timedelta(days=1))
    return StatusResponse(
        version=version,
        generation=manifest.generation,
        created=manifest.created,
        age_days=round(age_days, 2),
        stale=age_days > stale_after_days,
        source=manifest.source,
        articles=manifest.articles,
        vectors=manifest.vectors,
        encoder=EncoderView.model_validate(manifest.encoder) if manifest.encoder else None,
        analyzer=AnalyzerView(fingerprint=manifest.analyzer, stemmer=manifest.stemmer),
        counts=counts,
    )
