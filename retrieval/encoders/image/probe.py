"""The vectors of one fixed image and one fixed text, kept beside the weights: what gives others later is another model.

Weights do not show their activation, preprocessing or tokenizer. Loaded with other ones they fit as well, and only
their vectors tell; so the first load keeps some, and every later one is compared with them.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from retrieval.encoders.base import Vectors
from retrieval.image.picture import Pixels
from retrieval.records import Record

LARGEST_DISTANCE: Final = 1e-6
"""One minus the cosine, in float32. With the random weights of a ViT-B/16 the two GELUs differ by 1e-4, threads and
batches by 1e-13; training drives the former apart."""
TEXT: Final = "H&E-stained section of an adenocarcinoma of the colon with tumour-infiltrating lymphocytes"
_DIGITS: Final = 6


class Probe(Record, frozen=True):
    weights: str
    """Their SHA-256: other weights, other vectors."""
    image: tuple[float, ...]
    text: tuple[float, ...]


def probe_image(turned: bool = False) -> Pixels:
    """Pink and violet patches of whole-number arithmetic, the same everywhere; not square. `turned` is another one."""
    rows, columns = np.mgrid[0:240, 0:320]
    spots = ((rows * rows + columns * columns * 3) // 700) % 7 < 3
    pink, violet = np.array([236, 168, 200]), np.array([96, 56, 142])
    shade = ((rows // 2 + columns) % 32)[..., None]
    pixels = (np.where(spots[..., None], pink, violet) - shade).astype(np.uint8)
    return np.ascontiguousarray(pixels[::-1, :, ::-1] if turned else pixels)


def make_probe(weights: str, image: Vectors, text: Vectors) -> Probe:
    """Of vectors of length 1."""
    return Probe(weights, *(tuple(round(float(number), _DIGITS) for number in vector) for vector in (image, text)))


def distance(one: Probe, other: Probe) -> float:
    """One minus the lower cosine of the two pairs; 2, the largest, for vectors of other lengths."""
    pairs = ((one.image, other.image), (one.text, other.text))
    if any(len(a) != len(b) for a, b in pairs):
        return 2.0
    return max(1.0 - float(np.dot(a, b) / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)) for a, b in pairs)


def place_of(weights: Path) -> Path:
    """Hidden, so that it is no part of the model."""
    return weights.with_name(f".{weights.name}.probe.json")


def kept_probe(weights: Path, sha256: str) -> Probe | None:
    """None where there is none yet, or only one of other weights."""
    try:
        probe = msgspec.json.decode(place_of(weights).read_bytes(), type=Probe)
    except (OSError, msgspec.DecodeError):
        return None
    return probe if probe.weights == sha256 else None


def keep_probe(weights: Path, probe: Probe) -> None:
    """Where the folder can be written; a read-only one is no fault."""
    place = place_of(weights)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        fresh.write_bytes(msgspec.json.encode(probe))
        fresh.replace(place)
