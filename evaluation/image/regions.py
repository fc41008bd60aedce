"""Regions named in words against masks drawn by hand, beside the whole image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from evaluation.image.results import Measured, averaged
from evaluation.image.samples import Rejected
from retrieval.errors import ImageError, InputError
from retrieval.image.picture import MOST_BYTES, Pixels, read_picture
from retrieval.image.regions import Mask, dice, find_category, iou, segment

THRESHOLD: Final = 127
"""Masks saved as JPEG are neither quite black nor quite white."""


class MaskedImage(NamedTuple):
    name: str
    image: Path
    mask: Path


def has_masks(folder: Path) -> bool:
    return (folder / "images").is_dir() and (folder / "masks").is_dir()


def read_masked(folder: Path) -> list[MaskedImage]:
    """Of FOLDER/images and FOLDER/masks, matched by stem. InputError where an image has no mask."""
    masks = {path.stem: path for path in sorted((folder / "masks").iterdir()) if path.is_file()}
    images = [path for path in sorted((folder / "images").iterdir()) if path.is_file()]
    bare = next((path for path in images if path.stem not in masks), None)
    if bare is not None or not images:
        which = f"no mask for {bare.name}" if bare else "no images"
        raise InputError(f"{folder} has {which}; name each mask in masks/ as its image in images/")
    return [MaskedImage(path.name, path, masks[path.stem]) for path in images]


def measure_regions(
    pairs: list[MaskedImage], text: str = "glands", hear: Callable[[int], None] = lambda done: None
) -> tuple[Measured, list[Rejected]]:
    """InputError for a text that names no region; an image or mask that cannot be read is rejected."""
    find_category(text)
    values: dict[str, dict[str, float]] = {
        f"{measure}, {region}": {} for region in (text, "whole image") for measure in ("Dice", "IoU")
    }
    rejected: list[Rejected] = []
    for done, pair in enumerate(pairs, 1):
        try:
            pixels, drawn = _read(pair)
        except (ImageError, InputError) as exc:
            rejected.append(Rejected(pair.name, str(exc)))
            continue
        for measure, value in _agreement(pixels, drawn, text):
            values[measure][pair.name] = value
        hear(done)
    if not any(values.values()):
        raise InputError(f"none of {len(pairs)} images can be measured; the first: {rejected[0].reason}")
    lines = tuple(
        averaged(name, own, None if "whole" in name else float(np.mean(list(values[_whole(name)].values()))))
        for name, own in values.items()
    )
    return Measured("regions", lines, values, notes=("chance is what marking the whole image scores",)), rejected


def _agreement(pixels: Pixels, drawn: Mask, text: str) -> Iterator[tuple[str, float]]:
    marks: dict[str, Mask] = {text: segment(pixels, text).mask, "whole image": np.ones(drawn.shape, dtype=np.bool_)}
    for region, mask in marks.items():
        yield f"Dice, {region}", dice(mask, drawn)
        yield f"IoU, {region}", iou(mask, drawn)


def _read(pair: MaskedImage) -> tuple[Pixels, Mask]:
    pixels = _pixels(pair.image)
    grey = _pixels(pair.mask).mean(axis=2)
    if grey.shape != pixels.shape[:2]:
        raise InputError(f"the mask has {grey.shape} pixels, the image {pixels.shape[:2]}")
    return pixels, grey > THRESHOLD


def _pixels(path: Path) -> Pixels:
    try:
        with path.open("rb") as file:
            return read_picture(file.read(MOST_BYTES + 1)).pixels
    except OSError as exc:
        raise InputError(f"{path.name} cannot be read: {exc.strerror}") from exc


def _whole(name: str) -> str:
    return f"{name.partition(',')[0]}, whole image"
