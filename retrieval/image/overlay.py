"""Shows on the image itself what a region covers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from retrieval.errors import InputError
from retrieval.image.picture import Pixels
from retrieval.image.regions import Box

Colour = tuple[int, int, int]

GREEN: Final[Colour] = (0, 158, 115)
"""Rare in stained tissue, and told from its red and violet by the colour-blind (Okabe & Ito's bluish green)."""

_TINT: Final = 0.3
_INK: Final[Colour] = (255, 255, 255)


def overlay_png(
    pixels: Pixels, mask: npt.NDArray[np.bool_], colour: Colour = GREEN, boxes: Sequence[Box] = ()
) -> bytes:
    """A PNG without metadata: the region tinted and outlined, boxes numbered from 1 in their order.

    InputError where mask and image differ in size. Boxes may reach over the edge; what lies outside is cut off.
    """
    if mask.shape != pixels.shape[:2]:
        raise InputError(f"a mask of {mask.shape} pixels (height, width) does not fit an image of {pixels.shape[:2]}")
    width = max(1, round(min(pixels.shape[:2]) / 256))
    painted = pixels.astype(np.float32)
    ink = np.array(colour, dtype=np.float32)
    painted[mask] = (1 - _TINT) * painted[mask] + _TINT * ink
    # Inside the region, so that even one of a single pixel has an outline; not along the edge of the image.
    painted[mask & ~ndimage.binary_erosion(mask, iterations=width, border_value=1)] = ink
    image = Image.fromarray(np.rint(painted).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(10, 12 * width))
    for number, box in enumerate(boxes, start=1):
        corners = (box.x, box.y, box.x + box.width - 1, box.y + box.height - 1)
        draw.rectangle(corners, outline=colour, width=width)
        label = draw.textbbox((box.x + 2 * width, box.y + width), str(number), font=font)
        draw.rectangle((box.x, box.y, label[2] + width, label[3] + width), fill=colour)
        draw.text((box.x + 2 * width, box.y + width), str(number), fill=_INK, font=font)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
