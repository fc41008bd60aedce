"""Takes compound figures apart along their gutters: straight lines of one colour from edge to edge.

A recursive cut along rows and columns (Nagy & Seth, Hierarchical representation of optically scanned documents, ICPR
1984). Empty glass in a photograph is as white as a gutter, but its edges are ragged: a gutter begins and ends at once
along its whole length.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from retrieval.image.picture import Pixels
from retrieval.image.regions import Box

_SAME_GREEN: Final = 16
_SAME_COLOUR: Final = 40
"""Grey levels by which JPEG may change a gutter: green stands for brightness, which it keeps better than colour."""
_GREYISH: Final = 32
_UNIFORM: Final = 0.96
"""Share of a line; the rest is left to a printed panel letter."""
_THINNEST: Final = 2
_EDGE: Final = 3
"""Pixels within which a gutter must end."""
_SHARPER_EDGE: Final = 0.5
_FAINTER_EDGE: Final = 0.3
"""Shares of the length along which the colour changes, at the two sides of a gutter."""
_SAMPLES: Final = 1024
_SMALLEST_SIDE: Final = 24
_SMALLEST_SHARE: Final = 0.01


class _Gutter(NamedTuple):
    start: int
    stop: int


def split_panels(pixels: Pixels) -> list[Box]:
    """The panels of a figure in reading order: by rows, within these by columns; one box where there are no gutters.

    Frames around panels are cut off, leftovers below 24 pixels or 1 % of the image dropped. Never empty.
    """
    height, width = pixels.shape[:2]
    whole = Box(0, 0, width, height)
    panels = [
        box
        for box in _split(pixels, whole)
        if min(box.width, box.height) >= _SMALLEST_SIDE and box.width * box.height >= _SMALLEST_SHARE * width * height
    ]
    return panels or [whole]


def _split(pixels: Pixels, box: Box) -> list[Box]:
    part = pixels[box.y : box.y + box.height, box.x : box.x + box.width]
    rows = _between(_gutters(part), box.height)
    if rows != [(0, box.height)]:
        pieces = [Box(box.x, box.y + start, box.width, stop - start) for start, stop in rows]
    else:
        columns = _between(_gutters(part.transpose(1, 0, 2)), box.width)
        if columns == [(0, box.width)]:
            return [box]
        pieces = [Box(box.x + start, box.y, stop - start, box.height) for start, stop in columns]
    return [panel for piece in pieces for panel in _split(pixels, piece)]


def _between(gutters: list[_Gutter], length: int) -> list[tuple[int, int]]:
    starts = [0, *(gutter.stop for gutter in gutters)]
    stops = [*(gutter.start for gutter in gutters), length]
    return [(start, stop) for start, stop in zip(starts, stops, strict=True) if stop > start]


def _gutters(part: Pixels) -> list[_Gutter]:
    """The horizontal gutters of a part, from top to bottom, frames at its edges among them."""
    length = len(part)
    places = np.linspace(0, part.shape[1] - 1, min(part.shape[1], _SAMPLES)).astype(int)
    lines = part[:, places].astype(np.int16)
    colours = np.median(lines, axis=1)
    uniform = _share(lines, colours, within=True) >= _UNIFORM
    uniform &= np.ptp(colours, axis=1) <= _GREYISH
    found = []
    start = 0
    while start < length:
        if not uniform[start]:
            start += 1
            continue
        stop = start + 1
        while stop < length and uniform[stop] and np.abs(colours[stop] - colours[start]).max() <= _SAME_COLOUR:
            stop += 1
        if stop - start >= _THINNEST and stop - start < length and _ends_at_once(lines, colours, start, stop):
            found.append(_Gutter(start, stop))
        start = stop
    return found


def _ends_at_once(lines: npt.NDArray[np.int16], colours: npt.NDArray[np.floating], start: int, stop: int) -> bool:
    """Whether the lines beside a run differ from it nearly everywhere; at the edge of the image one side will do."""
    colour = colours[(start + stop) // 2][None]
    sides = [lines[max(0, start - _EDGE) : start], lines[stop : stop + _EDGE]]
    changes = sorted(
        float(_share(side, np.repeat(colour, len(side), axis=0), within=False).max()) for side in sides if len(side)
    )
    return changes[0] >= _FAINTER_EDGE and changes[-1] >= _SHARPER_EDGE


def _share(
    lines: npt.NDArray[np.int16], colours: npt.NDArray[np.floating], *, within: bool
) -> npt.NDArray[np.floating]:
    """For each line the share of its pixels within (or beyond) a tolerance of the line's colour."""
    difference = np.abs(lines - colours[:, None])
    near = (difference[..., 1] <= _SAME_GREEN) & (difference.max(axis=2) <= _SAME_COLOUR)
    return np.asarray((near if within else ~near).mean(axis=1))
