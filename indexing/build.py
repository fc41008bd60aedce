"""Build a generation from the catalog: encode -> gather vectors -> index -> verify -> publish -> prune.

The catalog must not change meanwhile: whoever builds holds the home folder's lock (retrieval.exclusive).
"""

from __future__ import annotations

import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from indexing.catalog import Catalog, CatalogEntry
from indexing.catalog_batch import HASH_BYTES
from indexing.embeddings import EmbeddingCache
from indexing.encoding.runner import Runner
from indexing.joint import FigureSource, JointReport, joint_contents, verify_joint
from indexing.mesh_file import MeshFile
from retrieval.analysis import Analyzer
from retrieval.classification import read_tables
from retrieval.encoders.base import Encoder, Passage
from retrieval.encoders.image.base import ImageEncoder
from retrieval.errors import GenerationError, InputError
from retrieval.index.generations import Contents, Generations
from retrieval.index.interface import IndexedArticle
from retrieval.index.joint_space import JointContents
from retrieval.index.manifest import FORMAT_VERSION, Manifest
from retrieval.index.verify import Canary, verify_generation
from retrieval.integrity import EXCLUDED
from retrieval.mesh_tree import MeshTree
from retrieval.records import IntegrityStatus, Record
from retrieval.vocabulary.classes import fingerprint

_CANARIES: Final = 50
_GATHERED: Final = "vectors.f16"

Progress = Callable[[str, int, int], None]
"""Hears (stage, articles done, articles in all)."""


class BuildReport(Record, frozen=True):
    generation: str
    articles: int
    retracted: int
    """Withdrawn ones included."""
    encoded: int
    """Texts that the encoder had to read; the others were kept from earlier builds."""
    pruned: tuple[str, ...] = ()
    joint_texts: int = 0
    joint_images: int = 0
    images_rejected: int = 0
    """Figure images that cannot be read or show no tissue; their captions are searched all the same."""


class ImageSide(NamedTuple):
    """What a build needs for a joint space of images and texts."""

    encoder: ImageEncoder
    figures: FigureSource


def build_generation(
    catalog: Catalog,
    generations: Generations,
    cache: EmbeddingCache,
    analyzer: Analyzer,
    encoder: Encoder | None,
    *,
    mesh: MeshFile | None = None,
    images: ImageSide | None = None,
    runner: Runner | None = None,
    keep: int = 3,
    progress: Progress = lambda stage, done, total: None,
) -> BuildReport:
    """Build, verify and publish the catalog's present state; `encoder` None builds without vectors.

    With NLM's file `mesh` a heading finds those below it as well; with `images` an image can be asked with. `runner`
    encodes the articles; by default this process does.

    On any error the published generation stays as it was and the new one leaves no trace but the kept embeddings.
    """
    total, changes = len(catalog), catalog.changes()
    if total == 0:
        raise InputError(_nothing_to_index(generations))
    classified_by, tree = _classified_by(mesh), mesh.tree() if mesh else MeshTree()
    with generations.drafting(analyzer) as draft:
        contents = _Contents(catalog, random.Random(draft.name))  # noqa: S311 - a reproducible sample, not a secret
        # Before anything else is written: hours of work that outlive a failed or killed build.
        encoded = contents.read(encoder, cache, runner, lambda done: progress("encode", done, total))
        pmids = np.frombuffer(contents.pmids, dtype=np.int64)
        vectors = _gather(draft.scratch / _GATHERED, cache, encoder, contents, progress) if encoder else None
        rows, joint = _joint(draft.scratch, catalog, cache, images, progress, total)
        articles = _indexed(catalog, progress, total)
        draft.write(Contents(articles, pmids, vectors, rows, tree))
        progress("finish", 1, 1)
        progress("verify", 0, total)
        manifest = _manifest(draft.name, catalog, analyzer, encoder, contents, changes)
        draft.describe(replace(manifest, classified_by=classified_by, **_said_of(images, joint)))
        draft.require_whole()
        reader, canaries = draft.open(), contents.canaries(encoder)
        verify_generation(reader, analyzer, pmids, canaries)
        if images is not None and joint is not None:
            sample = [canary.article for canary in canaries]
            verify_joint(reader.joint_reader, sample, images.encoder, joint)
        progress("verify", total, total)
        draft.seal()
    generations.publish(draft.name)
    pruned = tuple(generations.prune(keep))
    return BuildReport(
        generation=draft.name,
        articles=len(pmids),
        retracted=sum(contents.integrity[status] for status in EXCLUDED),
        encoded=encoded + (joint.encoded if joint else 0),
        pruned=pruned,
        joint_texts=joint.texts if joint else 0,
        joint_images=joint.images if joint else 0,
        images_rejected=joint.rejected if joint else 0,
    )


def built_before(
    generations: Generations,
    catalog: Catalog,
    analyzer: Analyzer,
    encoder: Encoder | None,
    *,
    mesh: MeshFile | None = None,
    images: ImageSide | None = None,
) -> Manifest | None:
    """The published generation where a build would only repeat it; None where it lacks files, too.

    The encoder is loaded only where all else is the same.
    """
    try:
        published = generations.manifest(generations.current())
        generations.require_whole(published.generation)
    except GenerationError:
        return None
    same = (
        published.catalog_changes == catalog.changes()
        and published.articles == len(catalog)
        and (published.source, published.source_date) == _position(catalog)
        and published.analyzer == analyzer.fingerprint
        and published.classified_by == _classified_by(mesh)
        and published.figures == _figures_of(images)
        and (published.encoder and published.encoder.id) == (encoder and encoder.spec.id)
        and (published.image_encoder and published.image_encoder.id) == (images and images.encoder.spec.id)
    )
    return published if same else None


