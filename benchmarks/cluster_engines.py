"""The engines that benchmarks.cluster compares, each opened and built in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Literal

import numpy as np
from msgspec.structs import replace

from benchmarks.generated import generated, material
from benchmarks.memory import Memory, Watch
from indexing.build import build_generation
from indexing.catalog import Catalog
from indexing.catalog_batch import content_hash
from indexing.embeddings import EmbeddingCache
from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder, EncoderSpec, Passage, Vectors
from retrieval.encoders.text import TextEncoder
from retrieval.index.generation import GenerationStore
from retrieval.index.generations import Generations
from retrieval.records import Article, Record, Section

VECTORS = "vectors.npy"
YEARS = "years.npy"
RETRACTED = "retracted.npy"
_PARTS = {"lexical": "words and columns", "dense": "vectors"}


class Engine(Record, frozen=True):
    """Where generations are kept, and of what kind."""

    name: str
    folder: Path
    hosts: tuple[str, ...] = ()
    """Of a cluster; empty for the embedded engine."""
    vectors: Literal["int8_hnsw", "bbq_hnsw", ""] = ""
    """Of a cluster: how it indexes them."""
    with_vectors: bool = True

    @property
    def prefix(self) -> str:
        return f"bench-{self.vectors or 'words'}".replace("_", "-")

    def open(self) -> Generations:
        if not self.hosts:
            return GenerationStore(self.folder)
        from retrieval.index.elasticsearch.connection import Access
        from retrieval.index.elasticsearch.generations import ElasticsearchGenerations
        from retrieval.index.elasticsearch.layout import Layout

        layout = Layout(prefix=self.prefix, vectors=self.vectors or "int8_hnsw")
        return ElasticsearchGenerations(Access(hosts=self.hosts), layout, self.folder)


class GeneratedEncoder(Encoder):
    """Reads queries as MiniLM does; the vectors of generated articles are looked up, never computed."""

    def __init__(self, cache: EmbeddingCache, spec: EncoderSpec) -> None:
        """`spec` is MiniLM's, which is not loaded before the first query: builds need no model."""
        self._cache = cache
        self._spec = replace(spec, name="generated")
        self._text = TextEncoder()

    @property
    def spec(self) -> EncoderSpec:
        return self._spec

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._text.encode_queries(texts)

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        """CatalogError for one that is not kept."""
        hashes = [content_hash(Article(pmid=0, title=p.title, sections=(Section(p.abstract),))) for p in passages]
        kept = self._cache.read(self.spec.id, hashes, self.spec.dimension)
        return np.concatenate(list(kept)).astype(np.float32)


class Filled(Record, frozen=True):
    """What filling the catalog and the embeddings took."""

    articles: int
    catalog_s: float
    """Seconds in Catalog.apply, without making the articles."""
    cache_s: float
    catalog_bytes: int
    cache_bytes: int
    text_bytes: int
    """Of titles and abstracts."""


def fill(home: Path, source_home: Path, spec: EncoderSpec, count: int, seed: int) -> Filled:
    """A home folder of `count` generated articles with their vectors, and the same vectors in a file by rising PMID."""
    cache = EmbeddingCache(home / "embeddings.sqlite")
    encoder = GeneratedEncoder(cache, spec)
    source = material(source_home, spec.id, spec.dimension)
    vectors = np.lib.format.open_memmap(home / VECTORS, mode="w+", dtype=np.float16, shape=(count, spec.dimension))
    years, retracted = np.empty(count, dtype=np.int16), np.empty(count, dtype=bool)
    done, text_bytes, catalog_s, cache_s = 0, 0, 0.0, 0.0
    with Catalog.open(home / "catalog.sqlite") as catalog:
        for block in generated(source, count, seed):
            place = slice(done, done + len(block.articles))
            vectors[place] = block.vectors
            years[place] = [article.year or 0 for article in block.articles]
            retracted[place] = [article.publication_types[-1].ui == "D016441" for article in block.articles]
            text_bytes += sum(len(f"{article.title} {article.abstract}".encode()) for article in block.articles)
            start = perf_counter()
            catalog.apply(block.articles, source="generated")
            catalog_s += perf_counter() - start
            start = perf_counter()
            items = ((content_hash(a), row) for a, row in zip(block.articles, block.vectors, strict=True))
            cache.fill_items(encoder.spec.id, items, lambda rows: np.stack(rows).astype(np.float32))
            cache_s += perf_counter() - start
            done += len(block.articles)
        catalog.mark_complete("generated", f"{count} {seed}")
    vectors.flush()
    np.save(home / YEARS, years)
    np.save(home / RETRACTED, retracted)
    return Filled(
        count, catalog_s, cache_s, _bytes(home, "catalog.sqlite*"), _bytes(home, "embeddings.sqlite*"), text_bytes
    )


class Built(Record, frozen=True):
    """One build, by the same function that `pathlit index` calls."""

    generation: str
    articles: int
    seconds: float
    cpu_s: float
    """Seconds that the building process kept cores busy, all together: what else the machine did is left out."""
    stages: dict[str, float]
    """Seconds of each, in order; their sum is `seconds`."""
    peak: Memory
    """Of the building process; of the server see elsewhere."""
    bytes: dict[str, int]
    """On disk, part by part, where the engine is embedded."""


def build(engine: Engine, home: Path, spec: EncoderSpec) -> Built:
    cache = EmbeddingCache(home / "embeddings.sqlite")
    encoder = GeneratedEncoder(cache, spec) if engine.with_vectors else None
    reached: list[tuple[str, float]] = []

    def progress(stage: str, done: int, total: int) -> None:
        reached.append((stage, perf_counter()))

    generations = engine.open()
    with Catalog.open(home / "catalog.sqlite") as catalog, Watch() as watch:
        start, busy = perf_counter(), process_time()
        report = build_generation(catalog, generations, cache, Analyzer(), encoder, progress=progress)
        end, busy = perf_counter(), process_time() - busy
    stages: dict[str, float] = {}
    before = start
    for stage, when in [*reached, ("seal and publish", end)]:
        stages[stage] = round(stages.get(stage, 0.0) + when - before, 3)
        before = when
    parts: dict[str, int] = {}
    if isinstance(generations, GenerationStore):
        for name, file in generations.manifest(report.generation).files.items():
            part = "stored articles" if name.endswith(".store") else _PARTS.get(name.partition("/")[0], "other")
            parts[part] = parts.get(part, 0) + file.bytes
    return Built(report.generation, report.articles, round(end - start, 3), round(busy, 3), stages, watch.peak, parts)


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))
