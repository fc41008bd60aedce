"""Whole slides as questions: opened safely, read at a chosen scale, told by a few representative tiles of tissue."""

from retrieval.image.slides.notice import Notice
from retrieval.image.slides.reading import Embed, Progress, SlideReading, SlideRegion, read_slide_regions
from retrieval.image.slides.representatives import representatives
from retrieval.image.slides.slide import Slide, SlideFacts
from retrieval.image.slides.thumbnail import thumbnail_png
from retrieval.image.slides.tiles import TilePlan, plan_tiles, read_tiles
from retrieval.image.slides.tissue import tissue_mask

__all__ = [
    "Embed",
    "Notice",
    "Progress",
    "Slide",
    "SlideFacts",
    "SlideReading",
    "SlideRegion",
    "TilePlan",
    "plan_tiles",
    "read_slide_regions",
    "read_tiles",
    "representatives",
    "thumbnail_png",
    "tissue_mask",
]
