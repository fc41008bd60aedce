"""A whole-slide image by OpenSlide: opened or refused with a reason, and read at any scale in bounded memory.

Label and macro images, which may show a patient's name, are never read. Of the file's properties only those in
SlideFacts leave this module.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import openslide
from PIL import Image

from retrieval.errors import ImageError, InputError
from retrieval.image.picture import Pixels
from retrieval.image.regions import Box
from retrieval.image.slides.notice import Notice
from retrieval.image.slides.scale import microns_per_pixel, objective_power
from retrieval.records import Record

Floats = npt.NDArray[np.float64]

_CACHE_BYTES: Final = 96 * 1024 * 1024
_BLOCK_PX: Final = 2048
_MOST_TILE_PIXELS: Final = 1 << 26
"""OpenSlide decodes a tile of the file as a whole, at 4 bytes a pixel."""
_MOST_READ_PIXELS: Final = 2_000_000_000
"""In one picture; takes a minute or so. Only a slide without small levels has more to read."""
_LEVEL_TOLERANCE: Final = 1.01
"""Sizes of levels are rounded: a level of "1/64" may be one of 1/64.03."""


class SlideFacts(Record, frozen=True):
    """All that is told about a slide. Sizes are (width, height) in pixels, that of level 0 first."""

    levels: tuple[tuple[int, int], ...]
    vendor: str
    mpp: float | None = None
    """Microns per pixel of level 0."""
    objective: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.levels[0]


class Slide:
    """An open slide; `with Slide.open(path) as slide` closes it. After an ImageError it can only be closed."""

    def __init__(
        self, path: Path, file: openslide.OpenSlide, facts: SlideFacts, notices: tuple[Notice, ...] = ()
    ) -> None:
        self.facts, self.notices, self._path, self._file = facts, notices, path, file

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """ImageError: `missing`, `unreadable`, `not_a_slide`, `damaged`, or `huge_tiles` that would fill the memory."""
        path = Path(path)
        _require_file(path)
        try:
            file = openslide.OpenSlide(path)
        except openslide.OpenSlideUnsupportedFormatError as exc:
            folder = "; an .mrxs slide needs the folder of its name beside it" if path.suffix.lower() == ".mrxs" else ""
            raise ImageError(
                "not_a_slide",
                f"{path.name} is no slide in a format that OpenSlide reads, or it is cut off or damaged: check that "
                f"the file is complete{folder}; send a photograph as an image, convert other slides to tiled TIFF",
            ) from exc
        except openslide.OpenSlideError as exc:
            raise _damaged(path, exc) from exc
        try:
            return cls(path, *_described(file, path))
        except openslide.OpenSlideError as exc:
            file.close()
            raise _damaged(path, exc) from exc
        except ImageError:
            file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, box: Box, size: tuple[int, int]) -> Pixels:
        """The box of level-0 pixels scaled down to size (width, height), from the smallest level that suffices.

        What the scanner left out is white. InputError where the box is not inside the slide or smaller than size,
        ImageError `unreadable_region`.
        """
        width, height = self.facts.size
        inside = min(box.x, box.y) >= 0 and box.x + box.width <= width and box.y + box.height <= height
        if not inside or min(size) < 1 or box.width < size[0] or box.height < size[1]:
            raise InputError(
                f"the box {box} is not inside {self._path.name}, which has {width} x {height} pixels, or is smaller "
                f"than the {size[0]} x {size[1]} pixels to make of it"
            )
        level = self._level(min(box.width / size[0], box.height / size[1]))
        scale = np.divide(self.facts.levels[level], self.facts.size)
        corner = np.array((box.x, box.y)) * scale
        ratio = np.array((box.width, box.height)) * scale / size
        part = 1 / max(1.0, self.sparsity(box, size))
        step = np.maximum(1, (_BLOCK_PX / ratio).astype(int)).tolist()
        made: Pixels = np.empty((size[1], size[0], 3), dtype=np.uint8)
        for top in range(0, size[1], step[1]):
            for left in range(0, size[0], step[0]):
                block = min(step[0], size[0] - left), min(step[1], size[1] - top)
                extent = np.array(block) * ratio
                # Of a block too large to be read in full, its middle stands for all of it.
                begin = corner + np.array((left, top)) * ratio + extent * (1 - part) / 2
                made[top : top + block[1], left : left + block[0]] = self._block(level, begin, extent * part, block)
        return made

    def sparsity(self, box: Box, size: tuple[int, int]) -> float:
        """How many times longer than its share that is read is a side of the box; up to 1 all of it is read."""
        level = self._level(min(box.width / size[0], box.height / size[1]))
        scale = np.divide(self.facts.levels[level], self.facts.size)
        return math.sqrt(box.width * box.height * float(scale.prod()) / _MOST_READ_PIXELS)

    def _level(self, downsample: float) -> int:
        return int(self._file.get_best_level_for_downsample(downsample * _LEVEL_TOLERANCE))

    def _block(self, level: int, begin: Floats, extent: Floats, size: tuple[int, int]) -> Pixels:
        """The rectangle of a level's pixels, which need not be whole, scaled to size."""
        # The filter looks over the edge by a pixel of the result, so that blocks meet without seams.
        margin = np.ceil(extent / size) + 1
        limit = np.array(self.facts.levels[level])
        low = np.clip(np.floor(begin - margin), 0, limit - 1).astype(int)
        high = np.clip(np.ceil(begin + extent + margin), low + 1, limit).astype(int)
        downsample = self._file.level_downsamples[level]
        try:
            region = self._file.read_region(
                (round(low[0] * downsample), round(low[1] * downsample)), level, tuple((high - low).tolist())
            )
        except openslide.OpenSlideError as exc:
            raise ImageError(
                "unreadable_region",
                f"{self._path.name} is damaged: level {level} cannot be read at {low[0]},{low[1]} "
                f"({_reason(self._path, exc)}); copy the file again from the scanner or the archive",
            ) from exc
        first = np.clip(begin - low, 0, high - low - 0.01)
        last = np.clip(begin + extent - low, first + 0.01, high - low)
        scaled = _on_white(region).resize(size, Image.Resampling.HAMMING, box=(*first.tolist(), *last.tolist()))
        return np.asarray(scaled, dtype=np.uint8)


