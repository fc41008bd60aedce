"""What of an image or a slide the answer pipeline works with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from retrieval.image.asking import ALL, Part, prepare
from retrieval.image.gate_rules import GateFinding
from retrieval.image.picture import MOST_BYTES, MOST_PIXELS
from retrieval.image.records import ImageQuery, ImageResult, View
from retrieval.image.search import ImageSearch
from retrieval.image.slide_search import search_slide
from retrieval.image.slides import Progress


class AskedImage(Protocol):
    """An image that was checked and can be searched with."""

    @property
    def is_slide(self) -> bool: ...

    @property
    def file(self) -> bytes | None:
        """As handed over, for tools; None for a slide, which is too large to hand on."""
        ...

    @property
    def notices(self) -> tuple[str, ...]: ...

    def search(self, images: ImageSearch, query: ImageQuery) -> ImageResult: ...


class AskedPicture(NamedTuple):
    file: bytes
    views: Sequence[View]
    findings: Sequence[GateFinding]
    notices: tuple[str, ...]

    @property
    def is_slide(self) -> bool:
        return False

    def search(self, images: ImageSearch, query: ImageQuery) -> ImageResult:
        return images.search(query, self.views, self.findings)


class AskedSlide(NamedTuple):
    path: Path
    progress: Progress | None = None

    @property
    def is_slide(self) -> bool:
        return True

    @property
    def file(self) -> bytes | None:
        return None

    @property
    def notices(self) -> tuple[str, ...]:
        return ()

    def search(self, images: ImageSearch, query: ImageQuery) -> ImageResult:
        return search_slide(images, query, self.path, progress=self.progress).result


def ask_with_picture(
    data: bytes, part: Part = ALL, *, most_bytes: int = MOST_BYTES, most_pixels: int = MOST_PIXELS
) -> AskedPicture:
    """ImageError for what is no usable image; see retrieval.image.asking.prepare."""
    asked = prepare(data, part, most_bytes=most_bytes, most_pixels=most_pixels)
    warnings = tuple(finding.message for finding in asked.gate.findings)
    return AskedPicture(data, asked.views, asked.gate.findings, (*warnings, *asked.notices))
