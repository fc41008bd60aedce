"""What encoding an image costs: milliseconds of a ViT-B/16 with random weights, in float32 and in bfloat16.

python -m benchmarks.image_encoding     float32 and bfloat16 in turns, alone and in batches

Where other work shares the cores, OMP_NUM_THREADS=1 measures the network and not the waiting of threads for each other.
"""

from __future__ import annotations

import statistics
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

import numpy as np

from benchmarks.data import heading
from retrieval.encoders.image.clip import ClipEncoder
from retrieval.image.picture import Pixels

if TYPE_CHECKING:
    import torch

_ARCHITECTURE: Final = "ViT-B-16-quickgelu"
_TURNS: Final = 3
_SIZES: Final = (224, 1024)
_BATCHES: Final = (1, 8, 32)


def main() -> None:
    import torch

    from retrieval.encoders.image import clip

    print(heading(f"Image encoding: {_ARCHITECTURE}, random weights, {torch.get_num_threads()} threads"))
    rows: dict[tuple[int, int], dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        weights = _weights(Path(folder))
        encoders = {}
        for kind in (torch.float32, torch.bfloat16):
            # As on a processor without instructions for bfloat16, and as on one that has them.
            with patch.object(clip, "fastest_type", partial(_given, kind)):
                encoder = ClipEncoder(f"open_clip:{_ARCHITECTURE}:{weights}")
                started = perf_counter()
                encoder.encode_images(_images(1, 224))
            print(f"  loaded and audited in {perf_counter() - started:.1f} s ({kind})")
            encoders[str(kind).removeprefix("torch.")] = encoder
    for _ in range(_TURNS):
        for size in _SIZES:
            for batch in _BATCHES:
                images = _images(batch, size)
                for name, encoder in encoders.items():
                    with patch.object(clip, "_IMAGES_CPU", batch):
                        started = perf_counter()
                        encoder.encode_images(images)
                        took = (perf_counter() - started) / batch * 1000
                    rows.setdefault((size, batch), {}).setdefault(name, []).append(took)
    print(
        f"\n  ms per image, median of {_TURNS}\n  pixels      in a batch  "
        + "  ".join(f"{name:>8}" for name in encoders)
    )
    for (size, batch), taken in rows.items():
        print(
            f"  {size:>4} x {size:<4} {batch:>10}  "
            + "  ".join(f"{statistics.median(t):>8.1f}" for t in taken.values())
        )


def _given(kind: torch.dtype) -> torch.dtype:
    return kind


def _weights(folder: Path) -> Path:
    import open_clip
    import torch

    torch.manual_seed(0)
    path = folder / "random.pt"
    torch.save(open_clip.create_model(_ARCHITECTURE, load_weights=False).state_dict(), path)
    return path


def _images(count: int, size: int) -> list[Pixels]:
    return list(np.random.default_rng(0).integers(0, 255, (count, size, size, 3), dtype=np.uint8))


if __name__ == "__main__":
    main()
