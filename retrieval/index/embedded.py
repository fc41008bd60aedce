"""The embedded backend: tantivy and FAISS in one process, reading one generation's folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from retrieval.analysis import Analyzer
from retrieval.index.allowed import AllowedSets
from retrieval.index.dense import DenseReader, write_vectors
from retrieval.index.interface import FacetCounts, IndexedArticle, Scored
from retrieval.index.joint import JointReader
from retrieval.index.lexical import LexicalReader, LexicalWriter
from retrieval.index.manifest import Manifest, read_manifest, require_analyzer, require_files
from retrieval.mesh_tree import MeshTree
from retrieval.query import Constraint
from retrieval.records import FacetName
from retrieval.vocabulary.file import SynonymGroup

_LEXICAL: Final = "lexical"
_DENSE: Final = "dense/articles.faiss"


class EmbeddedBuilder:
    """Writes the index files of one generation into its folder; an empty tree where MeSH's is not to be had."""

    def __init__(self, folder: Path, analyzer: Analyzer, tree: MeshTree) -> None:
        self._folder = folder
        self._analyzer = analyzer
        self._tree = tree

    def add(self, articles: Iterable[IndexedArticle]) -> int:
        return LexicalWriter(self._folder / _LEXICAL, self._analyzer, self._tree).write(articles)

    def add_vectors(self, pmids: npt.NDArray[np.int64], vectors: npt.NDArray[np.float16]) -> None:
        write_vectors(self._folder / _DENSE, pmids, vectors)


class EmbeddedReader:
    """One open generation. Everything it reads is opened here, so that deleting the folder later does no harm."""

    def __init__(
        self,
        manifest: Manifest,
        lexical_reader: LexicalReader,
        dense_reader: DenseReader | None,
        joint_folder: Path | None = None,
    ) -> None:
        self.manifest = manifest
        self.lexical_reader = lexical_reader
        self.dense_reader = dense_reader
        self._allowed = AllowedSets(lexical_reader)
        self.joint_reader = JointReader(joint_folder, self._allowed) if joint_folder else None

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
