"""What goes over the wire. The views are pure functions of records; the command line prints the same ones."""

from api.schemas.answer import AnswerRequest, AnswerResponse, answer_view, event_view
from api.schemas.article import ArticleResponse, article_view
from api.schemas.envelope import Envelope, Meta
from api.schemas.image import (
    ImageSearchRequest,
    ImageSearchResponse,
    RegionCategoriesResponse,
    RegionCategoryView,
    SlideRegionView,
    image_view,
    slide_view,
)
from api.schemas.request import SearchFilters, SearchParameters, SearchRequest
from api.schemas.search import HitView, SearchResponse, search_view
from api.schemas.status import Counts, HealthResponse, StatusResponse, status_view

__all__ = [
    "AnswerRequest",
    "AnswerResponse",
    "ArticleResponse",
    "Counts",
    "Envelope",
    "HealthResponse",
    "HitView",
    "ImageSearchRequest",
    "ImageSearchResponse",
    "Meta",
    "RegionCategoriesResponse",
    "RegionCategoryView",
    "SearchFilters",
    "SearchParameters",
    "SearchRequest",
    "SearchResponse",
    "SlideRegionView",
    "StatusResponse",
    "answer_view",
    "article_view",
    "event_view",
    "image_view",
    "search_view",
    "slide_view",
    "status_view",
]
