"""An image encoder that goes by colour, images that the gate lets pass, and a home folder with a joint space."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from indexing.build import BuildReport, ImageSide, build_generation, built_before
from indexing.catalog import Catalog
from indexing.figures.images import ImageFolder
from indexing.figures.store import ArticleState, FigureStore
from indexing.joint import FigureSource
from retrieval.encoders.base import Encoder, EncoderSpec, Vectors
from retrieval.image.concepts import ConceptFinder
from retrieval.image.picture import Pixels
from retrieval.image.search import ImageSearch
from retrieval.index.joint import JointReader
from retrieval.index.manifest import Manifest
from retrieval.records import Article, Deletion, Figure
from retrieval.vocabulary.concepts import Concept, ConceptKind
from tests.fakes import Corpus, HashingEncoder
from tests.retrieval.image.slide_files import GLASS, TILE, texture

LUNG: Final = "lung adenocarcinoma"
COLON: Final = "colon adenocarcinoma"
SKIN: Final = "skin melanoma"
STAIN_OF: Final = {LUNG: "violet", COLON: "pink", SKIN: "brown"}
_COLOURS: Final = {shown: texture(stain).mean(axis=(0, 1)) for shown, stain in STAIN_OF.items()}
_FURTHEST: Final = 20.0
"""Grey levels from the colour of something known; what lies beyond shows nothing known."""
_WHITE: Final = 235
_DIMENSION: Final = 256


class ColourEncoder:
    """Reads an image's mean colour as words, and counts words in hashed buckets. Remembers what it encoded."""

    prompt_templates = ("{}", "an image of {}")

    def __init__(self, name: str = "colours", *, logit_scale: float = 20.0) -> None:
        self.spec = EncoderSpec(name=name, revision="1", dimension=_DIMENSION, max_tokens=77, licence="MIT")
        self.text_id = f"{name}@1 texts"
        self.logit_scale = logit_scale
        self.texts: list[str] = []
        self.images = 0

    def encode_images(self, images: Sequence[Pixels]) -> Vectors:
        self.images += len(images)
        return np.stack([self._words(_shown(pixels)) for pixels in images])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        self.texts.extend(texts)
        return np.stack([self._words(text) for text in texts])

    def _words(self, text: str) -> Vectors:
        vector = np.zeros(_DIMENSION, dtype=np.float32)
        for word in text.lower().replace(".", " ").replace(",", " ").split():
            digest = hashlib.blake2b(word.encode(errors="replace"), digest_size=4).digest()
            vector[1 + int.from_bytes(digest, "big") % (_DIMENSION - 1)] += 1
        if not vector.any():
            # Where no word lies.
            vector[0] = 1
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def _shown(pixels: Pixels) -> str:
    tissue = pixels[pixels.min(axis=2) < _WHITE]
    colour = tissue.mean(axis=0) if len(tissue) else np.array(GLASS)
    distances = {shown: float(np.linalg.norm(colour - known)) for shown, known in _COLOURS.items()}
    nearest = min(distances, key=distances.__getitem__)
    return nearest if distances[nearest] < _FURTHEST else ""


def patch(shows: str, seed: int = 0, side: int = TILE) -> Pixels:
    """Tissue of the colour of what it shows; of nothing known in that of something else."""
    if shows:
        return texture(STAIN_OF[shows], seed, side)
    return texture("violet", seed, side)[..., ::-1].copy()


def figure_of(*shows: str, gutter: int = 12) -> Pixels:
    """Panels side by side."""
    white = np.full((TILE, gutter, 3), 255, dtype=np.uint8)
    parts = [part for n, shown in enumerate(shows) for part in (white, patch(shown, n))]
    return np.concatenate(parts[1:], axis=1)


def chart() -> Pixels:
    """Bars, as no section has them."""
    pixels = np.full((256, 320, 3), 255, dtype=np.uint8)
    for n, colour in enumerate(((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40))):
        pixels[200 - 40 * n : 230, 30 + 70 * n : 80 + 70 * n] = colour
    return pixels


def png(pixels: Pixels) -> bytes:
    return encoded(pixels, "PNG")


def encoded(pixels: Pixels, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=kind, **options)
    return buffer.getvalue()


def concept(kind: ConceptKind, name: str, organ: str = "", term: str = "") -> Concept:
    words = (organ,) if organ else ()
    terms = (term,) if term else ()
    return Concept(name, kind, query=name, organ=organ, organ_words=words, terms=terms, prompts=(name,))


CONCEPTS: Final = (
    concept("entity", LUNG, "lung", "adenocarcinoma"),
    concept("entity", COLON, "colon", "adenocarcinoma"),
    concept("entity", SKIN, "skin", "melanoma"),
    concept("entity", "meningioma", "brain", "meningioma"),
    concept("organ", "lung", "lung"),
    concept("organ", "colon", "colon"),
    concept("organ", "skin", "skin"),
    concept("organ", "brain", "brain"),
)
"""Four of a kind: what is like none of them is each with a probability of a quarter, too little to be searched for."""


def figure(pmid: int, caption: str, *, name: str = "fig1", is_retracted: bool = False) -> Figure:
    version = f"PMC{pmid}.1"
    return Figure(
        id=f"{version}:{name}",
        pmcid=version,
        pmid=pmid,
        label=f"Figure {name.removeprefix('fig')}",
        caption=caption,
        file=f"{version}/{name}.png",
        license_code="CC BY",
        is_retracted=is_retracted,
    )


class ImageCorpus(Corpus):
    """A home folder whose generations hold a joint space; without `image_encoder` they hold none."""

    def __init__(self, home: Path, encoder: Encoder | None = None, image_encoder: ColourEncoder | None = None) -> None:
        super().__init__(home, encoder or HashingEncoder())
        self.image_encoder = image_encoder

    @property
    def side(self) -> ImageSide | None:
        if self.image_encoder is None:
            return None
        return ImageSide(self.image_encoder, FigureSource(self.home / "figures.sqlite", self._images))

    @property
    def _images(self) -> ImageFolder:
        return ImageFolder(self.home / "figures")

    def add_figures(self, figures: Mapping[Figure, bytes | None]) -> None:
        """The figures of one article, all of them, with the bytes of their images where there are some."""
        first = next(iter(figures))
        state = ArticleState(
            first.pmcid.partition(".")[0], 1, state=first.caption, pmid=first.pmid, is_retracted=first.is_retracted
        )
        with FigureStore.open(self.home / "figures.sqlite") as store:
            store.put(state, list(figures))
        for known, data in figures.items():
            if data is not None:
                self._images.keep(known.file, data)

    def publish(
        self, records: Iterable[Article | Deletion] = (), *, source: str = "test", keep: int = 3
    ) -> BuildReport:
        with Catalog.open(self.home / "catalog.sqlite") as catalog:
            catalog.apply(records, source=source)
            catalog.mark_complete(source, "test")
            return build_generation(
                catalog, self.store, self.cache, self.analyzer, self.encoder, images=self.side, keep=keep
            )

    def built_before(self) -> Manifest | None:
        with Catalog.open(self.home / "catalog.sqlite") as catalog:
            return built_before(self.store, catalog, self.analyzer, self.encoder, images=self.side)

    def open_joint(self) -> JointReader:
        joint = self.open_reader().joint_reader
        assert joint is not None
        return joint

    def open_image_search(self, asked_with: ColourEncoder | None = None) -> ImageSearch:
        encoder = asked_with or self.image_encoder or ColourEncoder()
        return ImageSearch(self.open_searcher(), encoder, ConceptFinder(encoder, CONCEPTS))
