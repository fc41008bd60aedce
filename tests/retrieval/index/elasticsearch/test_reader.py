"""What a real Elasticsearch does with our mapping and queries, beyond what every backend is tested for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from retrieval.analysis import Analyzer
from retrieval.encoders.base import EncoderSpec
from retrieval.index.elasticsearch.documents import DocumentWriter, Parts
from retrieval.index.elasticsearch.mapping import INDEX_SETTINGS, VectorIndex, index_body, require_mapping
from retrieval.index.elasticsearch.reader import ElasticsearchReader
from retrieval.index.generations import Contents
from retrieval.index.interface import NO_CONDITION, IndexedArticle
from retrieval.index.joint_space import FIGURE, JointContents, JointRows
from retrieval.index.manifest import FORMAT_VERSION, Manifest
from retrieval.mesh_tree import MeshTree
from retrieval.records import FACETS, Figure
from tests.fakes import article

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

pytestmark = pytest.mark.elasticsearch
ANALYZER = Analyzer()
DIMENSION = 64
ROWS = np.array([[pmid, number] for pmid in range(1, 7) for number in range(3)] + [[2, FIGURE], [5, FIGURE + 1]])
FIGURES = [Figure(id="f1", pmcid="PMC2", pmid=2), Figure(id="f2", pmcid="PMC5", pmid=5)]


@pytest.fixture(scope="module")
def client() -> Iterator[Elasticsearch]:
    from elasticsearch import Elasticsearch

    from tests.contracts.backends import shared_cluster

    with Elasticsearch(shared_cluster().urls, request_timeout=120) as client:
        yield client


def unit(count: int) -> Any:
    vectors = np.random.default_rng(7).normal(size=(count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def spec(name: str) -> EncoderSpec:
    return EncoderSpec(name=name, revision="1", dimension=DIMENSION, max_tokens=0, licence="MIT")


def manifest(articles: int, **more: Any) -> Manifest:
    return Manifest(
        generation="000001",
        format_version=FORMAT_VERSION,
        created="",
        analyzer=ANALYZER.fingerprint,
        stemmer="",
        articles=articles,
        vectors=articles if more.get("encoder") else 0,
        source="test",
        files={},
        **{"encoder": None, **more},
    )


def create(client: Elasticsearch, index: str, body: dict[str, Any]) -> None:
    settings = {**INDEX_SETTINGS, "number_of_shards": 2, "number_of_replicas": 0}
    client.indices.create(index=index, mappings=body, settings=settings)


def fill(client: Elasticsearch, index: str, documents: Sequence[tuple[int, dict[str, Any]]]) -> None:
    operations = [part for pmid, body in documents for part in ({"index": {"_id": str(pmid)}}, body)]
    assert not client.bulk(index=index, operations=operations, refresh=True)["errors"]


@pytest.mark.parametrize("vectors", ["int8_hnsw", "bbq_hnsw"])
@pytest.mark.parametrize("joint", [None, 8, 512])
def test_a_cluster_gives_the_mapping_back_as_it_was_written(
    client: Elasticsearch, vectors: VectorIndex, joint: int | None
) -> None:
    index = f"mapping-{vectors}-{joint}".lower()
    body = index_body(dimension=384, joint_dimension=joint, vectors=vectors)
    create(client, index, body)
    require_mapping(client.indices.get_mapping(index=index)[index]["mappings"], body, index)


def test_given_articles_are_scored_exactly_however_many(client: Elasticsearch) -> None:
    count = 2_500
    vectors = unit(count)
    articles = [IndexedArticle(article(pmid, "Lung.")) for pmid in range(1, count + 1)]
    create(client, "exact", index_body(dimension=DIMENSION, joint_dimension=None, vectors="int8_hnsw"))
    writer = DocumentWriter(ANALYZER, MeshTree())
    contents = Contents(articles, np.arange(1, count + 1), vectors, None, MeshTree())
    fill(client, "exact", list(writer.documents(contents)))
    reader = ElasticsearchReader(client, "exact", manifest(count, encoder=spec("random")), ANALYZER, writer.parts())
    asked = unit(count + 1)[-1].astype(np.float32)
    expected = vectors.astype(np.float32) @ asked
    for pmids in (range(1, count + 1), range(1, count + 1, 2), [7, 7, 999_999]):
        found = reader.dense_scores(asked, list(pmids))
        assert sorted(scored.pmid for scored in found) == sorted({pmid for pmid in pmids if pmid <= count})
        assert [s.score for s in found] == pytest.approx([expected[s.pmid - 1] for s in found], abs=1e-5)
    assert reader.vector(2_000).tolist() == vectors[1_999].tolist()


def test_a_facet_may_have_more_values_than_a_search_may_count(client: Elasticsearch) -> None:
    many = 70_000
    values = {name: [f"Value {n}" for n in range(many)] if name == "mesh" else [] for name in FACETS if name != "year"}
    names = msgspec.json.encode({"values": values, "also": {name: {} for name in values}})
    create(client, "facets", index_body(dimension=None, joint_dimension=None, vectors="int8_hnsw"))
    documents = [(1, {"pmid": 1, "facet_mesh": list(range(many))}), (2, {"pmid": 2, "facet_mesh": [many - 1]})]
    fill(client, "facets", documents)
    reader = ElasticsearchReader(client, "facets", manifest(2), ANALYZER, Parts(names, b"{}"))
    counts = reader.facets("", NO_CONDITION, ("mesh",), 3)
    assert [(value.value, value.count) for value in counts.facets[0].values] == [
        ("Value 69999", 2),
        ("Value 0", 1),
        ("Value 1", 1),
    ]


def test_each_row_of_the_joint_space_lies_in_its_article(client: Elasticsearch) -> None:
    vectors = unit(len(ROWS))
    articles = [IndexedArticle(article(pmid, "Lung.")) for pmid in range(1, 7)]
    joint = JointContents(JointRows(ROWS, vectors), JointRows(ROWS[-2:], vectors[:2]), FIGURES, DIMENSION)
    create(client, "joint", index_body(dimension=None, joint_dimension=DIMENSION, vectors="int8_hnsw"))
    writer = DocumentWriter(ANALYZER, MeshTree())
    fill(client, "joint", list(writer.documents(Contents(articles, np.arange(1, 7), None, joint, MeshTree()))))
    described = manifest(6, image_encoder=spec("colour"), joint_texts=len(ROWS), joint_images=2)
    reader = ElasticsearchReader(client, "joint", described, ANALYZER, writer.parts()).joint_reader
    assert reader is not None
    for (pmid, number), vector in zip(ROWS.tolist(), vectors, strict=True):
        assert reader.vector("texts", pmid, number).tolist() == vector.tolist()
        found = reader.search("texts", vector.astype(np.float32), NO_CONDITION, 6)
        assert found.ranked[0].pmid == pmid
        assert found.brought[pmid].number == number
        assert found.brought[pmid].figure == (FIGURES[number - FIGURE] if number >= FIGURE else None)
    with pytest.raises(KeyError):
        reader.vector("texts", 1, 77)
    assert (reader.count("texts"), reader.count("images"), reader.pmids("images").tolist()) == (20, 2, [2, 5])
