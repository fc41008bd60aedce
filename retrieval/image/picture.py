"""From the bytes that somebody sent to pixels: bounded in bytes and pixels, all metadata dropped."""

from __future__ import annotations

import io
import warnings
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from retrieval.errors import ImageError

Pixels = npt.NDArray[np.uint8]
"""Shape (height, width, 3), RGB."""

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
FORMATS: Final = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
_SIDE_RATIO: Final = 100
_16_BIT: Final = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


class Picture(NamedTuple):
    """An image without anything else that came with it: no EXIF, no labels, no thumbnail."""

    pixels: Pixels
    mpp: float | None = None
    """Microns per pixel, where a slide or the asker says so."""

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def read_picture(data: bytes, *, most_bytes: int = MOST_BYTES, most_pixels: int = MOST_PIXELS) -> Picture:
    """Decode an image, upright, in RGB on white. ImageError says what kind of unusable it is, with the measure.

    The size is read from the header and checked before any pixel is decoded. Of several frames the first counts.
    """
    if len(data) > most_bytes:
        raise ImageError(
            "too_many_bytes",
            f"the image has {len(data):,} bytes, more than {most_bytes:,}; send a smaller one or a region of it",
            measure=len(data),
        )
    if not data:
        raise ImageError("not_an_image", "the image is empty: 0 bytes; send a PNG, JPEG or TIFF file", measure=0)
    try:
        with warnings.catch_warnings():
            # Limits of our own, checked below before anything is decoded, stand in for Pillow's warning.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            _require_size(image.size, most_pixels)
            upright = ImageOps.exif_transpose(image)
            return Picture(_rgb(upright))
    except ImageError:
        raise
    except UnidentifiedImageError as exc:
        raise ImageError(
            "not_an_image", f"these {len(data):,} bytes are no image in a known format; send {', '.join(FORMATS)}"
        ) from exc
    except Image.DecompressionBombError as exc:
        raise ImageError(
            "too_many_pixels", f"the image unpacks to too many pixels ({exc}); send a region of it"
        ) from exc
    except MemoryError as exc:
        raise ImageError("too_many_pixels", "the image does not fit into memory; send a region of it") from exc
    # Decoders raise whatever they meet in damaged files: OSError, SyntaxError, ValueError, struct.error, IndexError ...
    except Exception as exc:
        kind: Literal["truncated", "damaged"] = "truncated" if "truncated" in str(exc).lower() else "damaged"
        raise ImageError(kind, f"the image is {kind} and cannot be decoded: {exc}; send it again in full") from exc


def _require_size(size: tuple[int, int], most_pixels: int) -> None:
    width, height = size
    if width * height > most_pixels:
        raise ImageError(
            "too_many_pixels",
            f"the image has {width:,} x {height:,} pixels, more than {most_pixels:,}; send a region of it, or a whole "
            "slide as a slide",
            measure=width * height,
        )
    if min(size) < 1 or max(size) > _SIDE_RATIO * min(size):
        raise ImageError("too_small", f"the image has {width} x {height} pixels; nothing can be seen in it")


def _rgb(image: Image.Image) -> Pixels:
    if image.mode in _16_BIT or image.mode == "F":
        raw = np.nan_to_num(np.asarray(image, dtype=np.float64))
        # Files do not say how many of their bits are in use: 0 to 1, 8, 10, 12, 14 and 16 bits are all found.
        top = next((float(t) for t in (1, 255, 1023, 4095, 16383) if raw.max() <= t), 65535.0)
        grey = np.clip(raw / top * 255, 0, 255).astype(np.uint8)
        return np.ascontiguousarray(np.stack([grey] * 3, axis=-1))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, coloured)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), dtype=np.uint8))
