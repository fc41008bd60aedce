"""Settings become objects: the one place that decides which parts a command works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from evaluation.systems import System
from indexing.build import ImageSide, Progress
from indexing.bulk.source import BulkSource
from indexing.catalog import Catalog
from indexing.embeddings import EmbeddingCache
from indexing.encoding.opening import open_runner
from indexing.encoding.recipe import EncoderRecipe
from indexing.encoding.runner import Runner
from indexing.entrez.source import EntrezSource
from indexing.entrez.topup import EntrezTopUp
from indexing.figures.images import ImageFolder
from indexing.figures.pmc_cloud import PmcCloud
from indexing.figures.store import FigureStore
from indexing.joint import FigureSource
from indexing.mesh_entry_terms import mesh_groups
from indexing.mesh_file import MeshFile
from indexing.refresh import HOME_LOCK, Gates, Refresher, Sources
from indexing.refresh_report import Stage
from pathlit.settings import Settings
from retrieval.analysis import Analyzer
from retrieval.answer.abstention import AbstentionModel, read_abstention, shipped
from retrieval.answer.answerer import Answerer
from retrieval.answer.llm.language_model import LanguageModel
from retrieval.answer.llm.openai_client import OpenAIModel
from retrieval.encoders.base import Encoder
from retrieval.encoders.image.base import ImageEncoder
from retrieval.encoders.image.opening import open_image_encoder
from retrieval.encoders.opening import open_encoder
from retrieval.encoders.text import DEFAULT_MODEL
from retrieval.errors import CatalogError, ConfigurationError
from retrieval.exclusive import exclusive
from retrieval.image.concepts import ConceptFinder
from retrieval.image.search import ImageSearch
from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
from retrieval.index.generation import GenerationStore
from retrieval.index.generations import Generations
from retrieval.index.interface import IndexedArticle, IndexReader
from retrieval.index.manifest import require_encoder
from retrieval.live import LiveSearcher
from retrieval.lookup.lookup import CitationLookup
from retrieval.records import Article, Integrity
from retrieval.rerank.base import Reranker
from retrieval.rerank.opening import open_reranker
from retrieval.router.base import Router
from retrieval.router.log import LoggedRouter
from retrieval.router.opening import open_router
from retrieval.search import Searcher
from retrieval.synonyms import Synonyms
from retrieval.tools.calling import Toolbox
from retrieval.tools.registry import read_tools
from retrieval.verify.base import Verifier
from retrieval.verify.opening import open_verifier
from retrieval.vocabulary.concepts import CONCEPTS, read_concepts
from retrieval.vocabulary.file import PATHOLOGY, Vocabulary, read_vocabulary

_PATIENT = 8
_NO_HURRY_S = 600.0
_TOP_UP_TIMEOUT_S = 4.0
_TOP_UP_CONNECT_S = 2.0


class HomeFolder:
    """The parts of one home folder, each made when first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    def home(self) -> Path:
        return self.settings.home

    def make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(
                f"the folder {self.home} cannot be made: {exc.strerror}; choose another --home"
            ) from exc

    @contextmanager
    def working(self, work: str) -> Iterator[None]:
        """Makes the home folder and holds its lock: whatever writes there is done by one process at a time."""
        self.make_home()
        with exclusive(self.home / HOME_LOCK, work):
            yield

    @property
    def catalog_path(self) -> Path:
        return self.home / "catalog.sqlite"

    def open_catalog(self, *, read_only: bool = False) -> Catalog:
        return Catalog.open(self.catalog_path, read_only=read_only)

    @property
    def figures_path(self) -> Path:
        return self.home / "figures.sqlite"

    def open_figures(self, *, read_only: bool = False) -> FigureStore:
        return FigureStore.open(self.figures_path, read_only=read_only)

    @property
    def images(self) -> ImageFolder:
        return ImageFolder(self.home / "figures")

    def pmc_cloud(self) -> PmcCloud:
        return PmcCloud(self.settings.figures.url, connections=self.settings.figures.connections)

    @cached_property
    def store(self) -> Generations:
        """In the home folder, or in the cluster that the settings name."""
        settings = self.settings.elasticsearch
        if not settings.hosts:
            return GenerationStore(self.home / "generations")
        return ElasticsearchGenerations(settings.access(), settings.layout(), self.home / "elasticsearch")

    @cached_property
    def embeddings(self) -> EmbeddingCache:
        return EmbeddingCache(self.home / "embeddings.sqlite")

    @cached_property
    def analyzer(self) -> Analyzer:
        # Without MeSH's terms: another year's file must not ask for another index.
        return Analyzer(self._names.symbols())

    @cached_property
    def _names(self) -> Vocabulary:
        return read_vocabulary(self.settings.vocabulary or PATHOLOGY)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The file of names that the settings give, with MeSH's entry terms where there is such a file."""
        mesh = self.settings.mesh_descriptors
        if mesh is None or not MeshFile(mesh).is_descriptor_file:
            return self._names
        return self._names.with_more(mesh_groups(mesh, self.home / "mesh-terms.msgpack"))

    @property
    def mesh(self) -> MeshFile | None:
        """For a build: where the MeSH tree is read from."""
        path = self.settings.mesh_descriptors
        return MeshFile(path) if path else None

    @cached_property
    def synonyms(self) -> Synonyms:
        return Synonyms(self.vocabulary, self.analyzer)

    @cached_property
    def encoder(self) -> Encoder:
        settings = self.settings
        return open_encoder(
            settings.encoder,
            revision=settings.encoder_revision,
            accepted_licences=settings.accepted_licences,
            dimension=settings.encoder_dimension,
        )

    @property
    def runner(self) -> Runner:
        """For a build: who encodes."""
        settings = self.settings
        recipe = EncoderRecipe(
            settings.encoder, settings.encoder_revision, settings.accepted_licences, settings.encoder_dimension
        )
        return open_runner(settings.ray, self.home, recipe)

    @cached_property
    def image_encoder(self) -> ImageEncoder | None:
        """None where the settings name none."""
        settings = self.settings
        if not settings.image_encoder:
            return None
        return open_image_encoder(
            settings.image_encoder,
            revision=settings.image_encoder_revision,
            accepted_licences=settings.accepted_licences,
            sha256=settings.image_encoder_sha256,
        )

    @property
    def image_side(self) -> ImageSide | None:
        """For a build: what images are asked with, and the figures that were collected."""
        encoder = self.image_encoder
        return ImageSide(encoder, FigureSource(self.figures_path, self.images)) if encoder else None

    @cached_property
    def _concepts(self) -> ConceptFinder | None:
        encoder = self.image_encoder
        return ConceptFinder(encoder, read_concepts(self.settings.concepts or CONCEPTS)) if encoder else None

    def image_search(self, searcher: Searcher) -> ImageSearch:
        """Searches by image in a searcher's generation; ConfigurationError where that was built without."""
        if self.image_encoder is None or self._concepts is None:
            raise ConfigurationError(
                "images cannot be asked with: no image encoder is configured; name one (PATHLIT_IMAGE_ENCODER, see "
                "`pathlit doctor --help`) and build again with `pathlit index`"
            )
        return ImageSearch(searcher, self.image_encoder, self._concepts)

    def citation_lookup(self, searcher: Searcher) -> CitationLookup:
        return CitationLookup(searcher, self.verifier)

    def images_of(self, searcher: Searcher) -> ImageSearch | None:
        """The same; None where images cannot be asked with."""
        with_images = self.image_encoder is not None and searcher.reader.joint_reader is not None
        return self.image_search(searcher) if with_images else None

    def open_reader(self, generation: str | None = None) -> IndexReader:
        return self.store.open(generation or self.store.current(), self.analyzer)

    def open_searcher(self, generation: str | None = None) -> Searcher:
        """Opens a generation, the published one by default; refuses one that another encoder built."""
        reader = self.open_reader(generation)
        encoder = self.encoder if reader.manifest.encoder else None
        if encoder is not None:
            require_encoder(reader.manifest, encoder.spec)
        weight = self.settings.lexical_weight
        return Searcher(
            reader,
            generation=reader.manifest.generation,
            analyzer=self.analyzer,
            encoder=encoder,
            weights={"lexical": weight, "dense": 1 - weight},
            synonyms=self.synonyms,
            reranker=self.reranker if encoder else None,
            rerank_budget_s=self.settings.rerank_budget_s,
        )

    @cached_property
    def reranker(self) -> Reranker | None:
        """Loaded, so that no query's time budget pays for that; None where the settings want none."""
        settings = self.settings
        reranker = open_reranker(
            settings.reranker, self.analyzer, self.encoder, accepted_licences=settings.accepted_licences
        )
        if reranker is not None:
            reranker.load()
        return reranker

    @cached_property
    def verifier(self) -> Verifier:
        """Loaded, as the reranker is."""
        settings = self.settings
        # The packaged model is not loaded a second time; another one need not be at hand to check a claim.
        encoder = self.encoder if settings.encoder == DEFAULT_MODEL else None
        verifier = open_verifier(settings.verifier, accepted_licences=settings.accepted_licences, encoder=encoder)
        verifier.load()
        return verifier

    @cached_property
    def abstention(self) -> AbstentionModel:
        return read_abstention(self.settings.abstention) if self.settings.abstention else shipped()

    @cached_property
    def language_model(self) -> LanguageModel | None:
        """None where the settings name none: answers then quote the papers."""
        settings = self.settings.llm
        if not settings.url:
            return None
        if not settings.model:
            raise ConfigurationError(
                "a language model's server is set (llm.url) and no model: name one (PATHLIT_LLM__MODEL)"
            )
        return OpenAIModel(
            settings.url,
            settings.model,
            api_key=settings.api_key,
            context_tokens=settings.context_tokens,
            timeout=settings.timeout_s,
            longest=settings.longest_s,
            max_retries=settings.max_retries,
        )

    @cached_property
    def toolbox(self) -> Toolbox | None:
        return Toolbox(read_tools(self.settings.tools)) if self.settings.tools else None

    @cached_property
    def router(self) -> Router:
        router = open_router(self.settings.router)
        log = self.settings.router_log
        return LoggedRouter(router, log, explore=self.settings.router_explore) if log else router

    def answerer(self, searcher: Searcher) -> Answerer:
        """Answers from a searcher's generation, with images where that was built with an image encoder."""
        return Answerer(
            searcher,
            verifier=self.verifier,
            router=self.router,
            model=self.language_model,
            images=self.images_of(searcher),
            toolbox=self.toolbox,
            abstention=self.abstention,
        )

    def open_system(self, system: System) -> Searcher:
        """The published generation, searched as an entry of the leaderboard is configured."""
        changes: dict[str, object] = {"lexical_weight": system.lexical_weight}
        if system.encoder:
            changes |= {"encoder": system.encoder, "encoder_revision": None, "encoder_dimension": None}
        if system.reranker:
            changes["reranker"] = system.reranker
        # What is found must not depend on what else the machine does; how long it takes is reported beside it.
        changes["rerank_budget_s"] = _NO_HURRY_S
        if system.home:
            changes["home"] = Path(system.home)
        return HomeFolder(self.settings.model_copy(update=changes)).open_searcher()

    def article(self, identifier: str, generation: str) -> IndexedArticle:
        """One article of a generation, without loading an encoder."""
        reader = self.open_reader(generation)
        searcher = Searcher(reader, generation=generation, analyzer=self.analyzer, encoder=None)
        return searcher.article(identifier)

    def live_searcher(self) -> LiveSearcher:
        return LiveSearcher(self.store, self.open_searcher)

    @cached_property
    def top_up(self) -> EntrezTopUp:
        """Asks NCBI with the words of a query; only where somebody wished that."""
        source = self.entrez(timeout=_TOP_UP_TIMEOUT_S, connect_timeout=_TOP_UP_CONNECT_S, max_attempts=2)
        return EntrezTopUp(source, patience_s=_TOP_UP_TIMEOUT_S, judge=self._judge)

    def _judge(self, articles: Sequence[Article]) -> dict[int, Integrity]:
        try:
            with self.open_catalog(read_only=True) as catalog:
                return {article.pmid: catalog.judge(article) for article in articles}
        except CatalogError:
            # A home folder without its catalog, or one that may only be read: their own records must do.
            return {}

    def entrez(
        self, *, timeout: float = 60.0, connect_timeout: float = 10.0, max_attempts: int = _PATIENT
    ) -> EntrezSource:
        """By default with the patience of a job that runs at night; times in seconds."""
        settings = self.settings.entrez
        return EntrezSource(
            settings.email,
            api_key=settings.api_key.get_secret_value() if settings.api_key else None,
            base_url=settings.url,
            timeout=timeout,
            connect_timeout=connect_timeout,
            max_attempts=max_attempts,
        )

    def refresher(
        self,
        *,
        bulk: str,
        queries: Sequence[str],
        vectors: bool,
        progress: Progress,
        hear: Callable[[Stage], None],
    ) -> Refresher:
        settings = self.settings.refresh
        downloads = BulkSource(bulk, self.home / "downloads", keep=settings.keep_downloads) if bulk else None
        return Refresher(
            self.home,
            self.catalog_path,
            self.store,
            self.embeddings,
            self.analyzer,
            self.encoder if vectors else None,
            Sources(downloads, self.entrez() if queries else None, tuple(queries), settings.sweep_after_days),
            mesh=self.mesh,
            images=self.image_side if vectors else None,
            runner=self.runner,
            gates=Gates(max_rejected=settings.max_rejected, max_shrink=settings.max_shrink),
            keep=self.settings.keep_generations,
            progress=progress,
            hear=hear,
        )
