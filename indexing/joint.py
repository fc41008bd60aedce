"""The joint space of a generation: articles' texts, figure captions and figure images through an image encoder."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from indexing.embeddings import EmbeddingCache
from indexing.figures.images import ImageFolder
from indexing.figures.store import FigureStore
from retrieval.encoders.base import Vectors
from retrieval.encoders.image.base import ImageEncoder
from retrieval.errors import ImageError, VerificationError
from retrieval.image.gate import inspect
from retrieval.image.picture import Picture, Pixels, read_picture
from retrieval.index.joint_space import FIGURE, JointContents, JointIndex, JointRows, Part
from retrieval.index.joint_texts import joint_texts
from retrieval.records import Article, Figure

_HASH_BYTES: Final = 16
_GATHERED: Final = "joint.f16"
_SAME: Final = 0.98
_CHECKED: Final = 50
_DECODED_AT_ONCE: Final = 16


class FigureSource:
    """The figures of a home folder, as a build reads them; none where none were collected."""

    def __init__(self, path: Path, images: ImageFolder) -> None:
        """`path` is that of the figure store."""
        self._path = path
        self._images = images

    def figures(self) -> list[Figure]:
        """Those of articles with a PMID that stand; a retracted article's figures are left out."""
        if not self._path.exists():
            return []
        with FigureStore.open(self._path, read_only=True) as store:
            return [figure for figure in store if figure.pmid is not None and not figure.is_retracted]

    def image(self, figure: Figure) -> bytes | None:
        path = self._images.path / figure.file if figure.file else None
        try:
            return path.read_bytes() if path and path.is_file() else None
        except OSError:
            return None

    def fingerprint(self) -> str:
        """Another one for other figures; empty without any."""
        if not self._path.exists():
            return ""
        digest = hashlib.sha256()
        with FigureStore.open(self._path, read_only=True) as store:
            for state in sorted(store.articles(), key=lambda state: state.pmcid):
                digest.update(f"{state.pmcid} {state.version} {state.state}\n".encode())
        return digest.hexdigest()[:16]


class JointReport(NamedTuple):
    texts: int
    images: int
    encoded: int
    rejected: int
    """Figure images that cannot be read or show no tissue; their captions are searched all the same."""


def joint_contents(
    scratch: Path,
    articles: Callable[[], Iterable[Article]],
    encoder: ImageEncoder,
    cache: EmbeddingCache,
    source: FigureSource,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[JointContents, JointReport]:
    """Encode what is not kept yet, and gather the rows of a generation's joint space.

    `articles` gives all articles of the generation, each time it is called, in the same order. The texts' vectors are a
    file in `scratch`, mapped into memory.
    """
    pmids = frozenset(article.pmid for article in articles())
    figures = [f for f in source.figures() if f.pmid in pmids]
    encoded = cache.fill_items(encoder.text_id, _texts(articles(), figures), encoder.encode_texts, progress)
    rows, hashes = _rows(articles(), figures)
    texts = JointRows(rows, _gathered(scratch / _GATHERED, cache, encoder, hashes))
    images, rejected = _images(figures, source, encoder, cache)
    contents = JointContents(texts, images, figures, encoder.spec.dimension)
    return contents, JointReport(len(rows), len(images.rows), encoded, rejected)


def verify_joint(
    joint: JointIndex | None, articles: Iterable[Article], encoder: ImageEncoder, counts: JointReport
) -> None:
    """Each part has its rows, and the texts of some articles lie where they should."""
    if joint is None:
        raise VerificationError("the generation was built with a joint space of images and texts and holds none")
    expected: dict[Part, int] = {"texts": counts.texts, "images": counts.images}
    for part, count in expected.items():
        if joint.count(part) != count:
            raise VerificationError(f"the joint space holds {joint.count(part):,} {part}; {count:,} were built")
    sample = [(article.pmid, n, text.text) for article in articles for n, text in enumerate(joint_texts(article))]
    sample = sample[:_CHECKED]
    fresh = encoder.encode_texts([text for _, _, text in sample]) if sample else ()
    for (pmid, number, _), vector in zip(sample, fresh, strict=True):
        # Written so that a vector of NaN, which compares as false, fails too.
        if not _likeness(joint, pmid, number, vector) >= _SAME:
            raise VerificationError(f"text {number} of PMID {pmid} does not lie where it should in the joint space")


def _likeness(joint: JointIndex, pmid: int, number: int, vector: npt.NDArray[np.float32]) -> float:
    try:
        return float(joint.vector("texts", pmid, number) @ vector)
    except KeyError:
        return 0.0


def _digest(text: str) -> bytes:
    return hashlib.blake2b(f"joint\0{text}".encode(), digest_size=_HASH_BYTES).digest()


def _texts(articles: Iterable[Article], figures: Iterable[Figure]) -> Iterator[tuple[bytes, str]]:
    for article in articles:
        for text in joint_texts(article):
            yield _digest(text.text), text.text
    for figure in figures:
        if figure.caption:
            yield _digest(figure.caption), figure.caption


def _rows(articles: Iterable[Article], figures: list[Figure]) -> tuple[npt.NDArray[np.int64], bytearray]:
    rows, hashes = array("q"), bytearray()
    for article in articles:
        for number, text in enumerate(joint_texts(article)):
            rows.extend((article.pmid, number))
            hashes += _digest(text.text)
    for place, figure in enumerate(figures):
        if figure.caption and figure.pmid is not None:
            rows.extend((figure.pmid, FIGURE + place))
            hashes += _digest(figure.caption)
    return np.array(rows, dtype=np.int64).reshape(-1, 2), hashes


def _gathered(path: Path, cache: EmbeddingCache, encoder: ImageEncoder, hashes: bytearray) -> npt.NDArray[np.float16]:
    """As a file mapped into memory: five texts of millions of articles take gigabytes."""
    count, width = len(hashes) // _HASH_BYTES, encoder.spec.dimension
    if count == 0:
        return np.zeros((0, width), dtype=np.float16)
    gathered = np.memmap(path, dtype=np.float16, mode="w+", shape=(count, width))
    each = (bytes(hashes[start : start + _HASH_BYTES]) for start in range(0, len(hashes), _HASH_BYTES))
    done = 0
    for batch in cache.read(encoder.text_id, each, width):
        gathered[done : done + len(batch)] = batch
        done += len(batch)
    return gathered


def _images(
    figures: list[Figure], source: FigureSource, encoder: ImageEncoder, cache: EmbeddingCache
) -> tuple[JointRows, int]:
    """Those of the figures' images, and how many were unusable."""
    rejected = 0
    used: list[tuple[int, int, bytes]] = []

    def usable() -> Iterator[tuple[bytes, Figure]]:
        nonlocal rejected
        for place, figure in enumerate(figures):
            data = source.image(figure)
            if data is None or figure.pmid is None:
                continue
            if _usable(data) is None:
                rejected += 1
                continue
            digest = hashlib.blake2b(data, digest_size=_HASH_BYTES).digest()
            used.append((figure.pmid, FIGURE + place, digest))
            yield digest, figure

    def encode(group: Sequence[Figure]) -> Vectors:
        # Decoded a few at a time, and so a second time: the images of thousands of figures do not fit into memory.
        parts = [group[start : start + _DECODED_AT_ONCE] for start in range(0, len(group), _DECODED_AT_ONCE)]
        return np.concatenate([encoder.encode_images([_pixels(source, figure) for figure in part]) for part in parts])

    cache.fill_items(encoder.spec.id, usable(), encode)
    rows = np.array([row[:2] for row in used], dtype=np.int64).reshape(-1, 2)
    width = encoder.spec.dimension
    batches = list(cache.read(encoder.spec.id, (digest for _, _, digest in used), width))
    return JointRows(rows, np.concatenate(batches) if batches else np.zeros((0, width), dtype=np.float16)), rejected


def _pixels(source: FigureSource, figure: Figure) -> Pixels:
    data = source.image(figure)
    if data is None:
        raise VerificationError(f"the image {figure.file} went away while a build read it; build again")
    return read_picture(data).pixels


def _usable(data: bytes) -> Picture | None:
    try:
        picture = read_picture(data)
    except ImageError:
        return None
    return None if inspect(picture).refused else picture
