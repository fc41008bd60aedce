"""How well the region "glands" agrees with masks drawn by hand: `python -m benchmarks.regions`.

Images and masks are colon polyps of EBHI-Seg, which the method was built while looking at; no parameter is fitted to
masks. Beside it stand the whole image and the region "tissue"; last, "stroma" beside all that is no gland.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.data import DATA, heading
from evaluation.significance import interval
from retrieval.image.picture import Pixels, read_picture
from retrieval.image.regions import Mask, dice, iou, segment

FOLDER: Final = DATA / "ebhi_seg_polyp"
_THRESHOLD: Final = 127
"""The masks are JPEG: neither quite black nor quite white."""


def main() -> None:
    pairs = read_pairs(FOLDER)
    print(heading(f"Regions: {len(pairs)} H&E images of colon polyps with masks of glands"))
    print("\n  region           Dice, 95 % interval       IoU, 95 % interval        Dice odd / even   worst")
    seconds: list[float] = []

    def named(text: str) -> Callable[[Pixels], Mask]:
        def marked(pixels: Pixels) -> Mask:
            start = perf_counter()
            mask = segment(pixels, text).mask
            seconds.append(perf_counter() - start)
            return mask

        return marked

    for name, method in (("whole image", _everything), ("tissue", named("tissue")), ("glands", named("glands"))):
        seconds.clear()
        print(_line(name, [(method(pixels), glands) for pixels, glands in pairs]))
    print(f"\n  glands: {statistics.median(seconds):.2f} s an image (median), {max(seconds):.2f} s at most\n")
    stroma = named("stroma")
    print(_line("no gland: all", [(_everything(pixels), ~glands) for pixels, glands in pairs]))
    print(_line("no gland: stroma", [(stroma(pixels), ~glands) for pixels, glands in pairs]))


def read_pairs(folder: Path) -> list[tuple[Pixels, Mask]]:
    """Images with the masks of their names, in the order of the names."""
    return [
        (
            read_picture(path.read_bytes()).pixels,
            np.asarray(Image.open(folder / "masks" / path.name).convert("L")) > _THRESHOLD,
        )
        for path in sorted((folder / "images").iterdir())
    ]


def _everything(pixels: Pixels) -> Mask:
    return np.ones(pixels.shape[:2], dtype=np.bool_)


def _line(name: str, pairs: list[tuple[Mask, Mask]]) -> str:
    values = [dice(found, drawn) for found, drawn in pairs]
    columns = [
        f"{average.mean:.3f} ({average.low:.3f} to {average.high:.3f})"
        for average in map(interval, (values, [iou(found, drawn) for found, drawn in pairs]))
    ]
    halves = " / ".join(f"{statistics.fmean(values[first::2]):.3f}" for first in (0, 1))
    return f"  {name:<17}{columns[0]}    {columns[1]}    {halves}     {min(values):.3f}"


if __name__ == "__main__":
    main()