def _require_file(path: Path) -> None:
    try:
        if not path.is_file():
            kind, what = ("not_a_slide", "is no file") if path.exists() else ("missing", "does not exist")
            raise ImageError(kind, f"{path.name or path} {what}; give the path of a slide's file")
        path.open("rb").close()
    except (OSError, ValueError) as exc:
        raise ImageError("unreadable", f"{path.name!r} cannot be opened: {exc}; check its name and rights") from exc


def _described(file: openslide.OpenSlide, path: Path) -> tuple[openslide.OpenSlide, SlideFacts, tuple[Notice, ...]]:
    properties = dict(file.properties)
    levels = tuple((int(width), int(height)) for width, height in file.level_dimensions)
    if not levels or min(map(min, levels)) < 1:
        raise ImageError("damaged", f"{path.name} has no pixels; copy the file again from the scanner or the archive")
    for level in range(len(levels)):
        sides = [properties.get(f"openslide.level[{level}].tile-{side}", "0") for side in ("width", "height")]
        if math.prod(int(side) for side in sides) > _MOST_TILE_PIXELS:
            raise ImageError(
                "huge_tiles",
                f"{path.name} is stored in pieces of {' x '.join(sides)} pixels, too large to be read one by one; "
                "convert it to TIFF with tiles of 256 x 256",
                measure=math.prod(int(side) for side in sides),
            )
    file.set_cache(openslide.OpenSlideCache(_CACHE_BYTES))
    mpp, notices = microns_per_pixel(properties)
    vendor = properties.get("openslide.vendor", "unknown")
    return file, SlideFacts(levels, vendor, mpp, objective_power(properties)), notices


def _damaged(path: Path, exc: openslide.OpenSlideError) -> ImageError:
    return ImageError(
        "damaged", f"{path.name} is damaged: {_reason(path, exc)}; copy the file again from the scanner or the archive"
    )


def _reason(path: Path, exc: openslide.OpenSlideError) -> str:
    """Without the folder, which tells more about the server than about the file."""
    return str(exc).replace(str(path), path.name)


def _on_white(region: Image.Image) -> Image.Image:
    """RGB of what OpenSlide gives: RGBA, transparent where the scanner did not scan."""
    alpha = region.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return region.convert("RGB")
    white = Image.new("RGB", region.size, (255, 255, 255))
    white.paste(region, mask=alpha)
    return white
