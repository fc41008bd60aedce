"""What the catalog holds after any stream of records. Files, failures and real data have tests of their own."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.catalog import Catalog, CatalogEntry, Tally
from retrieval.errors import ArticleNotFoundError
from retrieval.integrity import IncomingLink, assess
from retrieval.records import Article, Correction, Deletion, IntegrityStatus, PartialDate, Section


@pytest.fixture
def catalog(tmp_path: Path) -> Iterable[Catalog]:
    with Catalog.open(tmp_path / "catalog.sqlite") as opened:
        yield opened


def titles(catalog: Catalog) -> dict[int, str]:
    return {entry.article.pmid: entry.article.title for entry in catalog.articles()}


OLD = Article(pmid=1, version=2, revised="2020-05-05", title="old")
# What arrives when OLD is stored: what the tally says, and the title that is held afterwards.
UPSERTS = [
    (Article(pmid=1, version=2, revised="2020-05-05", title="old"), Tally(read=1, unchanged=1), "old"),
    (Article(pmid=1, version=2, revised="2020-05-05", title="new"), Tally(read=1, updated=1), "new"),
    (Article(pmid=1, version=2, revised="2020-05-06", title="new"), Tally(read=1, updated=1), "new"),
    (Article(pmid=1, version=2, revised="2020-05-06", title="old"), Tally(read=1, updated=1), "old"),
    (Article(pmid=1, version=2, revised="2020-05-04", title="new"), Tally(read=1, stale=1), "old"),
    (Article(pmid=1, version=2, revised="", title="new"), Tally(read=1, stale=1), "old"),
    (Article(pmid=1, version=3, revised="2019-01-01", title="new"), Tally(read=1, updated=1), "new"),
    (Article(pmid=1, version=3, revised="", title="new"), Tally(read=1, updated=1), "new"),
    (Article(pmid=1, version=1, revised="2026-01-01", title="new"), Tally(read=1, stale=1), "old"),
    (Article(pmid=2, title="new"), Tally(read=1, added=1), "old"),
    (Deletion(1), Tally(read=1, deleted=1), None),
    (Deletion(2), Tally(read=1, absent=1), "old"),
]


@pytest.mark.parametrize(("arriving", "tally", "held"), UPSERTS)
@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two runs"])
def test_the_higher_version_wins_then_the_later_revision(
    catalog: Catalog, arriving: Article | Deletion, tally: Tally, held: str | None, together: bool
) -> None:
    if together:
        both = catalog.apply([OLD, arriving], source="one")
        assert both == Tally(
            read=2,
            added=1 + tally.added,
            updated=tally.updated,
            unchanged=tally.unchanged,
            stale=tally.stale,
            deleted=tally.deleted,
            absent=tally.absent,
        )
    else:
        catalog.apply([OLD], source="one")
        assert catalog.apply([arriving], source="two") == tally
    assert titles(catalog).get(1) == held
    assert len(catalog) == len(titles(catalog))


def test_a_deleted_article_can_come_back(catalog: Catalog) -> None:
    catalog.apply([OLD], source="one")
    catalog.apply([Deletion(1)], source="two")
    with pytest.raises(ArticleNotFoundError, match=r"no article with PMID 1$"):
        catalog.get(1)
    older = Article(pmid=1, title="back", revised="2001-01-01")
    assert catalog.apply([older], source="three") == Tally(read=1, added=1)
    assert catalog.get(1).article == older


def test_records_of_one_pmid_in_one_batch_apply_in_order(catalog: Catalog) -> None:
    stream: list[Article | Deletion] = [
        Deletion(1),
        OLD,
        Deletion(1),
        Deletion(1),
        Article(pmid=1, title="last"),
        OLD,
        OLD,
    ]
    assert catalog.apply(stream, source="one") == Tally(read=7, absent=2, added=2, deleted=1, updated=1, unchanged=1)
    assert titles(catalog) == {1: "old"}


def test_the_content_hash_follows_title_and_abstract_only(catalog: Catalog) -> None:
    def stored_hash(article: Article) -> bytes:
        catalog.apply([article], source="one")
        return catalog.get(1).content_hash

    first = stored_hash(Article(pmid=1, title="T", sections=(Section("A", "AIM"),)))
    assert len(first) == 16
    assert stored_hash(Article(pmid=1, title="T", sections=(Section("A", "AIM"),), pages="1-9")) == first
    assert stored_hash(Article(pmid=1, title="T", sections=(Section("AIM: A"),))) == first
    assert stored_hash(Article(pmid=1, title="T", sections=(Section("B", "AIM"),))) != first
    assert stored_hash(Article(pmid=1, title="TA", sections=())) != first


NOTICE = Article(pmid=9, corrections=(Correction("RetractionOf", 1), Correction("Cites", 2), Correction("ErratumFor")))
PAPER = Article(pmid=1, title="paper")


@pytest.mark.parametrize("order", [[NOTICE, PAPER], [PAPER, NOTICE]], ids=["notice first", "paper first"])
def test_a_notice_marks_its_paper_in_any_order_of_arrival(catalog: Catalog, order: list[Article]) -> None:
    for number, article in enumerate(order):
        catalog.apply([article], source=str(number))
    assert catalog.get(1).integrity.status is IntegrityStatus.RETRACTED
    assert catalog.get(1).integrity.related_pmids == (9,)
    assert catalog.get(9).integrity.status is IntegrityStatus.RETRACTION_NOTICE
    assert [entry.integrity for entry in catalog.articles()] == [catalog.get(1).integrity, catalog.get(9).integrity]


def test_a_paper_is_cleared_when_the_notice_is_deleted_or_revised(catalog: Catalog) -> None:
    catalog.apply([PAPER, NOTICE, Deletion(9)], source="one")
    assert catalog.get(1).integrity.status is IntegrityStatus.OK
    catalog.apply([NOTICE], source="two")
    assert catalog.get(1).integrity.status is IntegrityStatus.RETRACTED
    catalog.apply([Article(pmid=9, revised="2026-01-01", corrections=(Correction("ErratumFor", 1),))], source="three")
    assert catalog.get(1).integrity.status is IntegrityStatus.CORRECTED


def test_a_link_is_dated_by_the_record_that_makes_it(catalog: Catalog) -> None:
    catalog.apply(
        [PAPER, msgspec.structs.replace(NOTICE, published=PartialDate("2004-11-09", "day", "2004 Nov 9"))], source="one"
    )
    assert [finding.date for finding in catalog.get(1).integrity.findings] == ["2004-11-09"]
    assert catalog.get(1) == next(catalog.articles())
    revised = msgspec.structs.replace(NOTICE, published_online=PartialDate("2005-01-01", "year", "2005"))
    catalog.apply([revised], source="two")
    assert [finding.date for finding in catalog.get(1).integrity.findings] == ["2005"]


def test_a_notice_outlives_the_paper_that_it_names(catalog: Catalog) -> None:
    catalog.apply([PAPER, NOTICE, Deletion(1), PAPER], source="one")
    assert catalog.get(1).integrity.status is IntegrityStatus.RETRACTED


def test_links_to_papers_that_are_absent_do_not_disturb_their_neighbours(catalog: Catalog) -> None:
    links = tuple(Correction("RetractionOf", pmid) for pmid in (1, 2, 3, 4, 5, 2**53))
    catalog.apply([Article(pmid=3), Article(pmid=5), Article(pmid=10, corrections=links)], source="one")
    statuses = {entry.article.pmid: str(entry.integrity.status) for entry in catalog.articles()}
    assert statuses == {3: "retracted", 5: "retracted", 10: "retraction_notice"}


def test_articles_come_by_rising_pmid_up_to_two_to_the_53(catalog: Catalog) -> None:
    catalog.apply([Article(pmid=pmid) for pmid in (2**53, 7, 2**50, 42_000_000)], source="one")
    assert list(titles(catalog)) == [7, 42_000_000, 2**50, 2**53]
    assert catalog.get(2**53).article.pmid == 2**53


def test_articles_keep_to_the_state_they_began_with(catalog: Catalog) -> None:
    catalog.apply([Article(pmid=1), Article(pmid=2)], source="one")
    reading = catalog.articles()
    assert next(reading).article.pmid == 1
    catalog.apply([Deletion(2), Article(pmid=3)], source="two")
    assert [entry.article.pmid for entry in reading] == [2]
    assert list(titles(catalog)) == [1, 3]


def test_sources_are_complete_with_the_content_they_had(catalog: Catalog) -> None:
    assert catalog.position() is None
    catalog.mark_complete("pubmed26n0001.xml.gz", "aaaa")
    catalog.mark_complete("pubmed26n0002.xml.gz", "bbbb")
    assert catalog.is_complete("pubmed26n0001.xml.gz", "aaaa")
    assert not catalog.is_complete("pubmed26n0001.xml.gz", "bbbb")
    assert not catalog.is_complete("pubmed26n0003.xml.gz", "aaaa")
    catalog.mark_complete("pubmed26n0001.xml.gz", "cccc")
    assert not catalog.is_complete("pubmed26n0001.xml.gz", "aaaa")
    assert [(source.name, source.fingerprint) for source in catalog.sources()] == [
        ("pubmed26n0002.xml.gz", "bbbb"),
        ("pubmed26n0001.xml.gz", "cccc"),
    ]


def test_the_position_is_the_newest_update_file_whatever_was_read_after_it(catalog: Catalog) -> None:
    def position() -> tuple[str, str]:
        last = catalog.position()
        assert last is not None
        return last.name, last.date

    catalog.mark_complete("articles.jsonl", "aaaa")
    assert position() == ("articles.jsonl", "")
    catalog.mark_complete("pubmed26n1512.xml.gz", "bbbb", date="2026-11-20")
    catalog.mark_complete("pubmed26n0003.xml.gz", "cccc", date="2025-12-01")
    catalog.mark_complete("articles.jsonl", "dddd")
    assert position() == ("pubmed26n1512.xml.gz", "2026-11-20")
    catalog.mark_complete("pubmed27n0001.xml.gz", "eeee", date="2026-12-10")
    assert position() == ("pubmed27n0001.xml.gz", "2026-12-10")


def test_changes_are_counted_and_what_changes_nothing_is_not(catalog: Catalog) -> None:
    catalog.apply([Article(pmid=1), Article(pmid=2)], source="one")
    assert catalog.changes() == 2
    catalog.apply([Article(pmid=1), Deletion(pmid=7)], source="again")
    assert catalog.changes() == 2
    catalog.apply([Deletion(pmid=1)], source="two")
    assert catalog.changes() == 3


def test_source_and_position_are_those_of_the_record_that_was_kept(catalog: Catalog) -> None:
    catalog.apply([Article(pmid=1), Article(pmid=2)], source="one", position=1334)
    catalog.apply([Article(pmid=1), Article(pmid=2, title="new")], source="two", position=1335)
    with sqlite3.connect(catalog.path) as connection:
        rows = connection.execute("SELECT pmid, source, position FROM articles ORDER BY pmid").fetchall()
    connection.close()
    assert rows == [(1, "one", 1334), (2, "two", 1335)]


def test_progress_hears_every_batch(tmp_path: Path) -> None:
    heard: list[int] = []
    with Catalog.open(tmp_path / "catalog.sqlite", batch_size=2) as catalog:
        catalog.apply((Article(pmid=pmid) for pmid in range(1, 6)), source="one", progress=heard.append)
    assert heard == [2, 4, 5]


def test_an_error_of_the_source_keeps_the_batches_before_it(tmp_path: Path) -> None:
    def failing() -> Iterable[Article]:
        yield from (Article(pmid=pmid) for pmid in range(1, 6))
        raise OSError("the network is gone")

    with Catalog.open(tmp_path / "catalog.sqlite", batch_size=2) as catalog:
        with pytest.raises(OSError, match="the network is gone"):
            catalog.apply(failing(), source="one")
        assert list(titles(catalog)) == [1, 2, 3, 4]


def test_articles_are_read_in_flat_memory(tmp_path: Path) -> None:
    def peak_of_reading(count: int) -> int:
        with Catalog.open(tmp_path / f"{count}.sqlite") as catalog:
            catalog.apply(
                (
                    Article(pmid=pmid, title="T" * 200, corrections=(Correction("ErratumFor", pmid + 1),))
                    for pmid in range(1, count + 1)
                ),
                source="one",
            )
            tracemalloc.start()
            try:
                assert sum(1 for _ in catalog.articles()) == count
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    peak_of_reading(10)
    assert peak_of_reading(20_000) < peak_of_reading(2_000) + 50_000


# --- Any stream of records, in batches of any size, against a dictionary ----------------------------------------------

articles = st.builds(
    Article,
    pmid=st.integers(1, 4),
    version=st.integers(1, 2),
    revised=st.sampled_from(["", "2020-01-01", "2021-01-01"]),
    title=st.sampled_from(["a", "b"]),
    corrections=st.lists(
        st.builds(
            Correction,
            ref_type=st.sampled_from(["RetractionOf", "RetractionIn", "ErratumFor", "CommentOn"]),
            pmid=st.none() | st.integers(1, 5),
        ),
        max_size=2,
    ).map(tuple),
)
streams = st.lists(articles | st.builds(Deletion, pmid=st.integers(1, 4)), max_size=25)


def plain(stream: Iterable[Article | Deletion]) -> dict[int, Article]:
    held: dict[int, Article] = {}
    for record in stream:
        if isinstance(record, Deletion):
            held.pop(record.pmid, None)
        elif record.pmid not in held or (record.version, record.revised) >= (
            held[record.pmid].version,
            held[record.pmid].revised,
        ):
            held[record.pmid] = record
    return held


def plain_entries(held: dict[int, Article]) -> list[tuple[Article, object]]:
    def incoming(pmid: int) -> list[IncomingLink]:
        links = [(other.pmid, link) for other in held.values() for link in other.corrections if link.pmid == pmid]
        return [IncomingLink(other, link.ref_type) for other, link in dict.fromkeys(links)]

    return [(held[pmid], assess(held[pmid], incoming(pmid))) for pmid in sorted(held)]


def seen(entry: CatalogEntry) -> tuple[Article, object]:
    return entry.article, entry.integrity


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=streams, batch_size=st.integers(1, 8), stop=st.integers(0, 25))
def test_any_stream_in_any_batches_equals_a_dictionary_also_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, stream: list[Article | Deletion], batch_size: int, stop: int
) -> None:
    folder = tmp_path_factory.mktemp("catalog")
    with Catalog.open(folder / "straight", batch_size=batch_size) as straight:
        tally = straight.apply(stream, source="one")
        assert tally.read == len(stream)
        assert tally.read == sum(
            (tally.added, tally.updated, tally.unchanged, tally.stale, tally.deleted, tally.absent)
        )
        expected = plain_entries(plain(stream))
        assert [seen(entry) for entry in straight.articles()] == expected
        assert [seen(straight.get(article.pmid)) for article, _ in expected] == expected
        assert len(straight) == len(expected) == tally.added - tally.deleted
        fingerprint = straight.fingerprint()
    with Catalog.open(folder / "restarted") as restarted:
        restarted.apply(stream[:stop], source="one")
        restarted.apply(stream, source="one")
        assert restarted.fingerprint() == fingerprint
