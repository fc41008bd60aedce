"""`pathlit search --image` and `--slide`: what goes with the words on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from api.schemas import image_view, slide_view
from pathlit.console import err, note, out, print_answer
from pathlit.progress import WorkProgress
from pathlit.render_image import render_image_result
from pathlit.wiring import HomeFolder
from retrieval.errors import InputError
from retrieval.image.asking import Part, prepare
from retrieval.image.picture import MOST_BYTES
from retrieval.image.records import ImageQuery, View
from retrieval.image.slide_search import search_slide

Image = Annotated[Path | None, typer.Option("--image", help="Search with an image: PNG, JPEG, TIFF.")]
Slide = Annotated[Path | None, typer.Option("--slide", help="Search with a whole slide: SVS, TIFF, NDPI, MRXS.")]
Region = Annotated[str, typer.Option("--region", help="Only this box of the image, in pixels: x,y,w,h.")]
RegionText = Annotated[
    str, typer.Option("--region-text", help='Only what is named: glands, stroma. "pathlit regions" lists them.')
]
Overlay = Annotated[
    Path | None, typer.Option("--overlay", help="Write the image with the region, the panels or the tiles drawn (PNG).")
]
ImageWeight = Annotated[
    float, typer.Option("--image-weight", min=0, max=1, help="Share of the image beside words and genes.")
]
Genes = Annotated[
    str, typer.Option("--genes", help='Expressed genes, "ERBB2:4.1, KRT5 -3.0", or a file of them: @genes.txt.')
]
Mpp = Annotated[float | None, typer.Option("--mpp", min=0.001, help="Microns per pixel, where known.")]


class ImageAsked(NamedTuple):
    """The options above, as given."""

    image: Path | None
    slide: Path | None
    part: Part
    overlay: Path | None


def search_with_image(place: HomeFolder, asked: ImageAsked, query: ImageQuery, *, as_json: bool) -> None:
    if asked.image and asked.slide:
        raise InputError("--image and --slide are given; search with one of them")
    searcher = place.open_searcher()
    images = place.image_search(searcher)
    if asked.slide:
        with WorkProgress(err).shown() as progress:
            found = search_slide(
                images, query, asked.slide, progress=lambda done, total: progress.stage("tiles", done, total)
            )
        _write(asked.overlay, found.thumbnail)
        result, notices, view = found.result, found.notices, slide_view(found)
    else:
        prepared = prepare(read_image(asked.image), asked.part) if asked.image else None
        views: tuple[View, ...] = prepared.views if prepared else ()
        result = images.search(query, views, prepared.gate.findings if prepared else ())
        notices = prepared.notices if prepared else ()
        overlay = prepared.overlay if prepared else None
        _write(asked.overlay, overlay)
        view = image_view(result, overlay_png=overlay, notices=notices)
    if as_json:
        print_answer(view, result.generation)
    else:
        render_image_result(result, notices, out)


def read_genes(text: str) -> str:
    """The list itself, or that of the file which an @ names."""
    if not text.startswith("@"):
        return text
    path = Path(text[1:])
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"the list of genes {path} cannot be read: {exc}") from exc


def read_image(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{path} has {path.stat().st_size:,} bytes, more than an image may have ({MOST_BYTES:,}); search with "
                "a smaller one, or with --slide"
            )
        return path.read_bytes()
    except OSError as exc:
        raise InputError(f"the image {path} cannot be read: {exc.strerror}") from exc


def _write(path: Path | None, png: bytes | None) -> None:
    if path is None:
        return
    if png is None:
        note("warning", f"{path} is not written: nothing is drawn into a whole image; give --region-text or --slide")
        return
    try:
        path.write_bytes(png)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc
