"""What each tool takes. Language models read these descriptions: they say when to use a field and when not."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from retrieval.answer.answerer import MOST_SENTENCES
from retrieval.errors import InputError
from retrieval.image.asking import Part
from retrieval.records import Filters, IntegrityPolicy

MOST_HITS: Final = 20
MOST_CLAIMED: Final = 10
LONGEST_DRAFT: Final = 20_000
_LONGEST_QUESTION: Final = 2_000
_DATA_URL: Final = re.compile(r"data:image/[A-Za-z0-9.+-]{1,40};base64,")

_Year = Annotated[int, Field(ge=1, le=9999)]
_Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=10)]
_Id = Annotated[str, Field(min_length=1, max_length=500)]


class Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Bounded(Arguments):
    year_from: _Year | None = Field(None, description="Only articles of this year or later.", examples=[2015])
    year_to: _Year | None = Field(None, description="Only articles of this year or earlier.", examples=[2024])
    organs: _Names = Field(
        [],
        description="Only articles on one of these organs: lung, breast, colorectum and others.",
        examples=[["lung"]],
    )
    species: _Names = Field(
        [], description="Only articles on one of these: human, animal, mouse and others.", examples=[["human"]]
    )
    study_types: _Names = Field(
        [],
        description="Only such studies: case report, review, meta-analysis and others. Leave it out unless the user "
        "asks for a kind of study.",
        examples=[["meta-analysis", "review"]],
    )

    def filters(self, integrity: IntegrityPolicy = IntegrityPolicy.EXCLUDE) -> Filters:
        return Filters(
            year_from=self.year_from,
            year_to=self.year_to,
            organs=tuple(self.organs),
            species=tuple(self.species),
            study_types=tuple(self.study_types),
            integrity=integrity,
        )


class SearchArguments(_Bounded):
    query: str = Field(
        min_length=1,
        max_length=_LONGEST_QUESTION,
        description='A question or keywords in English. "Words in a row", -without and field:value (title, mesh, '
        "author, journal, doi, pmid and others) are conditions; use them only where the user gave such conditions.",
        examples=[
            "markers that separate lung adenocarcinoma from squamous cell carcinoma",
            'PD-L1 "combined positive score"',
        ],
    )
    limit: int = Field(5, ge=1, le=MOST_HITS, description="How many articles at most. 5 is enough for most questions.")
    include_retracted: bool = Field(
        False,
        description="Show retracted and withdrawn articles as well, labelled. Only for questions about retractions "
        "themselves; such an article never supports a claim.",
    )

    @property
    def policy(self) -> IntegrityPolicy:
        return IntegrityPolicy.LABEL if self.include_retracted else IntegrityPolicy.EXCLUDE


class ImageArguments(_Bounded):
    image_base64: str = Field(
        min_length=1,
        description="The image file (PNG, JPEG, TIFF, WEBP) in base64, bare or as a data: URL. Addresses and paths are "
        "not taken. Never invent this value: without an image use search_literature.",
    )
    words: str = Field(
        "", max_length=_LONGEST_QUESTION, description="What the user asks or reports about the image, if anything."
    )
    region: str = Field("", max_length=100, description='A box in pixels, "x,y,w,h".', examples=["0,0,512,512"])
    region_text: str = Field(
        "", max_length=200, description="Which part of the image is meant, in words.", examples=["glands"]
    )
    limit: int = Field(5, ge=1, le=MOST_HITS, description="How many articles at most.")

    @property
    def part(self) -> Part:
        return Part(self.region, self.region_text)


class ArticleArguments(Arguments):
    id: _Id = Field(
        description="A PMID, or the id of a search result.", examples=["29952771", "pmid:29952771", "scifact:4983"]
    )


class CiteArguments(Arguments):
    text: str = Field(
        min_length=1,
        max_length=LONGEST_DRAFT,
        description="A sentence, a paragraph or a draft, as it is written. Send the text itself, not a question "
        "about it.",
        examples=["TTF-1 marks lung adenocarcinoma. p40 marks squamous cells."],
    )
    per_sentence: int = Field(3, ge=1, le=5, description="How many articles to propose for a sentence.")


class VerifyArguments(Arguments):
    claim: str = Field(
        min_length=1,
        max_length=_LONGEST_QUESTION,
        description="One statement that can be true or false, complete in itself: no pronouns that refer elsewhere.",
        examples=["p40 is more specific than p63 for squamous cell carcinoma of the lung."],
    )
    ids: list[_Id] = Field(
        [],
        max_length=MOST_CLAIMED,
        description="The articles to hold it against: PMIDs or ids of search results. Leave it out to hold it against "
        "the five best matching articles.",
        examples=[["29952771"], []],
    )


class AnswerArguments(_Bounded):
    question: str = Field(
        min_length=1,
        max_length=_LONGEST_QUESTION,
        description="One question that stands alone: put what it refers to into it.",
        examples=["Which immunohistochemical markers separate lung adenocarcinoma from squamous cell carcinoma?"],
    )
    image_base64: str = Field(
        "", description="An image that the question is about, in base64. Leave it out where there is none."
    )
    sentences: int = Field(6, ge=1, le=MOST_SENTENCES, description="How many sentences at most.")


def image_bytes(text: str, *, field: str = "image_base64", most_bytes: int | None = None) -> bytes:
    """The bytes of base64, bare or as a data: URL. InputError for anything else; nothing is ever fetched."""
    start = _DATA_URL.match(text)
    coded = "".join((text[start.end() :] if start else text).split())
    if not start and re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        raise InputError(
            f"{field}: an address is not fetched; send the image itself in base64, as in data:image/png;base64,iVBOR..."
        )
    if most_bytes is not None and len(coded) > (most_bytes + 2) // 3 * 4:
        raise InputError(f"{field}: the image is larger than {most_bytes:,} bytes; send a smaller one")
    try:
        data = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InputError(f"{field}: this is not base64; send the image file in base64") from exc
    if not data:
        raise InputError(f"{field}: the image is empty")
    return data
