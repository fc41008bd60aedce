"""What a huge slide takes in time and memory: `python -m benchmarks.slides`.

The slides are written here and mostly glass; features are mean colours, so that no model is part of the figures. Each
is read in a process of its own, whose peak of resident memory includes the interpreter and all libraries.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

from benchmarks.data import heading
from tests.retrieval.image.slide_files import BLOBS, Blob, run_apart, write_slide

FULL: Final[tuple[Blob, ...]] = (Blob(0.5, 0.5, 1.3, 1.3, "violet"),)
"""Tissue almost everywhere: more tiles than are looked at."""


def main() -> None:
    print(heading("Slides: k = 8 regions of 224 x 224 tiles at 1 um/px, JPEG tiles of 256 x 256, 0.25 um/px"))
    print("\n  slide                                 file     written   read   peak memory   tiles read")
    with tempfile.TemporaryDirectory() as folder:
        for name, side, levels, blobs in (
            ("60,000 x 60,000, 4 levels", 60_000, 4, BLOBS),
            ("60,000 x 60,000, 4 levels, full", 60_000, 4, FULL),
            ("20,000 x 20,000, 1 level", 20_000, 1, BLOBS),
        ):
            path = Path(folder) / "slide.tiff"
            start = perf_counter()
            write_slide(path, side, levels=levels, blobs=blobs)
            written = perf_counter() - start
            run = run_apart(path)
            print(
                f"  {name:<34}{path.stat().st_size / 1e6:>5.0f} MB{written:>8.1f} s{run.seconds:>6.1f} s"
                f"{run.peak_bytes / 1e9:>11.2f} GB{run.tiles_read:>13,}"
            )


if __name__ == "__main__":
    main()
