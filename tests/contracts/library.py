"""A catalog and the generations that are built of it, whichever backend keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from indexing.build import BuildReport, ImageSide, Progress, build_generation
from indexing.catalog import Catalog
from indexing.embeddings import EmbeddingCache
from indexing.figures.images import ImageFolder
from indexing.figures.store import ArticleState, FigureStore
from indexing.joint import FigureSource
from indexing.mesh_file import MeshFile
from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder
from retrieval.encoders.image.base import ImageEncoder
from retrieval.index.generations import Generations
from retrieval.index.interface import IndexedArticle, IndexReader
from retrieval.live import LiveSearcher
from retrieval.mesh_tree import MeshTree
from retrieval.records import Article, Deletion, Figure
from retrieval.search import Searcher
from retrieval.synonyms import Synonyms


class Library:
    """Records in; published generations, readers and searchers out."""

    def __init__(
        self,
        home: Path,
        generations: Generations,
        encoder: Encoder | None = None,
        *,
        analyzer: Analyzer | None = None,
        image_encoder: ImageEncoder | None = None,
        mesh: MeshFile | None = None,
        synonyms: Synonyms | None = None,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.generations = generations
        self.encoder = encoder
        self.image_encoder = image_encoder
        self.mesh = mesh
        self.synonyms = synonyms
        self.analyzer = analyzer or Analyzer()
        self.cache = EmbeddingCache(home / "embeddings.sqlite")

    def publish(
        self,
        records: Iterable[Article | Deletion] = (),
        *,
        source: str = "test",
        keep: int = 3,
        progress: Progress = lambda stage, done, total: None,
    ) -> BuildReport:
        with Catalog.open(self.home / "catalog.sqlite") as catalog:
            catalog.apply(records, source=source)
            catalog.mark_complete(source, "test")
            return build_generation(
                catalog,
                self.generations,
                self.cache,
                self.analyzer,
                self.encoder,
                mesh=self.mesh,
                images=self._images(),
                keep=keep,
                progress=progress,
            )

    def add_figures(self, figures: Mapping[Figure, bytes | None]) -> None:
        """The figures of one article, all of them, with the bytes of their images where there are some."""
        first = next(iter(figures))
        state = ArticleState(
            first.pmcid.partition(".")[0], 1, state=first.caption, pmid=first.pmid, is_retracted=first.is_retracted
        )
        with FigureStore.open(self.home / "figures.sqlite") as store:
            store.put(state, list(figures))
        folder = ImageFolder(self.home / "figures")
        for known, data in figures.items():
            if data is not None:
                folder.keep(known.file, data)

    def _images(self) -> ImageSide | None:
        if self.image_encoder is None:
            return None
        source = FigureSource(self.home / "figures.sqlite", ImageFolder(self.home / "figures"))
        return ImageSide(self.image_encoder, source)

    def indexed(self) -> list[IndexedArticle]:
        """What a generation of the catalog's present state must hold, by rising PMID."""
        with Catalog.open(self.home / "catalog.sqlite") as catalog:
            return [IndexedArticle(entry.article, entry.integrity) for entry in catalog.articles()]

    @property
    def tree(self) -> MeshTree:
        return self.mesh.tree() if self.mesh else MeshTree()

    def open(self, generation: str | None = None) -> IndexReader:
        return self.generations.open(generation or self.generations.current(), self.analyzer)

    def searcher(self, generation: str | None = None) -> Searcher:
        reader = self.open(generation)
        return Searcher(
            reader,
            generation=reader.manifest.generation,
            analyzer=self.analyzer,
            encoder=self.encoder if reader.manifest.encoder else None,
            synonyms=self.synonyms,
        )

    def live(self) -> LiveSearcher:
        return LiveSearcher(self.generations, self.searcher)
