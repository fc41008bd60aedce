"""Slides written here: pyramids of JPEG tiles, mostly the same tile of glass, so that huge ones take seconds."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile
from scipy import ndimage

from retrieval.image.picture import Pixels
from retrieval.image.slides import read_slide_regions

TILE: Final = 256
GLASS: Final = (242, 242, 240)
STAINS: Final[dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]]] = {
    "violet": ((205, 170, 215), (95, 55, 140)),
    "pink": ((245, 205, 225), (215, 110, 165)),
    "brown": ((222, 224, 232), (140, 90, 50)),
    "pale": ((226, 226, 234), (212, 216, 230)),
}
"""From the light to the dark of each: haematoxylin, eosin, DAB, and the faint counterstain of an IHC slide."""
_VARIANTS: Final = 4


class Blob(NamedTuple):
    """An ellipse of tissue, or a stroke of pen, in shares of the slide's width and height."""

    x: float
    y: float
    across: float
    down: float
    stain: str = "violet"


BLOBS: Final = (
    Blob(0.3, 0.35, 0.3, 0.3, "violet"),
    Blob(0.7, 0.3, 0.2, 0.25, "pink"),
    Blob(0.6, 0.75, 0.3, 0.2, "brown"),
)


def texture(stain: str, seed: int = 0, side: int = TILE) -> Pixels:
    """As if of tissue: blots of two shades."""
    rng = np.random.default_rng(seed)
    blots = ndimage.gaussian_filter(rng.normal(size=(side, side)), 2.5, mode="wrap")
    weight = np.clip(blots / blots.std() / 2 + 0.5, 0, 1)[..., None]
    light, dark = STAINS[stain]
    shades = np.asarray((1 - weight) * light + weight * dark + rng.normal(0, 2, (side, side, 1)))
    pixels: Pixels = np.rint(shades).clip(0, 255).astype(np.uint8)
    return pixels


def write_slide(
    path: Path,
    side: int,
    *,
    levels: int = 3,
    blobs: Sequence[Blob] = BLOBS,
    mpp: float | None = 0.25,
    tile: int = TILE,
    description: str | None = None,
) -> Path:
    """A square slide of side px at level 0; each further level is a quarter as long. Tiles are tissue or glass."""
    glass = _jpeg(np.full((tile, tile, 3), GLASS, dtype=np.uint8))
    stains = sorted({blob.stain for blob in blobs})
    tissue = {stain: [_jpeg(texture(stain, seed, tile)) for seed in range(_VARIANTS)] for stain in stains}
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for level in range(levels):
            extent = math.ceil(side / 4**level)
            options: dict[str, Any] = {} if mpp is None else {"resolution": (1e4 / mpp / 4**level,) * 2}
            writer.write(
                _tiles(level, side, tile, blobs, glass, tissue),
                shape=(extent, extent, 3),
                dtype="uint8",
                tile=(tile, tile),
                photometric="ycbcr",
                subsampling=(2, 2),
                compression="jpeg",
                subfiletype=1 if level else 0,
                resolutionunit="NONE" if mpp is None else "CENTIMETER",
                description=description if level == 0 else None,
                metadata=None,
                **options,
            )
    return path


def write_pixels(path: Path, pixels: Pixels, *, mpp: float = 0.5) -> Path:
    """Exactly these pixels as a slide of one level."""
    tifffile.imwrite(
        path,
        pixels,
        tile=(TILE, TILE),
        photometric="rgb",
        compression="deflate",
        resolution=(1e4 / mpp,) * 2,
        resolutionunit="CENTIMETER",
        metadata=None,
    )
    return path


def _tiles(
    level: int, side: int, tile: int, blobs: Sequence[Blob], glass: bytes, tissue: dict[str, list[bytes]]
) -> Iterator[bytes]:
    """Tiles of a level row by row. What is tissue is settled by the tiles of level 0, so that all levels agree."""
    cells = 4**level
    count = math.ceil(math.ceil(side / cells) / tile)
    stains = sorted(tissue)
    shades = [np.array(GLASS, dtype=np.uint8), *(texture(stain).mean(axis=(0, 1)).astype(np.uint8) for stain in stains)]
    for row in range(count):
        for column in range(count):
            y, x = (((np.arange(cells) + place * cells) + 0.5) * tile / side for place in (row, column))
            kinds = np.zeros((cells, cells), dtype=np.int64)
            for blob in blobs:
                inside = ((x[None, :] - blob.x) / blob.across) ** 2 + ((y[:, None] - blob.y) / blob.down) ** 2 <= 0.25
                kinds[inside] = 1 + stains.index(blob.stain)
            if kinds.min() < kinds.max():
                yield _jpeg(np.array(shades)[kinds].repeat(tile // cells, axis=0).repeat(tile // cells, axis=1))
            else:
                kind = int(kinds[0, 0])
                yield tissue[stains[kind - 1]][(row * 7 + column) % _VARIANTS] if kind else glass


def _jpeg(pixels: Pixels) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(pixels, level=85, subsampling="420"))


class Run(NamedTuple):
    """What reading a slide took in a process of its own."""

    seconds: float
    peak_bytes: int
    """Resident memory at its highest, interpreter and libraries included."""
    regions: int
    tiles_read: int
    notices: list[str]


def run_apart(path: Path) -> Run:
    """Read a slide with the defaults and colours for features, in a process of its own, and measure it."""
    command = [sys.executable, "-m", __name__, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    return Run(*json.loads(done.stdout))


def colours(tiles: list[Pixels]) -> npt.NDArray[np.float32]:
    """Features of shape (n, 6): mean and spread of each channel."""
    return np.array([[*tile.mean(axis=(0, 1)), *tile.std(axis=(0, 1))] for tile in tiles], dtype=np.float32)


def _main() -> None:
    start = perf_counter()
    reading = read_slide_regions(sys.argv[1], colours)
    seconds = perf_counter() - start
    # Not ru_maxrss, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    kinds = [notice.kind for notice in reading.notices]
    print(json.dumps([seconds, peak, len(reading.regions), reading.tiles_read, kinds]))


if __name__ == "__main__":
    _main()
