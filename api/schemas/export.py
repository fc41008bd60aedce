"""What an export may ask for."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from api.schemas.request import RequestModel
from retrieval.citations import FORMATS, STYLES, FormatName, StyleName

MOST_IN_A_REQUEST: Final = 200

_Format = Annotated[
    FormatName,
    Field(description="; ".join(f"`{found.name}` for {found.made_for}" for found in FORMATS.values()) + "."),
]
_Style = Annotated[StyleName, Field(description=f"Of `text` alone: {', '.join(f'`{style}`' for style in STYLES)}.")]
_Identifier = Annotated[str, Field(min_length=1, max_length=500)]


class ExportRequest(RequestModel):
    """Which articles, and in which format."""

    ids: Annotated[list[_Identifier], Field(min_length=1, max_length=MOST_IN_A_REQUEST)] = Field(
        description="PMIDs or other ids, as `GET /v1/articles/{id}` takes them; one that is named twice is exported "
        "once.",
        examples=[["29952771", "pmid:30582154"]],
    )
    format: _Format = "ris"
    style: _Style = "vancouver"


class CitationParameters(RequestModel):
    """The same for one article, as a link."""

    format: _Format = "ris"
    style: _Style = "vancouver"
