"""Parts of an image to ask with: a box, or what a phrase such as "glands" names; classical, fitted to no data set."""

from retrieval.image.regions.agreement import dice, iou
from retrieval.image.regions.box import Box, crop, parse_box
from retrieval.image.regions.categories import Category, categories, find_category, read_categories
from retrieval.image.regions.segment import Region, masked, segment
from retrieval.image.regions.stains import Mask

__all__ = [
    "Box",
    "Category",
    "Mask",
    "Region",
    "categories",
    "crop",
    "dice",
    "find_category",
    "iou",
    "masked",
    "parse_box",
    "read_categories",
    "segment",
]
