"""From the bytes of an image to the views that are searched with: decoded, cut out, checked, divided."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from retrieval.errors import ImageError
from retrieval.image.gate import GateReport, inspect, require_usable
from retrieval.image.overlay import overlay_png
from retrieval.image.panels import split_panels
from retrieval.image.picture import MOST_BYTES, MOST_PIXELS, Picture, Pixels, read_picture
from retrieval.image.records import View
from retrieval.image.regions import Box, Mask, Region, crop, masked, parse_box, segment


class Part(NamedTuple):
    """What of an image is meant; by default all of it."""

    box: str = ""
    """In pixels: "x,y,w,h"."""
    region: str = ""
    """In words: "glands"; within the box where there is one."""
    mpp: float | None = None
    """Microns per pixel, where the asker knows."""


ALL: Final = Part()
_SMALLEST_VIEW: Final = 48
"""Pixels a side: smaller parts show too little."""
_LEAVES_NOTHING_OUT: Final = 0.8


class Asked(NamedTuple):
    views: tuple[View, ...]
    gate: GateReport
    notices: tuple[str, ...] = ()
    overlay: bytes | None = None
    """PNG of the image with the region or the panels drawn, where only a part is asked with."""


def prepare(data: bytes, part: Part = ALL, *, most_bytes: int = MOST_BYTES, most_pixels: int = MOST_PIXELS) -> Asked:
    """ImageError where nothing usable is left, InputError for a box or a region that makes no sense.

    A compound figure, of which no part is named, is asked with panel by panel.
    """
    whole = read_picture(data, most_bytes=most_bytes, most_pixels=most_pixels)
    pixels = crop(whole.pixels, parse_box(part.box)) if part.box else whole.pixels
    if not part.box and not part.region:
        panels = split_panels(pixels)
        if len(panels) > 1 and (asked := _by_panel(whole, panels)) is not None:
            return asked
    report = require_usable(Picture(pixels, part.mpp))
    if not part.region:
        return Asked((View(pixels),), report)
    region = segment(pixels, part.region, part.mpp)
    if not region.mask.any():
        said = " ".join(region.notices)
        raise ImageError("no_region", f"no {region.category.name} can be found in the image. {said}".strip(), measure=0)
    overlay = overlay_png(pixels, region.mask, boxes=region.boxes)
    told = f"Asked with {region.category.name}: {region.share:.0%} of the image."
    return Asked(_of_region(pixels, region), report, (told, *region.notices), overlay)


def _of_region(pixels: Pixels, region: Region) -> tuple[View, ...]:
    """The region's parts, each with what surrounds it in its box; where the boxes leave nothing out, the mask alone.

    Encoders read a part cut out on white as other tissue: of normal crypts cut out like that, half were taken for
    cancer, and none in their boxes.
    """
    boxes = [box for box in region.boxes if min(box.width, box.height) >= _SMALLEST_VIEW]
    area = sum(box.width * box.height for box in boxes)
    if not boxes or area > _LEAVES_NOTHING_OUT * pixels.shape[0] * pixels.shape[1]:
        return (View(masked(pixels, region)),)
    return tuple(View(crop(pixels, box), box.width * box.height / area) for box in boxes)


def _by_panel(whole: Picture, panels: list[Box]) -> Asked | None:
    """None where fewer than two panels show something usable."""
    reports = [inspect(Picture(crop(whole.pixels, box))) for box in panels]
    used = [(box, report) for box, report in zip(panels, reports, strict=True) if not report.refused]
    if len(used) < 2:
        return None
    total = sum(box.width * box.height for box, _ in used)
    views = tuple(View(crop(whole.pixels, box), box.width * box.height / total) for box, _ in used)
    findings = tuple({finding.kind: finding for _, report in used for finding in report.findings}.values())
    left = f" of {len(panels)}; the others show nothing usable" if len(used) < len(panels) else ""
    overlay = overlay_png(whole.pixels, _nothing(whole), boxes=[box for box, _ in used])
    return Asked(
        views,
        GateReport(findings=findings, measures={}),
        (f"A compound figure: asked with {len(used)} panels{left}.",),
        overlay,
    )


def _nothing(picture: Picture) -> Mask:
    return np.zeros(picture.pixels.shape[:2], dtype=bool)
