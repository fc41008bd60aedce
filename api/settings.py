"""Everything about the server that an operator may choose."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

ApiKey = Annotated[SecretStr, Field(min_length=16)]


class ApiSettings(BaseModel):
    """Plain values, read from the environment elsewhere and passed in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every network of the machine.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes any free one.")
    api_keys: tuple[ApiKey, ...] = Field(
        (), description="Keys that open /v1, each of 16 characters or more; none at all lets everybody in."
    )
    max_concurrent_searches: int = Field(4, ge=1, description="Searches that run at once; best the number of cores.")
    max_waiting_searches: int = Field(32, ge=0, description="Searches that wait for their turn before others get 503.")
    max_concurrent_answers: int = Field(4, ge=1, description="Answers that are written at once.")
    max_waiting_answers: int = Field(16, ge=0, description="Answers that wait for their turn before others get 503.")
    max_body_bytes: int = Field(1_048_576, ge=1, description="Longest request body, in bytes.")
    max_image_bytes: int = Field(20 * 1024 * 1024, ge=1, description="Largest image file that may be asked with.")
    max_image_pixels: int = Field(50_000_000, ge=1, description="Most pixels of an image that is asked with.")
    max_slide_bytes: int = Field(
        0, ge=0, description="Largest whole slide that may be uploaded, in bytes; 0 takes none."
    )
    slide_timeout_s: float = Field(600.0, gt=0, description="Seconds within which a slide must have arrived.")
    body_timeout_s: float = Field(10.0, gt=0, description="Seconds within which a request's body must have arrived.")
    watch_every_s: float = Field(1.0, gt=0, description="Seconds between looks for a newly published generation.")
    mcp_hosts: tuple[str, ...] = Field(
        (),
        description="Names by which MCP clients reach /mcp beside localhost and this machine's: search.example.org.",
    )
    top_up: bool = Field(
        False,
        description="Let a search ask PubMed for articles that the index lacks, where its request says so; its words "
        "then leave this machine for NCBI.",
    )
