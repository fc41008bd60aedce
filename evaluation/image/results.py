"""What a measurement of image search came to, as it is printed and stored.

RUNS/images-TASK-SOURCE/ENCODER/images.json    beside the runs of text, whose readers pass over it
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from evaluation.image.samples import Rejected, Sample
from evaluation.measures import Values
from evaluation.significance import Interval, interval
from retrieval.errors import InputError
from retrieval.records import Record

_RECORD: Final = "images.json"


class Line(Record, frozen=True):
    """One measure."""

    name: str
    value: Interval
    n: int
    """Images, cases or bins that it is an average over."""
    chance: float | None = None
    """What knowing nothing would give."""


class Bin(Record, frozen=True):
    """Images whose confidence lies in (low, high]."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


class Measured(Record, frozen=True):
    """What one task found in one source of images."""

    task: str
    lines: tuple[Line, ...]
    values: Values = msgspec.field(default_factory=dict)
    """Measure -> image -> value, for comparisons image by image."""
    reliability: dict[str, tuple[Bin, ...]] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def line(self, name: str) -> Line:
        return next(line for line in self.lines if line.name == name)


class ImageRun(Record, frozen=True):
    """All that a reader needs to trust, compare or repeat it."""

    source: str
    fingerprint: str
    """Equal for equal images with equal captions."""
    images: int
    rejected: tuple[Rejected, ...]
    generation: str
    """Empty where no index was searched."""
    encoder: str
    commit: str
    created: str
    """UTC, ISO 8601."""
    settings: dict[str, str]
    measured: Measured


def averaged(name: str, values: Mapping[str, float] | Sequence[float], chance: float | None = None) -> Line:
    """A line of the mean over images; of none, 0."""
    numbers = list(values.values()) if isinstance(values, Mapping) else list(values)
    value = interval(numbers) if numbers else Interval(0.0, 0.0, 0.0)
    return Line(name, value, len(numbers), chance)


def by_class(name: str, values: Mapping[str, float], classes: Mapping[str, str]) -> Values:
    """The values of all images, and those of each class on their own, by the names of their lines."""
    parts: Values = {name: dict(values)}
    for image, value in values.items():
        parts.setdefault(f"{name}, {classes[image]}", {})[image] = value
    return parts


def pooled(runs: Sequence[Measured]) -> Measured:
    """Of runs on several halves: an image that is in several counts once, with the mean of its values.

    What is no average over images becomes the mean of the runs' figures and bounds.
    """
    found: dict[str, dict[str, list[float]]] = {}
    lines: dict[str, list[Line]] = {}
    for run in runs:
        for name, by_image in run.values.items():
            for image, value in by_image.items():
                found.setdefault(name, {}).setdefault(image, []).append(value)
        for line in run.lines:
            lines.setdefault(line.name, []).append(line)
    values = {name: {i: float(np.mean(own)) for i, own in by_image.items()} for name, by_image in found.items()}
    merged = [
        averaged(name, values[name], _mean_chance(own)) if values.get(name) else _mean_line(name, own)
        for name, own in lines.items()
    ]
    notes = tuple(dict.fromkeys(note for run in runs for note in run.notes))
    return Measured(runs[0].task, tuple(merged), values, notes=notes)


def _mean_line(name: str, lines: Sequence[Line]) -> Line:
    mean, low, high = np.mean([(line.value.mean, line.value.low, line.value.high) for line in lines], axis=0).tolist()
    return Line(name, Interval(mean, low, high), sum(line.n for line in lines), _mean_chance(lines))


def _mean_chance(lines: Sequence[Line]) -> float | None:
    known = [line.chance for line in lines if line.chance is not None]
    return float(np.mean(known)) if known else None


def fingerprint(samples: Iterable[Sample]) -> str:
    content = msgspec.json.encode(sorted((sample.name, sample.caption) for sample in samples))
    return hashlib.sha256(content).hexdigest()[:16]


def write_image_run(root: Path, run: ImageRun) -> Path:
    """Replaces what an earlier run of the same task, source and encoder left."""
    folder = root / _name(f"images-{run.measured.task}-{run.source}") / _name(run.encoder.partition("@")[0] or "none")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _RECORD
        path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2))
    except OSError as exc:
        raise InputError(f"the run cannot be stored in {folder}: {exc.strerror}; choose another --runs") from exc
    return path


def read_image_run(path: Path) -> ImageRun:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ImageRun)
    except (OSError, msgspec.MsgspecError) as exc:
        raise InputError(f"the run {path} cannot be read: {exc}; remove it or run it again") from exc


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "unnamed"
