"""Images with captions to learn from: read from files or folders, parted in two halves, and measured by a backbone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from retrieval.errors import ConfigurationError, ImageError, InputError, RecordError
from retrieval.image.picture import MOST_BYTES, Picture, Pixels, read_picture

if TYPE_CHECKING:
    from retrieval.encoders.image.backbones import Backbone

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})
"""Which files of a class's folder are its images; files of a list may be called anything."""
_BESIDE: Final = "images"
_BATCH: Final = 64
_FEWEST: Final = 40
"""With as many or fewer, starting processes takes longer than they save."""

T = TypeVar("T")


class ImagePair(NamedTuple):
    path: Path
    caption: str


class Example(NamedTuple):
    """An image to measure: in a file, or drawn already."""

    name: str
    image: Path | Pixels
    caption: str


class Rejected(NamedTuple):
    image: str
    """Its file, or file and line of a record that names none."""
    reason: str


class Measured(NamedTuple):
    features: npt.NDArray[np.float32]
    """Shape (n, d)."""
    captions: list[str]
    """n of them: in = measured + rejected."""
    rejected: list[Rejected]


class _Line(msgspec.Struct):
    image: str
    caption: str


def read_pairs(
    source: str | Path,
    names: Mapping[str, str] | None = None,
    *,
    on_reject: Callable[[Rejected], None] | None = None,
) -> list[ImagePair]:
    """Of a JSON Lines file with `image` and `caption`, or of a folder with one folder of images for each class.

    `names` gives captions to classes by the names of their folders. Images are not opened. A line that cannot be used
    raises RecordError, or is handed to `on_reject`; InputError where there is nothing to read.
    """
    place = Path(source)
    if place.is_dir():
        return list(_of_folders(place, names or {}))
    if not place.is_file():
        raise InputError(f"there is no file or folder {source}; give a JSON Lines file, or a folder of classes")
    try:
        with place.open("rb") as lines:
            pairs = list(_of_lines(place, lines, on_reject))
    except OSError as exc:
        raise InputError(f"{source} cannot be read: {exc.strerror}; check the path and its permissions") from exc
    if not pairs and on_reject is None:
        raise InputError(f'{source} holds no images; each line should be {{"image": "a.png", "caption": "words"}}')
    return pairs


def class_folders(folder: Path) -> list[Path]:
    """Those of its folders that hold images, by name."""
    return [child for child in sorted(folder.iterdir()) if child.is_dir() and any(_images(child))]


def split(pairs: Sequence[ImagePair], seed: int) -> tuple[list[ImagePair], list[ImagePair]]:
    """Two halves of every caption, in the given order each; an image with two captions is in one half only.

    Decided by hashes of file names and seed: neither the order of the pairs nor where they lie changes it.
    """
    members: dict[str, list[ImagePair]] = {}
    for pair in pairs:
        members.setdefault(pair.caption, []).append(pair)
    sides: dict[Path, int] = {}
    for caption in sorted(members):
        # Which half the first one goes to is a coin of its own: else all that is there once would be in one half.
        start = _hash(seed, caption)[0] % 2
        # Files of one name are told apart by their folders, the nearest first.
        ranked = sorted(members[caption], key=lambda pair: (_hash(seed, pair.path.name), pair.path.parts[::-1]))
        for number, pair in enumerate(ranked, start):
            sides.setdefault(pair.path, number % 2)
    return [p for p in pairs if sides[p.path] == 0], [p for p in pairs if sides[p.path] == 1]


def measure(
    examples: Iterable[Example],
    backbone: Backbone,
    *,
    workers: int | None = None,
    hear: Callable[[int], None] = lambda done: None,
) -> Measured:
    """What the backbone sees in each image that can be read and that the gate lets pass; the others with the reason.

    The same for any number of `workers` (default: all cores). `hear` is told how many images are done.
    """
    from retrieval.encoders.image.backbones import HistologyBackbone

    alone = isinstance(backbone, HistologyBackbone)
    rows: list[npt.NDArray[np.float32]] = []
    captions: list[str] = []
    rejected: list[Rejected] = []
    with _mapping(workers or os.cpu_count() or 1) as mapped:
        for batch in _batches(examples, _BATCH):
            usable: list[Pixels] = []
            images = [example.image for example in batch]
            for example, seen in zip(batch, mapped(_measured if alone else _usable, images), strict=True):
                if isinstance(seen, str):
                    rejected.append(Rejected(example.name, seen))
                else:
                    captions.append(example.caption)
                    (rows if alone else usable).append(seen)
                hear(len(captions) + len(rejected))
            if usable:
                rows += list(backbone.features(usable))
    return Measured(np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32), captions, rejected)


def _of_folders(folder: Path, names: Mapping[str, str]) -> Iterator[ImagePair]:
    classes = class_folders(folder)
    if not classes:
        raise InputError(
            f"{folder} has no folders with images; make one for each class, or give a JSON Lines file with captions"
        )
    for child in classes:
        caption = _words(names.get(child.name, child.name.replace("_", " ")))
        yield from (ImagePair(path, caption) for path in sorted(_images(child)))


def _images(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))


def _of_lines(
    source: Path, lines: Iterable[bytes], on_reject: Callable[[Rejected], None] | None
) -> Iterator[ImagePair]:
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if not text:
            continue
        try:
            yield _pair(source, number, text)
        except RecordError as error:
            if on_reject is None:
                raise
            on_reject(Rejected(f"{error.source}, {error.identifier}", error.reason))


def _pair(source: Path, number: int, text: bytes) -> ImagePair:
    where = f"at line {number}"
    try:
        line = msgspec.json.decode(text, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise RecordError(str(source), where, str(exc)) from exc
    caption = _words(line.caption)
    if not caption or not line.image.strip():
        raise RecordError(str(source), where, f"no {'image' if caption else 'caption'} is given")
    here, beside = source.parent / line.image, source.parent / _BESIDE / line.image
    return ImagePair(beside if beside.is_file() and not here.is_file() else here, caption)


def _words(text: str) -> str:
    return " ".join(text.split())


def _hash(seed: int, text: str) -> bytes:
    return hashlib.sha256(f"{seed}|{text}".encode("utf-8", "surrogateescape")).digest()


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@contextmanager
def _mapping(workers: int) -> Iterator[Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]]:
    """A `map`, in processes where that is worth it: threads would wait for each other."""
    # Not forked: torch's threads, where there are any, would be lost halfway through their work.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        try:
            # Processes start with the first work that they are given.
            yield lambda work, items: (pool.map if min(workers, len(items) / _FEWEST) > 1 else map)(work, items)
        except BrokenProcessPool as exc:
            raise ConfigurationError(
                "a process that measured images was ended from outside, as happens when memory runs out; free some, or "
                "give smaller images"
            ) from exc


def _measured(image: Path | Pixels) -> npt.NDArray[np.float32] | str:
    from retrieval.image.histology.features import histology_features

    seen = _usable(image)
    return seen if isinstance(seen, str) else histology_features(seen)


def _usable(image: Path | Pixels) -> Pixels | str:
    """Pixels, or why there are none to learn from."""
    from retrieval.image.gate import require_usable

    try:
        picture = read_picture(_bytes(image)) if isinstance(image, Path) else Picture(image)
        require_usable(picture)
    except ImageError as exc:
        return str(exc)
    except (OSError, ValueError) as exc:
        return f"the file cannot be read: {getattr(exc, 'strerror', None) or exc}"
    return picture.pixels


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        # One more than is allowed tells that there are too many; whole slides are too large to read in vain.
        return file.read(MOST_BYTES + 1)
