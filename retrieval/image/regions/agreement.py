"""How well two masks agree, pixel by pixel."""

from __future__ import annotations

from retrieval.errors import InputError
from retrieval.image.regions.stains import Mask


def dice(first: Mask, second: Mask) -> float:
    """Twice the overlap over the sum of both areas (Dice 1945); two empty masks agree: 1."""
    _require_same_shape(first, second)
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 1.0


def iou(first: Mask, second: Mask) -> float:
    """Overlap over union (Jaccard 1901); two empty masks agree: 1."""
    _require_same_shape(first, second)
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def _require_same_shape(first: Mask, second: Mask) -> None:
    if first.shape != second.shape:
        raise InputError(f"masks of {first.shape} and {second.shape} pixels cannot be compared; bring them to one size")
