"""What an article becomes as a document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError
from retrieval.index.elasticsearch.documents import DocumentWriter
from retrieval.index.elasticsearch.mapping import index_body
from retrieval.index.facet_codes import KnownFacets
from retrieval.index.generations import Contents
from retrieval.index.interface import IndexedArticle
from retrieval.index.joint_space import FIGURE, JointContents, JointRows
from retrieval.mesh_tree import Heading, MeshTree
from retrieval.records import Article, Author, Figure, Journal, MeshHeading, Section
from tests.fakes import article

TREE = MeshTree((Heading("Neoplasms", "D009369", ("C04",)),))
FULL = Article(
    pmid=7,
    title="PD-L1 in lungs.",
    sections=(Section(text="Seen."),),
    journal=Journal(title="Chest"),
    authors=(Author(last_name="Smith", initials="JA"),),
    mesh=(MeshHeading(name="Humans", ui="D006801"), MeshHeading(name="Neoplasms")),
    languages=("eng",),
    doi="10.1/Ab",
)


def documents(
    articles: Sequence[Article],
    vectors: list[list[float]] | None = None,
    joint: JointContents | None = None,
    pmids: Sequence[int] | None = None,
) -> dict[int, dict[str, Any]]:
    contents = Contents(
        articles=[IndexedArticle(a) for a in articles],
        pmids=np.array([a.pmid for a in articles] if pmids is None else pmids, dtype=np.int64),
        vectors=None if vectors is None else np.array(vectors, dtype=np.float16),
        joint=joint,
        tree=TREE,
    )
    return dict(DocumentWriter(Analyzer(), TREE).documents(contents))


def test_a_document_holds_terms_values_codes_and_the_record() -> None:
    document = documents([FULL])[7]
    stored = document.pop("stored")
    assert msgspec.json.decode(stored, type=IndexedArticle) == IndexedArticle(FULL)
    assert document == {
        "pmid": 7,
        "text": ["pd l1 in lung ¶ pd l1 in lung ¶ seen", "pdl1", "pdl1"],
        "title": ["pd l1 in lung", "pdl1"],
        "journal": ["chest"],
        "author": ["smith", "smith j", "smith ja"],
        "doi": ["10.1/ab"],
        "facet_journal": [0],
        "facet_mesh": [0, 1],
        "facet_language": [0],
        "facet_integrity": [0],
        "facet_species": [0],
        "facet_organ": [0],
    }


def test_every_field_is_one_of_the_mapping() -> None:
    rows = JointRows(np.array([[7, 0], [7, FIGURE]], dtype=np.int64), np.ones((2, 2), dtype=np.float16))
    figure = Figure(id="f1", pmcid="PMC1", pmid=7)
    held = documents([FULL], [[0.5, 1.0]], JointContents(rows, rows, [figure], 2))[7]
    assert set(held) <= set(index_body(dimension=2, joint_dimension=2, vectors="int8_hnsw")["properties"])


def test_an_article_without_words_has_a_mark_that_no_query_holds() -> None:
    assert documents([article(1, "")])[1]["text"] == ["¶"]


def test_each_vector_goes_with_its_article() -> None:
    found = documents([article(1, "A."), article(2, "B.")], [[0.5, -1.0], [0.1, 2.0]])
    assert found[1]["vector"] == [0.5, -1.0]
    assert found[2]["vector"] == [float(np.float16(0.1)), 2.0]


@pytest.mark.parametrize("pmids", [[1, 3], [1]])
def test_vectors_of_other_articles_are_refused(pmids: list[int]) -> None:
    with pytest.raises(GenerationError, match="PMID 2 has no vector at its place"):
        documents([article(1, "A."), article(2, "B.")], [[0.5], [0.1]], pmids=pmids)


def test_rows_of_the_joint_space_lie_in_their_articles_with_the_figures_that_they_name() -> None:
    figures = [Figure(id="f1", pmcid="PMC2", pmid=2), Figure(id="f2", pmcid="PMC1", pmid=1)]
    texts = JointRows(
        np.array([[2, 0], [1, 0], [2, FIGURE], [1, 1]], dtype=np.int64),
        np.array([[1], [2], [3], [4]], dtype=np.float16),
    )
    images = JointRows(np.array([[1, FIGURE + 1]], dtype=np.int64), np.array([[5]], dtype=np.float16))
    found = documents([article(n, "A.") for n in (1, 2, 3)], joint=JointContents(texts, images, figures, 1))
    assert found[1]["joint_texts"] == [{"number": 0, "vector": [2.0]}, {"number": 1, "vector": [4.0]}]
    assert found[1]["joint_images"] == [{"number": FIGURE + 1, "vector": [5.0]}]
    assert found[2]["joint_texts"] == [{"number": 0, "vector": [1.0]}, {"number": FIGURE, "vector": [3.0]}]
    assert {key: value["id"] for key, value in json.loads(found[1]["figures"]).items()} == {str(FIGURE + 1): "f2"}
    assert {key: value["id"] for key, value in json.loads(found[2]["figures"]).items()} == {str(FIGURE): "f1"}
    assert not {"joint_texts", "joint_images", "figures"} & set(found[3])


def test_what_a_reader_needs_besides_comes_after_the_last_document() -> None:
    writer = DocumentWriter(Analyzer(), TREE)
    list(writer.documents(Contents([IndexedArticle(FULL)], np.array([7]), None, None, TREE)))
    facets = KnownFacets(writer.parts().facets)
    assert facets.values("mesh") == ["Humans", "Neoplasms"]
    assert facets.codes("mesh", ["d006801"]) == [0]
    assert msgspec.json.decode(writer.parts().mesh_tree, type=MeshTree) == TREE
