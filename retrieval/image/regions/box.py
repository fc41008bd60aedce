"""A rectangle of an image in pixels, as somebody types it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import numpy as np

from retrieval.errors import InputError
from retrieval.image.picture import Pixels

_WHOLE_NUMBER: Final = re.compile("-?[0-9]{1,9}")


class Box(NamedTuple):
    """In pixels; x and y are those of the upper left corner, counted from 0."""

    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"


def parse_box(text: str) -> Box:
    """Read "x,y,width,height". InputError names what is no number, negative or empty."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4:
        raise InputError(f"the box {text!r} has {len(parts)} parts; write x,y,width,height, as in 0,0,256,256")
    for part in parts:
        if not _WHOLE_NUMBER.fullmatch(part):
            raise InputError(f"the box {text!r}: {part!r} is no whole number; write x,y,width,height in pixels")
    box = Box(*(int(part) for part in parts))
    if box.x < 0 or box.y < 0:
        raise InputError(f"the box {text!r} begins at {box.x},{box.y}, outside the image; its corner is 0,0")
    if box.width < 1 or box.height < 1:
        raise InputError(f"the box {text!r} is {box.width} x {box.height} pixels, which is empty; give it an extent")
    return box


def crop(pixels: Pixels, box: Box) -> Pixels:
    """A copy of that part. InputError where the box is not wholly inside: half a region would be searched unnoticed."""
    height, width = pixels.shape[:2]
    outside = box.x < 0 or box.y < 0 or box.x + box.width > width or box.y + box.height > height
    if outside or box.width < 1 or box.height < 1:
        raise InputError(f"the box {box} is empty or not inside the image, which has {width} x {height} pixels")
    return np.ascontiguousarray(pixels[box.y : box.y + box.height, box.x : box.x + box.width])
