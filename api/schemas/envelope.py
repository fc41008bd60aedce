"""The one envelope around every successful answer."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Data = TypeVar("Data")


class Meta(BaseModel):
    """What a reader needs to repeat, time or report this answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generation: str | None = Field(
        description="The index generation that the whole answer comes from; null where none was asked.",
        examples=["000042"],
    )
    took_ms: float = Field(description="From the request's arrival to this answer, in milliseconds.", examples=[23.4])
    request_id: str = Field(
        description="The request's own X-Request-ID, or one given by the server; the header of the answer repeats it.",
        examples=["7d7ac1b6f3a94b0f8f2f6a2f8cbb8c3e"],
    )


class Envelope(BaseModel, Generic[Data]):
    """Every successful answer: what was asked for, and about the answer itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Data
    meta: Meta
