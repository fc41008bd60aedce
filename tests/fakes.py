"""Small stand-ins for what lies below a unit under test."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from indexing.build import BuildReport, build_generation
from indexing.catalog import Catalog
from indexing.embeddings import EmbeddingCache
from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder, EncoderSpec, Passage, Vectors
from retrieval.index.embedded import EmbeddedReader
from retrieval.index.generation import GenerationStore
from retrieval.records import Article, Deletion, PartialDate, Section
from retrieval.search import Searcher


class HashingEncoder:
    """Counts words in hashed buckets: texts that share words lie close. Remembers what it was asked to encode."""

    def __init__(self, dimension: int = 64, name: str = "hashing") -> None:
        self.spec = EncoderSpec(name=name, revision="1", dimension=dimension, max_tokens=0, licence="MIT")
        self.encoded: list[Passage] = []

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        self.encoded.extend(passages)
        return np.stack([self._vector(f"{p.title} {p.abstract}") for p in passages])

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.spec.dimension, dtype=np.float32)
        for word in text.lower().split():
            digest = hashlib.blake2b(word.encode(errors="replace"), digest_size=4).digest()
            vector[int.from_bytes(digest, "big") % self.spec.dimension] += 1
        return vector / max(float(np.linalg.norm(vector)), 1e-6)


def article(pmid: int, title: str, abstract: str = "", *, year: int | None = None) -> Article:
    return Article(
        pmid=pmid,
        title=title,
        sections=(Section(text=abstract),) if abstract else (),
        published=PartialDate(sortable=f"{year}-01-01", precision="year", raw=str(year)) if year else None,
    )


class Corpus:
    """A home folder of its own: records in, a published generation and a searcher out."""

    def __init__(self, home: Path, encoder: Encoder | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.encoder = encoder
        self.analyzer = Analyzer()
        self.store = GenerationStore(home / "generations")
        self.cache = EmbeddingCache(home / "embeddings.sqlite")

    def publish(
        self, records: Iterable[Article | Deletion] = (), *, source: str = "test", keep: int = 3
    ) -> BuildReport:
        with Catalog.open(self.home / "catalog.sqlite") as catalog:
            catalog.apply(records, source=source)
            catalog.mark_complete(source, "test")
            return build_generation(catalog, self.store, self.cache, self.analyzer, self.encoder, keep=keep)

    def open_reader(self, generation: str | None = None) -> EmbeddedReader:
        return EmbeddedReader.open(self.store.folder(generation or self.store.current()), self.analyzer)

    def open_searcher(self, generation: str | None = None) -> Searcher:
        reader = self.open_reader(generation)
        return Searcher(
            reader,
            generation=reader.manifest.generation,
            analyzer=self.analyzer,
            encoder=self.encoder if reader.manifest.encoder else None,
        )
