"""The embedded backend: tantivy and FAISS in one process, reading one generation's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from retrieval.analysis import Analyzer
from retrieval.index.allowed import AllowedSets
from retrieval.index.dense import DenseReader, write_vectors
from retrieval.index.generations import Contents
from retrieval.index.interface import NO_CONDITION, FacetCounts, IndexedArticle, IndexReader, Scored
from retrieval.index.joint import JointReader, write_joint
from retrieval.index.lexical import LexicalReader, LexicalWriter
from retrieval.index.manifest import (
    Manifest,
    read_manifest,
    require_analyzer,
    require_files,
    sums,
    write_manifest,
)
from retrieval.query import Constraint
from retrieval.records import FacetName
from retrieval.vocabulary.file import SynonymGroup

_LEXICAL: Final = "lexical"
_DENSE: Final = "dense/articles.faiss"


class EmbeddedDraft:
    """A generation's folder while it is being built; `store` gives it its final name."""

    def __init__(self, name: str, folder: Path, scratch: Path, analyzer: Analyzer, seal: Callable[[], object]) -> None:
        self.name = name
        self.scratch = scratch
        self._folder = folder
        self._analyzer = analyzer
        self._seal = seal

    def write(self, contents: Contents) -> None:
        LexicalWriter(self._folder / _LEXICAL, self._analyzer, contents.tree).write(contents.articles)
        if contents.vectors is not None:
            write_vectors(self._folder / _DENSE, contents.pmids, contents.vectors)
        if contents.joint is not None:
            write_joint(self._folder, contents.joint)

    def describe(self, manifest: Manifest) -> None:
        write_manifest(self._folder, replace(manifest, files=sums(self._folder)))

    def require_whole(self) -> None:
        require_files(self._folder, read_manifest(self._folder), checksums=True)

    def open(self) -> EmbeddedReader:
        return EmbeddedReader.open(self._folder, self._analyzer)

    def seal(self) -> None:
        self._seal()


class EmbeddedReader(IndexReader):
    """One open generation. Everything it reads is opened here, so that deleting the folder later does no harm."""

    def __init__(
        self,
        manifest: Manifest,
        lexical_reader: LexicalReader,
        dense_reader: DenseReader | None,
        joint_folder: Path | None = None,
    ) -> None:
        self._manifest = manifest
        self.lexical_reader = lexical_reader
        self.dense_reader = dense_reader
        self._allowed = AllowedSets(lexical_reader)
        self._joint_reader = JointReader(joint_folder, self._allowed) if joint_folder else None

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    @property
    def joint_reader(self) -> JointReader | None:
        return self._joint_reader

    @classmethod
    def open(cls, folder: Path, analyzer: Analyzer) -> EmbeddedReader:
        """Open a generation; IncompatibleError where its format or analyzer is not this program's."""
        manifest = read_manifest(folder)
        require_analyzer(manifest, analyzer)
        require_files(folder, manifest, checksums=False)
        dense = DenseReader(folder / _DENSE) if manifest.encoder else None
        joint = folder if manifest.image_encoder else None
        return cls(manifest, LexicalReader(folder / _LEXICAL, analyzer), dense, joint)

    def lexical(
        self, text: str, constraint: Constraint, limit: int, names: Sequence[SynonymGroup] = ()
    ) -> list[Scored]:
        return self.lexical_reader.search(text, constraint, limit, names)

    def dense(self, vector: npt.NDArray[np.float32], constraint: Constraint, limit: int) -> list[Scored]:
        if self.dense_reader is None:
            return []
        return self.dense_reader.search(vector, limit, self._allowed.get(constraint))

    def lexical_scores(self, text: str, pmids: Sequence[int], names: Sequence[SynonymGroup] = ()) -> list[Scored]:
        return self.lexical_reader.scores(text, pmids, names)

    def dense_scores(self, vector: npt.NDArray[np.float32], pmids: Sequence[int]) -> list[Scored]:
        return self.dense_reader.scores(vector, pmids) if self.dense_reader else []

    def articles(self, pmids: Sequence[int]) -> dict[int, IndexedArticle]:
        return self.lexical_reader.articles(pmids)

    def left_out(self, pmids: Sequence[int]) -> list[int]:
        return self.lexical_reader.left_out(pmids)

    def facets(
        self,
        text: str,
        constraint: Constraint,
        wanted: Sequence[FacetName],
        size: int,
        names: Sequence[SynonymGroup] = (),
    ) -> FacetCounts:
        return self.lexical_reader.facets(text, constraint, wanted, size, names)

    def notices(self, constraint: Constraint) -> list[str]:
        return self.lexical_reader.notices(constraint)

    def pmids(self) -> npt.NDArray[np.int64]:
        return np.array(sorted(self.lexical_reader.matching(NO_CONDITION)), dtype=np.int64)

    def vector_pmids(self) -> npt.NDArray[np.int64]:
        return np.sort(self.dense_reader.pmids) if self.dense_reader else np.empty(0, dtype=np.int64)

    def vector(self, pmid: int) -> npt.NDArray[np.float32]:
        if self.dense_reader is None:
            raise KeyError(pmid)
        return self.dense_reader.vector(pmid)
