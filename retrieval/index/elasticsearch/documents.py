"""An article as a document of Elasticsearch: its terms, codes, vectors, and the stored record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from retrieval.analysis import Analyzer
from retrieval.classification import Classifier
from retrieval.errors import GenerationError
from retrieval.index.elasticsearch.joint_rows import RowsByArticle
from retrieval.index.elasticsearch.vectors import numbers
from retrieval.index.facet_codes import FacetCoder
from retrieval.index.generations import Contents
from retrieval.index.interface import IndexedArticle
from retrieval.index.keywords import keywords
from retrieval.mesh_tree import MeshTree
from retrieval.records import Record


class Parts(Record, frozen=True):
    """What a reader needs besides the documents."""

    facets: bytes
    """What the codes of facets stand for."""
    mesh_tree: bytes


class DocumentWriter:
    """Makes the documents of one generation."""

    def __init__(self, analyzer: Analyzer, tree: MeshTree) -> None:
        self._analyzer = analyzer
        self._tree = tree
        self._facets = FacetCoder(Classifier(analyzer, tree))
        self._encoder = msgspec.json.Encoder()

    def documents(self, contents: Contents) -> Iterator[tuple[int, dict[str, Any]]]:
        """(PMID, document), in the order of the articles."""
        rows = RowsByArticle(contents.joint) if contents.joint else None
        for place, indexed in enumerate(contents.articles):
            pmid = indexed.article.pmid
            document = self._document(indexed)
            if contents.vectors is not None:
                if place >= len(contents.pmids) or contents.pmids[place] != pmid:
                    raise GenerationError(f"PMID {pmid} has no vector at its place among the vectors; build again")
                document["vector"] = numbers(contents.vectors[place])
            if rows:
                document |= rows.fields(pmid)
            yield pmid, document

    def parts(self) -> Parts:
        """After the last document."""
        return Parts(self._facets.names(), msgspec.json.encode(self._tree))

    def _document(self, indexed: IndexedArticle) -> dict[str, Any]:
        article = indexed.article
        title, abstract = self._analyzer.text(article.title), self._analyzer.text(article.abstract)
        document: dict[str, Any] = {
            "pmid": article.pmid,
            "text": self._analyzer.combine(title, abstract),
            "title": [title.row, *title.wholes],
            "stored": self._encoder.encode(indexed).decode(),
        }
        if article.year is not None:
            document["year"] = article.year
        for field, value in keywords(article):
            document.setdefault(field, []).append(value)
        for column, code in self._facets.codes(indexed, title.row):
            document.setdefault(column, []).append(code)
        return document
