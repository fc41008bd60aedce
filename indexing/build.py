"""Build a generation from the catalog: encode -> index -> gather vectors -> verify -> publish."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from indexing.catalog import Catalog, CatalogEntry
from indexing.embeddings import EmbeddingCache
from retrieval.analysis import Analyzer
from retrieval.encoders.base import Encoder
from retrieval.errors import InputError
from retrieval.index.embedded import EmbeddedBuilder
from retrieval.index.generation import GenerationStore
from retrieval.index.interface import IndexedArticle
from retrieval.index.manifest import FORMAT_VERSION, Manifest, sums, write_manifest
from retrieval.index.verify import Canary, verify_generation
from retrieval.records import IntegrityStatus, Record

_CANARIES: Final = 50
_GATHERED: Final = ".vectors.f16"

Progress = Callable[[str, int, int], None]
"""Hears (stage, articles done, articles in all)."""


class BuildReport(Record, frozen=True):
    generation: str
    articles: int
    retracted: int
    encoded: int
    """Texts that the encoder had to read; the others were kept from earlier builds."""
    pruned: tuple[str, ...] = ()


def build_generation(
    catalog: Catalog,
    store: GenerationStore,
    cache: EmbeddingCache,
    analyzer: Analyzer,
    encoder: Encoder | None,
    *,
    keep: int = 3,
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """Build, verify and publish the catalog's present state; `encoder` None builds without vectors.

    On any error the published generation stays as it was and the new one leaves no trace but the kept embeddings.
    """
    total = len(catalog)
    if total == 0:
        raise InputError("the catalog is empty: there is nothing to index; give files that hold articles")
    with store.building() as (name, folder):
        encoded = 0
        if encoder is not None:
            # Before anything else is written: hours of work that outlive a failed or killed build.
            encoded, _ = cache.fill(catalog.articles(), encoder, lambda done: progress("encode", done, total))
        builder = EmbeddedBuilder(folder, analyzer)
        contents = _Contents(catalog, random.Random(name))  # noqa: S311 - a reproducible sample, not a secret
        builder.add(contents.indexed(lambda done: progress("index", done, total)))
        pmids = np.array(contents.pmids, dtype=np.int64)
        vectors: npt.NDArray[np.float16] | None = None
        if encoder is not None:
            vectors = _gather(folder / _GATHERED, cache, encoder, contents.hashes, progress)
            builder.add_vectors(pmids, vectors)
        canaries = contents.canaries(pmids, vectors)
        del vectors
        (folder / _GATHERED).unlink(missing_ok=True)
        progress("verify", 0, total)
        write_manifest(folder, _manifest(name, folder, catalog, analyzer, encoder, len(pmids)))
        verify_generation(folder, analyzer, pmids, canaries)
        progress("verify", total, total)
        store.seal(folder, name)
    store.publish(name)
    pruned = tuple(store.prune(keep))
    return BuildReport(
        generation=name, articles=len(pmids), retracted=contents.retracted, encoded=encoded, pruned=pruned
    )


class _Contents:
    """What went into the index, remembered while it streams by: ids, content hashes and a sample of canaries."""

    def __init__(self, catalog: Catalog, sampler: random.Random) -> None:
        self._catalog = catalog
        self._sampler = sampler
        self._sample: list[CatalogEntry] = []
        self.pmids: list[int] = []
        self.hashes: list[bytes] = []
        self.retracted = 0

    def indexed(self, progress: Callable[[int], None]) -> Iterator[IndexedArticle]:
        for entry in self._catalog.articles():
            self._remember(entry)
            yield IndexedArticle(article=entry.article, integrity=entry.integrity)
            if len(self.pmids) % 1000 == 0:
                progress(len(self.pmids))
        progress(len(self.pmids))

    def _remember(self, entry: CatalogEntry) -> None:
        seen = len(self.pmids)
        self.pmids.append(entry.article.pmid)
        self.hashes.append(entry.content_hash)
        self.retracted += entry.integrity.status is IntegrityStatus.RETRACTED
        # Reservoir sampling (Vitter, 1985): every article is as likely to be a canary, in one pass.
        if len(self._sample) < _CANARIES:
            self._sample.append(entry)
        elif (place := self._sampler.randrange(seen + 1)) < _CANARIES:
            self._sample[place] = entry

    def canaries(self, pmids: npt.NDArray[np.int64], vectors: npt.NDArray[np.float16] | None) -> list[Canary]:
        rows = np.searchsorted(pmids, [entry.article.pmid for entry in self._sample])
        return [
            Canary(entry.article, None if vectors is None else vectors[row].astype(np.float32))
            for entry, row in zip(self._sample, rows, strict=True)
        ]


def _gather(
    path: Path, cache: EmbeddingCache, encoder: Encoder, hashes: list[bytes], progress: Progress
) -> npt.NDArray[np.float16]:
    """All vectors in catalog order, as a file mapped into memory: 5.3 million take 4 GB."""
    dimension = encoder.spec.dimension
    gathered = np.memmap(path, dtype=np.float16, mode="w+", shape=(len(hashes), dimension))
    done = 0
    for batch in cache.read(encoder.spec.id, hashes, dimension):
        gathered[done : done + len(batch)] = batch
        done += len(batch)
        progress("vectors", done, len(hashes))
    return gathered


def _manifest(
    name: str, folder: Path, catalog: Catalog, analyzer: Analyzer, encoder: Encoder | None, articles: int
) -> Manifest:
    position = catalog.position()
    return Manifest(
        generation=name,
        format_version=FORMAT_VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        analyzer=analyzer.fingerprint,
        stemmer=analyzer.stemmer,
        encoder=encoder.spec if encoder else None,
        articles=articles,
        vectors=articles if encoder else 0,
        source=position.name if position else "",
        files=sums(folder),
    )
