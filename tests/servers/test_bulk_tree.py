"""The made-up PubMed: what happens in it, that it is readable, and that it is served as NCBI serves its files."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from pathlib import Path

import pytest

from indexing.pubmed.reader import read_pubmed_xml
from retrieval.records import Article, Deletion
from tests.servers.bulk_citations import Citation
from tests.servers.bulk_tree import BulkTree
from tests.servers.bulk_words import vocabulary


@pytest.fixture(scope="module")
def tree() -> BulkTree:
    return BulkTree(seed=1)


@pytest.fixture(scope="module")
def small() -> BulkTree:
    return BulkTree(seed=2, baseline_files=1, update_files=2, citations_per_file=20)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(small: BulkTree) -> None:
    again = BulkTree(seed=2, baseline_files=1, update_files=2, citations_per_file=20)
    other = BulkTree(seed=3, baseline_files=1, update_files=2, citations_per_file=20)
    assert [small.file(small.name(n)) for n in (1, 2, 3)] == [again.file(again.name(n)) for n in (1, 2, 3)]
    assert small.file(small.name(1)) != other.file(other.name(1))


def test_what_is_read_from_the_files_is_what_was_put_into_them(small: BulkTree, tmp_path: Path) -> None:
    small.write(tmp_path, flat=True)
    for contents in small.contents():
        rejected: list[object] = []
        records = list(read_pubmed_xml(tmp_path / small.name(contents.number), on_reject=rejected.append))
        assert rejected == []
        assert [record.pmid for record in records if isinstance(record, Deletion)] == contents.deletions
        articles = [record for record in records if isinstance(record, Article)]
        for article, citation in zip(articles, contents.citations, strict=True):
            assert (article.pmid, article.version, article.revised) == (
                citation.pmid,
                citation.version,
                citation.revised,
            )
            assert (article.title, article.abstract) == (citation.title, citation.abstract)
            assert tuple((link.ref_type, link.pmid) for link in article.corrections) == citation.corrections
            assert article.status == citation.status
            assert article.doi == f"10.5555/bulk.{citation.pmid}"


def test_everything_happens_that_happens_in_pubmed(tree: BulkTree) -> None:
    met: Counter[str] = Counter()
    last: dict[int, Citation] = {}
    deleted: set[int] = set()
    where: dict[tuple[str, int, int], int] = {}
    for number, citations, deletions in tree.contents():
        seen: set[int] = set()
        for citation in citations:
            before = last.get(citation.pmid)
            if citation.pmid in deleted:
                met["came back"] += 1
                deleted.discard(citation.pmid)
            elif before:
                met["text changed"] += before.wording != citation.wording
                met["only the record changed"] += before.wording == citation.wording
                met["older version sent again"] += citation.version < before.version
            met["higher version"] += citation.version > 1
            met["twice in one file"] += citation.pmid in seen
            seen.add(citation.pmid)
            last[citation.pmid] = citation
            for kind, other in citation.corrections:
                where.setdefault((kind, citation.pmid, other), number)
        met["deleted"] += len(set(deletions) & last.keys())
        met["deleted in the file that brought it"] += len(seen.intersection(deletions))
        met["deleted without ever being there"] += len(set(deletions) - last.keys())
        deleted |= set(deletions)
    for about, mention in (("RetractionOf", "RetractionIn"), ("ErratumFor", "ErratumIn")):
        for (kind, notice, paper), number in where.items():
            if kind == about and (mention, paper, notice) in where:
                other = where[mention, paper, notice]
                met[f"{about} first"] += number < other
                met[f"{about} last"] += number > other
    assert {what for what, count in met.items() if count} == {
        "text changed",
        "only the record changed",
        "came back",
        "higher version",
        "older version sent again",
        "twice in one file",
        "deleted",
        "deleted in the file that brought it",
        "deleted without ever being there",
        "RetractionOf first",
        "RetractionOf last",
        "ErratumFor first",
        "ErratumFor last",
    }


def test_some_update_files_are_of_the_same_day_and_none_is_older_than_the_one_before(tree: BulkTree) -> None:
    days = [tree.day(number) for number in range(1, 36)]
    assert days == sorted(days)
    assert len(set(days[5:])) == 24


def test_the_next_year_begins_with_this_year_s_state_less_a_few(tree: BulkTree) -> None:
    following = tree.following(baseline_files=6, update_files=1)
    before, after = tree.truth(), following.truth(through=6)
    assert after.keys() < before.keys()
    assert all(after[pmid] == before[pmid] for pmid in after)
    assert following.name(1) == "pubmed27n0001.xml.gz"
    assert len(list(following.contents())) == 7


def test_abstracts_have_the_length_and_the_vocabulary_of_real_ones(tree: BulkTree) -> None:
    texts = [citation.abstract.split() for citation in tree.truth().values()]
    lengths = sorted(map(len, texts))
    assert lengths[len(lengths) // 20] >= 150
    assert lengths[-len(lengths) // 20] <= 250
    words = Counter(word for text in texts for word in text)
    assert len(words) > 10_000
    assert len(vocabulary()) == 6_000
    assert [word for word, _ in words.most_common(2)] == ["the", "of"]


# --- As NCBI serves it -----------------------------------------------------------------------------------------------


def test_a_file_its_sum_and_parts_of_it(small: BulkTree) -> None:
    status, headers, body = small.answer("GET", "/pubmed/baseline/pubmed26n0001.xml.gz", {})
    assert (status, headers["Content-Length"]) == (200, str(len(body)))
    assert gzip.decompress(body).startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    assert small.answer("GET", "/pubmed/baseline/pubmed26n0001.xml.gz.md5", {})[2].decode() == (
        f"MD5(pubmed26n0001.xml.gz)= {digest}\n"
    )
    for validator in ("ETag", "Last-Modified"):
        asked = {"Range": "bytes=1000-", "If-Range": headers[validator]}
        status, part_headers, part = small.answer("GET", "/pubmed/baseline/pubmed26n0001.xml.gz", asked)
        assert (status, part) == (206, body[1000:])
        assert part_headers["Content-Range"] == f"bytes 1000-{len(body) - 1}/{len(body)}"
    stale = {"Range": "bytes=1000-", "If-Range": '"another"'}
    assert small.answer("GET", "/pubmed/baseline/pubmed26n0001.xml.gz", stale)[0] == 200
    beyond = {"range": f"bytes={len(body)}-"}
    assert small.answer("GET", "/pubmed/baseline/pubmed26n0001.xml.gz", beyond)[0] == 416


def test_files_lie_in_their_own_folder_only(small: BulkTree) -> None:
    assert small.answer("GET", "updatefiles/pubmed26n0002.xml.gz", {})[0] == 200
    assert small.answer("GET", "baseline/pubmed26n0002.xml.gz", {})[0] == 404
    assert small.answer("GET", "updatefiles/pubmed26n0004.xml.gz", {})[0] == 404
    assert small.answer("GET", "elsewhere/", {})[0] == 404


def test_only_what_is_published_shows() -> None:
    tree = BulkTree(seed=2, baseline_files=1, update_files=2, citations_per_file=20)
    tree.published = 2
    assert list(tree.numbers) == [1, 2]
    assert tree.answer("GET", "updatefiles/pubmed26n0003.xml.gz", {})[0] == 404
    assert tree.truth() == tree.truth(through=2)
    assert tree.truth() != tree.truth(through=3)