def _joint(
    scratch: Path,
    catalog: Catalog,
    cache: EmbeddingCache,
    images: ImageSide | None,
    progress: Progress,
    total: int,
) -> tuple[JointContents | None, JointReport | None]:
    if images is None:
        return None, None
    return joint_contents(
        scratch,
        lambda: (entry.article for entry in catalog.articles()),
        images.encoder,
        cache,
        images.figures,
        lambda done: progress("texts for images", done, max(total, done)),
    )


def _said_of(images: ImageSide | None, joint: JointReport | None) -> dict[str, Any]:
    if images is None or joint is None:
        return {}
    return {
        "image_encoder": images.encoder.spec,
        "joint_texts": joint.texts,
        "joint_images": joint.images,
        "figures": _figures_of(images),
    }


def _figures_of(images: ImageSide | None) -> str:
    return images.figures.fingerprint() if images else ""


def _classified_by(mesh: MeshFile | None) -> str:
    tables = fingerprint(*read_tables())
    return f"{tables} {mesh.fingerprint()}" if mesh else tables


def _position(catalog: Catalog) -> tuple[str, str]:
    """What the catalog is current to, and its date; of a file only the name, since readers of the index see it."""
    position = catalog.position()
    if position is None:
        return "", ""
    path = PurePath(position.name)
    return (path.name if path.is_absolute() else position.name), position.date


def _nothing_to_index(generations: Generations) -> str:
    try:
        published = generations.manifest(generations.current())
    except GenerationError:
        return "the catalog is empty: there is nothing to index; give files that hold articles"
    return (
        f"the catalog is empty: there is nothing to index, and generation {published.generation} with "
        f"{published.articles:,} articles, deleted ones among them, is still published; give files that hold articles, "
        f"or {generations.advice()}"
    )


def _indexed(catalog: Catalog, progress: Progress, total: int) -> Iterator[IndexedArticle]:
    done = 0
    for done, entry in enumerate(catalog.articles(), start=1):
        yield IndexedArticle(article=entry.article, integrity=entry.integrity)
        if done % 1000 == 0:
            progress("index", done, total)
    progress("index", done, total)
    # The engine has them all: what it still has to write and to merge can take as long again.
    progress("finish", 0, 1)


class _Contents:
    """What the catalog holds, remembered while it streams to the encoder, in some 24 bytes an article."""

    def __init__(self, catalog: Catalog, sampler: random.Random) -> None:
        self._catalog = catalog
        self._sampler = sampler
        self._sample: list[CatalogEntry] = []
        self._hashes = bytearray()
        self.pmids = array("q")
        self.integrity: Counter[IntegrityStatus] = Counter()

    def read(
        self,
        encoder: Encoder | None,
        cache: EmbeddingCache,
        runner: Runner | None,
        progress: Callable[[int], None],
    ) -> int:
        """Read the whole catalog; returns how many texts were encoded, none without an encoder."""
        if encoder is not None:
            return cache.fill(self._entries(), encoder, progress, runner)
        for _ in self._entries():
            pass
        return 0

    def _entries(self) -> Iterator[CatalogEntry]:
        for entry in self._catalog.articles():
            self._remember(entry)
            yield entry

    def _remember(self, entry: CatalogEntry) -> None:
        seen = len(self.pmids)
        self.pmids.append(entry.article.pmid)
        self._hashes += entry.content_hash
        self.integrity[entry.integrity.status] += 1
        # Reservoir sampling (Vitter, 1985): every article is as likely to be a canary, in one pass.
        if len(self._sample) < _CANARIES:
            self._sample.append(entry)
        elif (place := self._sampler.randrange(seen + 1)) < _CANARIES:
            self._sample[place] = entry

    def hashes(self) -> Iterator[bytes]:
        for start in range(0, len(self._hashes), HASH_BYTES):
            yield bytes(self._hashes[start : start + HASH_BYTES])

    def canaries(self, encoder: Encoder | None) -> list[Canary]:
        """Encoded once more, so that a vector that was kept or gathered wrongly is noticed."""
        articles = [entry.article for entry in self._sample]
        if encoder is None:
            return [Canary(article, None) for article in articles]
        vectors = encoder.encode_documents([Passage(article.title, article.abstract) for article in articles])
        return [Canary(article, vector) for article, vector in zip(articles, vectors, strict=True)]


def _gather(
    path: Path, cache: EmbeddingCache, encoder: Encoder, contents: _Contents, progress: Progress
) -> npt.NDArray[np.float16]:
    """All vectors in catalog order, as a file mapped into memory: 5.3 million take 4 GB."""
    dimension = encoder.spec.dimension
    total = len(contents.pmids)
    gathered = np.memmap(path, dtype=np.float16, mode="w+", shape=(total, dimension))
    done = 0
    for batch in cache.read(encoder.spec.id, contents.hashes(), dimension):
        gathered[done : done + len(batch)] = batch
        done += len(batch)
        progress("vectors", done, total)
    return gathered


def _manifest(
    name: str,
    catalog: Catalog,
    analyzer: Analyzer,
    encoder: Encoder | None,
    contents: _Contents,
    changes: int,
) -> Manifest:
    source, source_date = _position(catalog)
    articles = len(contents.pmids)
    return Manifest(
        generation=name,
        format_version=FORMAT_VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        analyzer=analyzer.fingerprint,
        stemmer=analyzer.stemmer,
        encoder=encoder.spec if encoder else None,
        articles=articles,
        vectors=articles if encoder else 0,
        source=source,
        files={},
        source_date=source_date,
        catalog_changes=changes,
        integrity={
            status.value: count
            for status, count in sorted(contents.integrity.items())
            if status is not IntegrityStatus.OK
        },
    )
