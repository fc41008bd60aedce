"""What a search by image may ask for, and what it answers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from api.schemas.request import RequestModel, SearchFilters
from api.schemas.search import FoundView, LegView, found_fields
from api.schemas.view import Text, View
from retrieval.image.asking import Part
from retrieval.image.concepts import SeenConcept
from retrieval.image.records import ImageHit, ImageQuery, ImageResult
from retrieval.image.slide_search import SlideResult
from retrieval.query import LONGEST_QUERY
from retrieval.search import LONGEST_RESULT

_LONGEST_LIST: Final = 100_000


class ImageSearchRequest(RequestModel):
    """An image, or a part of it, and what goes with it."""

    image_base64: str = Field(
        "", description="The file (PNG, JPEG, TIFF, WEBP) in base64; in a form, send it as the file `image`."
    )
    words: str = Field("", max_length=LONGEST_QUERY, description="A question or a report that goes with the image.")
    genes: str = Field(
        "",
        max_length=_LONGEST_LIST,
        description="Expressed genes: symbols, each with its fold change where that is known.",
        examples=["ERBB2:4.1, KRT5 -3.0"],
    )
    image_weight: float = Field(
        0.5, ge=0, le=1, description="Share of the image beside words and genes: 0 is these alone, 1 the image alone."
    )
    limit: Annotated[int, Field(strict=True)] = Field(10, ge=1, le=LONGEST_RESULT, description="How many hits at most.")
    filters: SearchFilters = Field(SearchFilters(), description="Conditions that every hit meets.")
    region: str = Field("", max_length=100, description='A box in pixels, "x,y,w,h".', examples=["0,0,512,512"])
    region_text: str = Field(
        "", max_length=200, description="What of the image is meant, in words; `GET /v1/image/regions` lists them."
    )
    mpp: float | None = Field(None, gt=0, le=100, description="Microns per pixel, where known.")
    expand: Annotated[bool, Field(strict=True)] = Field(True, description="Search names by their synonyms as well.")

    def to_query(self) -> ImageQuery:
        return ImageQuery(
            words=self.words,
            genes=self.genes,
            image_weight=self.image_weight,
            limit=self.limit,
            filters=self.filters.to_filters(),
            expand=self.expand,
        )

    def to_part(self) -> Part:
        return Part(self.region, self.region_text, self.mpp)


class FigureView(View):
    id: str = Field(examples=["PMC123.1:fig2"])
    label: Text = Field(examples=["Figure 2"])
    caption: Text
    license_code: Text = Field(examples=["CC BY"])


class ReasonView(View):
    """What brought a hit."""

    kind: str = Field(
        description="title, sentence, caption, figure, concept, words, genes or together.", examples=["concept"]
    )
    text: str = Field(examples=['lung adenocarcinoma (91%): the article names "lung" and "adenocarcinoma"'])
    share: float = Field(description="Of the hit's score.", examples=[0.55])
    start: int | None = Field(description="Of a title or sentence: its place in `title` or `abstract`.")
    end: int | None
    figure: FigureView | None


class ConceptView(View):
    """What the image may show."""

    name: str = Field(examples=["lung adenocarcinoma"])
    kind: str = Field(examples=["entity"])
    probability: float = Field(description="Among the concepts of its kind, calibrated.", examples=[0.91])


class RegionCategoryView(View):
    """Something in an image that words can point at."""

    name: str = Field(examples=["glands"])
    also: list[str] = Field(description="Other words for it.", examples=[["gland", "glandular epithelium"]])
    means: str = Field(description="What exactly is marked.")
    checked: str = Field(description="How it was checked that this works.")


class RegionCategoriesResponse(View):
    categories: list[RegionCategoryView]


class GateFindingView(View):
    """What was noticed about the image itself."""

    kind: str = Field(examples=["blurred"])
    severity: str = Field(examples=["warning"])
    measure: float
    limit: float
    message: str


class ImageHitView(FoundView):
    rank: int = Field(description="1 is best.", examples=[1])
    score: float = Field(description="The fused score, comparable within one answer.", examples=[0.91])
    legs: dict[str, LegView] = Field(
        description="`texts`, `figures`, `concepts`, `words`, `genes`, `together`: those that found it."
    )
    reasons: list[ReasonView] = Field(description="Greatest share first.")


class SlideRegionView(View):
    box: str = Field(description='In pixels of the full resolution, "x,y,w,h".')
    weight: float = Field(description="Share of the tissue that it stands for.")
    concepts: list[ConceptView]


class ImageSearchResponse(View):
    hits: list[ImageHitView]
    confident: bool = Field(description="False where nothing known is more likely than not in the image.")
    concepts: list[ConceptView] = Field(description="Likeliest first, three of each kind.")
    query: str = Field(description="The words that the image became.")
    gate: list[GateFindingView] = Field(description="Warnings about the image; one that is refused is an error.")
    notices: list[str]
    encoder: str
    timings_ms: dict[str, float]
    overlay_png: str | None = Field(None, description="Base64: the image with the region or the panels drawn.")
    regions: list[SlideRegionView] = Field([], description="Of a slide: the tiles that it was asked with.")


def concept_view(seen: SeenConcept) -> ConceptView:
    return ConceptView(name=seen.concept.name, kind=seen.concept.kind, probability=seen.probability)


def image_view(
    result: ImageResult,
    *,
    overlay_png: bytes | None = None,
    notices: Sequence[str] = (),
    regions: Sequence[SlideRegionView] = (),
) -> ImageSearchResponse:
    return ImageSearchResponse(
        hits=[_hit(hit) for hit in result.hits],
        confident=result.confident,
        concepts=[concept_view(seen) for seen in result.concepts],
        query=result.query,
        gate=[GateFindingView.model_validate(finding) for finding in result.gate],
        notices=[*notices, *result.notices],
        encoder=result.encoder,
        timings_ms=dict(result.timings_ms),
        overlay_png=base64.b64encode(overlay_png).decode("ascii") if overlay_png else None,
        regions=list(regions),
    )


def slide_view(found: SlideResult) -> ImageSearchResponse:
    regions = [
        SlideRegionView(box=str(region.box), weight=region.weight, concepts=list(map(concept_view, region.concepts)))
        for region in found.regions
    ]
    return image_view(found.result, overlay_png=found.thumbnail, notices=found.notices, regions=regions)


def _hit(hit: ImageHit) -> ImageHitView:
    return ImageHitView.model_validate(
        {
            **found_fields(hit.article, hit.integrity, hit.evidence),
            "rank": hit.rank,
            "score": hit.score,
            "legs": hit.legs,
            "reasons": hit.reasons,
        }
    )
