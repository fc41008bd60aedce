"""What a generation keeps of articles is what the catalog holds."""

from __future__ import annotations

from collections.abc import Callable

from retrieval.index.interface import NO_CONDITION, IndexReader
from retrieval.records import IntegrityStatus
from tests.contracts.documents import ARTICLES, PMIDS, STATUS, paper
from tests.contracts.library import Library


def test_every_article_is_kept_whole_with_its_standing(library: Library, reader: IndexReader) -> None:
    held = reader.articles(PMIDS)
    assert {pmid: each.article for pmid, each in held.items()} == {article.pmid: article for article in ARTICLES}
    assert list(held.values()) == sorted(library.indexed(), key=lambda each: list(held).index(each.article.pmid))
    standing = {pmid: each.integrity.status for pmid, each in held.items()}
    assert standing == dict.fromkeys(PMIDS, IntegrityStatus.OK) | STATUS
    assert held[7].integrity.related_pmids == (8,)


def test_articles_that_are_absent_are_left_out(reader: IndexReader) -> None:
    assert sorted(reader.articles([1, 777, 0, -1, 10**30, 7, 1])) == [1, 7]
    assert reader.articles([777]) == reader.articles([]) == {}


def test_thousands_are_fetched_at_once(new_library: Callable[..., Library]) -> None:
    library = new_library()
    articles = [paper(pmid, f"Gland {pmid}.", "Stroma. " * 50) for pmid in range(1, 3_001)]
    library.publish(articles)
    reader = library.open()
    held = reader.articles(range(1, 12_000))
    assert {pmid: each.article for pmid, each in held.items()} == {article.pmid: article for article in articles}
    assert len(reader.lexical("stroma", NO_CONDITION, 3_000)) == 3_000
    assert [s.pmid for s in reader.lexical("", NO_CONDITION, 3_000)] == list(range(3_000, 0, -1))
    assert len(reader.lexical_scores("gland", range(1, 3_001))) == 3_000
