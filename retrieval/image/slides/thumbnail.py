"""Shows on the slide itself where its regions lie."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from retrieval.errors import InputError
from retrieval.image.overlay import GREEN
from retrieval.image.slides.reading import SlideReading

_LEAST_BOX_PX: Final = 8
_SIDES: Final = (64, 2000)


def thumbnail_png(reading: SlideReading, side: int = 1024) -> bytes:
    """A PNG without metadata, at most `side` px long, with the regions as boxes numbered from 1 in their order."""
    if not _SIDES[0] <= side <= _SIDES[1]:
        raise InputError(f"a thumbnail of {side} pixels: give from {_SIDES[0]} to {_SIDES[1]}")
    image = Image.fromarray(reading.thumbnail)
    image.thumbnail((side, side))
    draw = ImageDraw.Draw(image)
    line = max(1, round(max(image.size) / 512))
    font = ImageFont.load_default(size=7 * line + 5)
    across, down = (made / whole for made, whole in zip(image.size, reading.facts.size, strict=True))
    # The heaviest last, on top of the others where boxes or numbers overlap.
    for number, region in reversed(list(enumerate(reading.regions, start=1))):
        box = region.box
        left, top = round(box.x * across), round(box.y * down)
        right = left + max(_LEAST_BOX_PX, round(box.width * across))
        bottom = top + max(_LEAST_BOX_PX, round(box.height * down))
        draw.rectangle((left, top, right, bottom), outline=GREEN, width=line)
        label = draw.textbbox((0, 0), str(number), font=font)
        width, height = round(label[2]) + 4, round(label[3]) + 3
        # In its box where tissue stays to be seen, else beside it; within the picture.
        x = min(left if right - left >= 3 * width else right, image.width - width)
        y = min(top, image.height - height)
        draw.rectangle((x, y, x + width, y + height), fill=GREEN)
        draw.text((x + 2, y + 1), str(number), fill=(255, 255, 255), font=font)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
