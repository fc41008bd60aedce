"""From a phrase such as "glands" to the part of the image that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from retrieval.errors import InputError
from retrieval.image.picture import Pixels
from retrieval.image.regions import glands, methods
from retrieval.image.regions.box import Box
from retrieval.image.regions.categories import Category, Method, find_category
from retrieval.image.regions.stains import Mask, at_scale, is_flat, to_size

_MOST_BOXES: Final = 8
_SMALLEST_BOX: Final = 0.001
"""Share of the image."""
_SMALLEST_SIDE: Final = 64
_LARGEST_WORKING_SIDE: Final = 1024
_SURE_ROUNDNESS: Final = 0.65
_SURE_SHARE: Final = (0.25, 0.9)
"""Of an image with glands; on lung without any, less was marked."""
_BRIGHT: Final = 200
"""Mean grey level from which a blank image is taken for glass."""
_WHITE: Final = 255


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The part of an image that a phrase names; `mask` has the image's height and width."""

    mask: Mask
    category: Category
    share: float
    """Of the image, from 0 to 1."""
    boxes: tuple[Box, ...]
    """Around the largest connected parts, largest first."""
    notices: tuple[str, ...]


def segment(pixels: Pixels, text: str, mpp: float | None = None) -> Region:
    """Mark what `text` names; `mpp` is microns per pixel, without which the image is taken for one at 200 to 400 times.

    InputError: the phrase is unknown (it lists the known ones), or mpp is not positive.
    """
    category = find_category(text)
    if mpp is not None and not 0 < mpp < float("inf"):
        raise InputError(f"{mpp} microns per pixel is impossible; give a positive number such as 0.25")
    if is_flat(pixels):
        bare = category.method == "background" and float(pixels.mean()) > _BRIGHT
        mask = np.full(pixels.shape[:2], bare, dtype=np.bool_)
        return _region(mask, category, ("the image is blank: nothing in it can be told apart",))
    notices: list[str] = []
    if min(pixels.shape[:2]) < _SMALLEST_SIDE:
        height, width = pixels.shape[:2]
        notices.append(f"the image has only {width} x {height} pixels; the region is a guess")
    if mpp is not None and mpp > category.coarsest:
        notices.append(
            f"at {mpp:g} microns per pixel {category.name} can hardly be seen; use {category.coarsest:g} or finer"
        )
    mask = _found(pixels, category.method, mpp, notices)
    if not mask.any():
        notices.append(f"no {category.name} found")
    return _region(mask, category, tuple(notices))


def masked(pixels: Pixels, region: Region) -> Pixels:
    """The image to ask with: white outside the region, cropped to it. InputError where the region is empty."""
    if region.mask.shape != pixels.shape[:2]:
        raise InputError(f"a region of {region.mask.shape} pixels (height, width) cannot mark {pixels.shape[:2]}")
    if not region.mask.any():
        raise InputError(f"the image shows no {region.category.name}; ask for another region or for the whole image")
    rows, columns = (np.flatnonzero(region.mask.any(axis=axis)) for axis in (1, 0))
    place = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.where(region.mask[place][..., None], pixels[place], np.uint8(_WHITE)).astype(np.uint8)


def _found(pixels: Pixels, method: Method, mpp: float | None, notices: list[str]) -> Mask:
    if method in ("glands", "stroma"):
        small = at_scale(pixels, _factor(pixels, mpp, glands.SCALE_MPP, 256))
        found, roundness = glands.gland_mask(small)
        if roundness < _SURE_ROUNDNESS or not _SURE_SHARE[0] <= found.mean() <= _SURE_SHARE[1]:
            notices.append("few round glands here: what is marked may be something else; only round ones are known")
        if method == "stroma":
            found = methods.tissue_mask(small, small_gap=100) & ~found
        return to_size(found, pixels.shape[:2])
    small = at_scale(pixels, _factor(pixels, mpp, methods.SCALE_MPP, 512))
    match method:
        case "nuclei":
            found = methods.nuclei_mask(small)
        case "dense nuclei":
            found = methods.dense_nuclei_mask(small)
        case "fat":
            found = methods.fat_mask(small)
        case "brown":
            found = methods.brown_mask(small)
        case "background":
            found = ~methods.tissue_mask(small)
        case _:
            found = methods.tissue_mask(small)
    return to_size(found, pixels.shape[:2])


def _factor(pixels: Pixels, mpp: float | None, wanted_mpp: float, usual_side: int) -> float:
    """How much smaller the working copy is: as fine as the method wants it, never larger than time allows."""
    side = float(np.sqrt(pixels.shape[0] * pixels.shape[1]))
    factor = usual_side / side if mpp is None else mpp / wanted_mpp
    return min(1.0, factor, _LARGEST_WORKING_SIDE / side)


def _region(mask: Mask, category: Category, notices: tuple[str, ...]) -> Region:
    labels, _ = ndimage.label(mask)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    places = ndimage.find_objects(labels)
    largest = [label for label in np.argsort(-areas, kind="stable") if areas[label] >= _SMALLEST_BOX * mask.size]
    boxes = [
        Box(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        for rows, columns in (places[label - 1] for label in largest[:_MOST_BOXES] if label)
    ]
    return Region(mask, category, float(mask.mean()), tuple(boxes), notices)
