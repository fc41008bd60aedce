"""What a build of some thousand articles must come to, whatever happens to the cluster meanwhile."""

from __future__ import annotations

from retrieval.index.interface import NO_CONDITION
from retrieval.index.verify import verify_generation
from tests.cluster.searching import articles
from tests.contracts.library import Library

COUNT = 4_000


def require_everything(library: Library) -> None:
    reader = library.open()
    everything = list(range(1, COUNT + 1))
    assert reader.pmids().tolist() == reader.vector_pmids().tolist() == everything
    assert {pmid: held.article for pmid, held in reader.articles(everything).items()} == {
        article.pmid: article for article in articles(COUNT)
    }
    verify_generation(reader, library.analyzer, reader.pmids(), [])
    assert reader.facets("", NO_CONDITION, ("language",), 5).articles == COUNT
