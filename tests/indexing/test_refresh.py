"""A refresh: what it brings up to date, what stops it, and what it leaves when it is stopped."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from indexing.bulk.source import BulkSource
from indexing.catalog import Catalog
from indexing.entrez.source import EntrezSource
from indexing.refresh import Gates, Refresher, Sources
from indexing.refresh_report import RefreshReport, Stage
from retrieval.encoders.base import Passage, Vectors
from retrieval.errors import BusyError, ConfigurationError, GateError, SourceError
from retrieval.exclusive import exclusive
from retrieval.records import Filters, IntegrityPolicy, Query
from tests.fakes import Corpus, HashingEncoder, article
from tests.real_data import DATA, needs_data
from tests.servers.bulk_tree import BulkTree
from tests.servers.ncbi import FIRST_PMID, NcbiServer
from tests.servers.ncbi_world import World


def small_tree() -> BulkTree:
    return BulkTree(baseline_files=2, update_files=4, citations_per_file=60)


class Home(Corpus):
    """A home folder, and what refreshes it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, HashingEncoder())
        self.stages: list[Stage] = []

    def refresh(
        self,
        bulk: Path | str | None = None,
        *,
        ncbi: NcbiServer | None = None,
        queries: Sequence[str] = (),
        gates: Gates | None = None,
    ) -> RefreshReport:
        self.stages.clear()
        source = EntrezSource("me@example.org", api_key="k", base_url=ncbi.url) if ncbi else None
        downloads = BulkSource(str(bulk), self.home / "downloads") if bulk else None
        return Refresher(
            self.home,
            self.home / "catalog.sqlite",
            self.store,
            self.cache,
            self.analyzer,
            self.encoder,
            Sources(downloads, source, tuple(queries)),
            gates=gates or Gates(),
            hear=self.stages.append,
        ).refresh()

    def catalog(self) -> Catalog:
        return Catalog.open(self.home / "catalog.sqlite")

    def texts(self) -> dict[int, tuple[str, str]]:
        with self.catalog() as catalog:
            return {e.article.pmid: (e.article.title, e.article.abstract) for e in catalog.articles()}

    def report(self) -> dict[str, object]:
        read: dict[str, object] = json.loads((self.home / "refresh.json").read_bytes())
        return read


def texts_of(tree: BulkTree) -> dict[int, tuple[str, str]]:
    return {pmid: (citation.title, citation.abstract) for pmid, citation in tree.truth().items()}


def require_same_index(one: Corpus, other: Corpus) -> None:
    """Record by record, flag by flag, vector by vector, and hit by hit."""
    first, second = one.open_reader(), other.open_reader()
    assert first.dense_reader is not None
    assert second.dense_reader is not None
    pmids = sorted(int(pmid) for pmid in first.dense_reader.pmids)
    assert pmids == sorted(int(pmid) for pmid in second.dense_reader.pmids)
    assert first.articles(pmids) == second.articles(pmids)
    for pmid in pmids:
        assert np.array_equal(first.dense_reader.vector(pmid), second.dense_reader.vector(pmid))
    query = Query(
        text=next(iter(first.articles(pmids[:1]).values())).article.title,
        limit=50,
        filters=Filters(integrity=IntegrityPolicy.LABEL),
    )
    assert one.open_searcher().search(query).hits == other.open_searcher().search(query).hits
    assert first.manifest.integrity == second.manifest.integrity


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


# --- Bulk files -----------------------------------------------------------------------------------------------------


def test_baseline_and_updates_become_a_published_generation(home: Home, mirror: Path) -> None:
    tree = small_tree()
    tree.write(mirror)
    report = home.refresh(mirror)
    assert home.texts() == texts_of(tree)
    assert (report.outcome, report.generation, report.current_to) == ("published", "000001", "pubmed26n0006.xml.gz")
    assert report.articles == len(tree.truth())
    manifest = home.store.manifest("000001")
    assert manifest.source == "pubmed26n0006.xml.gz"
    assert manifest.source_date
    assert [stage.name for stage in home.stages] == ["list bulk files", "read bulk files", "build"]
    assert all(stage.read == stage.accepted + stage.rejected for stage in report.stages)


def test_thirty_daily_updates_equal_one_rebuild_vector_by_vector(tmp_path: Path, mirror: Path) -> None:
    tree = BulkTree(baseline_files=3, update_files=30, citations_per_file=40)
    daily, at_once = Home(tmp_path / "daily"), Home(tmp_path / "at once")
    with tree.serve() as server:
        for published in range(3, 34, 5):
            tree.published = published
            daily.refresh(server.url)
        tree.published = None
        daily.refresh(server.url)
        at_once.refresh(server.url)
    assert daily.texts() == at_once.texts() == texts_of(tree)
    with daily.catalog() as one, at_once.catalog() as other:
        assert list(one.articles()) == list(other.articles())
    require_same_index(daily, at_once)


@needs_data
@pytest.mark.data
def test_the_real_update_pair_equals_one_rebuild_vector_by_vector(tmp_path: Path) -> None:
    steps, at_once = Home(tmp_path / "steps"), Home(tmp_path / "at once")
    for home, days in ((steps, (1, 2)), (at_once, (2,))):
        folder = tmp_path / f"mirror of {home.home.name}"
        (folder / "baseline").mkdir(parents=True)
        (folder / "updatefiles").mkdir()
        pair = sorted((DATA / "pubmed_xml").glob("pmparser__pubmed20n101[56]__[4d][84]*.xml*"))
        assert len(pair) == 2
        for day in days:
            for number, file in enumerate(pair[:day], start=1):
                part = folder / ("baseline" if number == 1 else "updatefiles")
                target = part / f"pubmed20n000{number}.xml{'.gz' if file.suffix == '.gz' else ''}"
                if not target.exists():
                    target.symlink_to(file.resolve())
            home.refresh(folder)
    assert steps.texts() == at_once.texts()
    require_same_index(steps, at_once)


def test_only_what_changed_is_encoded(home: Home, mirror: Path) -> None:
    tree = small_tree()
    tree.published = 5
    tree.write(mirror)
    home.refresh(mirror)
    before = home.texts()
    tree.published = None
    tree.write(mirror)
    report = home.refresh(mirror)
    changed = {text for pmid, text in home.texts().items() if before.get(pmid) != text}
    build = report.stages[-1]
    assert build.notes[0].startswith(f"{len(changed - set(before.values()))} texts encoded")


def test_nothing_new_publishes_nothing(home: Home, mirror: Path) -> None:
    small_tree().write(mirror)
    home.refresh(mirror)
    report = home.refresh(mirror)
    assert (report.outcome, report.generation) == ("unchanged", "000001")
    assert home.store.all() == ["000001"]


def test_a_deleted_article_is_not_found_after_the_swap(home: Home, mirror: Path) -> None:
    tree = small_tree()
    tree.published = 2
    tree.write(mirror)
    home.refresh(mirror)
    before = set(tree.truth())
    tree.published = None
    tree.write(mirror)
    home.refresh(mirror)
    deleted = before - set(tree.truth())
    assert deleted
    assert home.open_reader().articles(sorted(deleted)) == {}


# --- The turn of the year -------------------------------------------------------------------------------------------


def test_a_new_year_is_read_anew_and_what_its_baseline_dropped_is_gone(home: Home, tmp_path: Path) -> None:
    old = small_tree()
    old.write(tmp_path / "26")
    home.refresh(tmp_path / "26")
    new = old.following(baseline_files=2, update_files=2)
    new.write(tmp_path / "27")
    report = home.refresh(tmp_path / "27")
    assert home.texts() == texts_of(new)
    assert set(old.truth()) - set(new.truth())
    assert report.current_to == "pubmed27n0004.xml.gz"
    assert "change over to the new year" in [stage.name for stage in report.stages]
    fresh = Home(tmp_path / "fresh")
    fresh.refresh(tmp_path / "27")
    require_same_index(home, fresh)
    assert home.refresh(tmp_path / "27").outcome == "unchanged"


def test_articles_from_elsewhere_and_their_harvests_outlive_the_turn_of_the_year(home: Home, tmp_path: Path) -> None:
    old = small_tree()
    old.write(tmp_path / "26")
    with NcbiServer(citations=30) as ncbi:
        home.refresh(tmp_path / "26", ncbi=ncbi, queries=["colon"])
        new = old.following(baseline_files=2, update_files=2)
        new.write(tmp_path / "27")
        report = home.refresh(tmp_path / "27", ncbi=ncbi, queries=["colon"])
    assert set(home.texts()) == set(new.truth()) | set(range(FIRST_PMID, FIRST_PMID + 30))
    query = next(stage for stage in report.stages if stage.name == "PubMed query: colon")
    assert query.read == 0
    with home.catalog() as catalog:
        assert len(catalog) == len(home.texts())


def test_until_the_new_year_is_read_the_old_catalog_and_generation_stay(home: Home, tmp_path: Path) -> None:
    old = small_tree()
    old.write(tmp_path / "26")
    home.refresh(tmp_path / "26")
    new = old.following(baseline_files=3, update_files=2)
    new.write(tmp_path / "27")
    bad = tmp_path / "27" / "updatefiles" / new.name(4)
    good = bad.read_bytes()
    bad.write_bytes(good[:-400])
    with pytest.raises(SourceError):
        home.refresh(tmp_path / "27")
    assert home.texts() == texts_of(old)
    assert home.store.current() == "000001"
    bad.write_bytes(good)
    report = home.refresh(tmp_path / "27")
    assert home.texts() == texts_of(new)
    read = next(stage for stage in report.stages if stage.name == "read bulk files")
    assert read.notes[0] == "2 files"


# --- Queries --------------------------------------------------------------------------------------------------------


def test_a_query_is_kept_up_to_date(home: Home) -> None:
    world = World(80)
    with NcbiServer(world=world) as ncbi:
        first = home.refresh(ncbi=ncbi, queries=["colon cancer"])
        assert (first.outcome, first.articles) == ("published", 80)
        assert home.refresh(ncbi=ncbi, queries=["colon cancer"]).outcome == "unchanged"
        world.revise(FIRST_PMID, date(2100, 1, 1))
        world.revise(FIRST_PMID + 1, date.today())  # noqa: DTZ011 - PubMed's day, whichever that is here
        second = home.refresh(ncbi=ncbi, queries=["colon cancer"])
    assert second.outcome == "published"
    assert "1 updated" in second.stages[0].notes[-1]
    assert "understood by PubMed as: colon cancer[All Fields]" in second.stages[0].notes


def test_an_empty_query_is_refused_before_anything_is_read(home: Home, mirror: Path) -> None:
    small_tree().write(mirror)
    with NcbiServer(citations=1) as ncbi, pytest.raises(ConfigurationError, match="one of the PubMed queries is empty"):
        home.refresh(mirror, ncbi=ncbi, queries=["colon", " "])
    assert not (home.home / "catalog.sqlite").exists()


# --- What stops it --------------------------------------------------------------------------------------------------


def test_without_a_source_it_says_how_to_name_one(home: Home) -> None:
    with pytest.raises(ConfigurationError, match=r"--bulk .* --query"):
        home.refresh()


def test_one_at_a_time(home: Home, mirror: Path) -> None:
    small_tree().write(mirror)
    with exclusive(home.home / ".lock", "index"), pytest.raises(BusyError, match=r"index \(process \d+, since"):
        home.refresh(mirror)
    assert not (home.home / "refresh.json").exists()
    assert home.refresh(mirror).outcome == "published"


def test_a_file_with_too_many_rejections_holds_it_back_until_it_is_mended(home: Home, mirror: Path) -> None:
    tree = BulkTree(baseline_files=1, update_files=1, citations_per_file=100)
    tree.published = 1
    tree.write(mirror, md5=False)
    home.refresh(mirror)
    tree.published = None
    tree.write(mirror, md5=False)
    path = mirror / "updatefiles" / tree.name(2)
    whole = gzip.decompress(path.read_bytes())
    # Records that say nothing: each is rejected by name.
    path.write_bytes(gzip.compress(whole.replace(b'<PMID Version="1">', b'<PMID Version="one">')))
    for _ in range(2):
        with pytest.raises(
            GateError, match=r"records of pubmed26n0002\.xml\.gz were rejected, which is more than 1\.0%"
        ):
            home.refresh(mirror)
        assert home.store.all() == ["000001"]
        assert home.report()["outcome"] == "failed"
    path.write_bytes(gzip.compress(whole))
    assert home.refresh(mirror).outcome == "published"
    assert home.texts() == texts_of(tree)


def test_a_great_loss_of_articles_holds_it_back_until_it_is_allowed(home: Home, mirror: Path) -> None:
    small_tree().write(mirror)
    home.refresh(mirror)
    from retrieval.records import Deletion

    with home.catalog() as catalog:
        doomed = [e.article.pmid for e in catalog.articles()][::2]
        catalog.apply(map(Deletion, doomed), source="test")
    with pytest.raises(GateError, match=r"more than 10% would vanish; nothing was published"):
        home.refresh(mirror)
    assert home.store.all() == ["000001"]
    assert "would vanish" in str(home.report()["reason"])
    assert home.refresh(mirror, gates=Gates(max_shrink=0.9)).outcome == "published"


def test_a_server_that_is_away_leaves_what_is_published_and_says_so(home: Home, mirror: Path) -> None:
    small_tree().write(mirror)
    home.refresh(mirror)
    with pytest.raises(SourceError):
        home.refresh("http://127.0.0.1:9/pubmed/")
    assert home.store.current() == "000001"
    report = home.report()
    assert (report["outcome"], report["generation"]) == ("failed", "000001")
    assert "127.0.0.1:9" in str(report["reason"])


def test_an_encoder_that_fails_keeps_what_is_published_and_the_harvest(home: Home, mirror: Path) -> None:
    class Fails(HashingEncoder):
        def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
            raise MemoryError("out of memory")

    tree = small_tree()
    tree.published = 2
    tree.write(mirror)
    home.refresh(mirror)
    tree.published = None
    tree.write(mirror)
    home.encoder = Fails()
    with pytest.raises(MemoryError):
        home.refresh(mirror)
    assert home.store.all() == ["000001"]
    assert home.texts() == texts_of(tree)
    home.encoder = HashingEncoder()
    assert home.refresh(mirror).outcome == "published"


def test_searches_go_on_while_generations_come(home: Home, mirror: Path) -> None:
    from retrieval.live import LiveSearcher

    tree = small_tree()
    tree.published = 2
    tree.write(mirror)
    home.refresh(mirror)
    live = LiveSearcher(home.store, home.open_searcher)
    question = Query(text=next(iter(tree.truth().values())).title, limit=20)
    stop, failures, seen = threading.Event(), [], set()

    def ask() -> None:
        while not stop.is_set():
            try:
                seen.add(live.searcher().search(question).generation)
            except Exception as exc:  # noqa: BLE001 - any failure is one
                failures.append(exc)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for published in (3, 4, 5, 6):
            tree.published = published
            tree.write(mirror)
            home.refresh(mirror)
            live.refresh()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(seen) > 1
    assert live.searcher().generation == "000005"


# --- What once went wrong -------------------------------------------------------------------------------------------


def test_an_article_from_elsewhere_that_the_new_year_deleted_stays_deleted(home: Home, tmp_path: Path) -> None:
    old = small_tree()
    old.write(tmp_path / "26")
    home.refresh(tmp_path / "26")
    new = old.following(baseline_files=2, update_files=4)
    new.write(tmp_path / "27")
    deleted = next(pmid for contents in new.contents() for pmid in contents.deletions if pmid not in new.truth())
    with home.catalog() as catalog:
        catalog.apply([article(deleted, "From a file of ours.")], source="/data/ours.xml")
    home.refresh(tmp_path / "27")
    assert deleted not in home.texts()


def test_a_new_year_that_would_lose_too_much_leaves_the_old_catalog(home: Home, tmp_path: Path) -> None:
    old = small_tree()
    old.write(tmp_path / "26")
    home.refresh(tmp_path / "26")
    BulkTree(seed=8, year=27, baseline_files=1, update_files=0, citations_per_file=5).write(tmp_path / "27")
    with pytest.raises(GateError, match=r"more than 10% would vanish"):
        home.refresh(tmp_path / "27")
    assert home.texts() == texts_of(old)


def test_a_file_that_was_published_again_is_read_again_and_those_behind_it(home: Home, mirror: Path) -> None:
    tree = small_tree()
    tree.write(mirror, md5=False)
    home.refresh(mirror)
    path = mirror / "updatefiles" / tree.name(4)
    extra = BulkTree(seed=77, baseline_files=1, update_files=0, citations_per_file=3)
    added = set(extra.truth())
    inside = (
        gzip.decompress(extra.file(extra.name(1))).partition(b"<PubmedArticle>")[2].rpartition(b"</PubmedArticle>")[0]
    )
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(
        gzip.compress(
            whole.replace(b"<PubmedArticle>", b"<PubmedArticle>" + inside + b"</PubmedArticle><PubmedArticle>", 1)
        )
    )
    later = time.time() + 3 * 86_400
    os.utime(path, (later, later))
    report = home.refresh(mirror)
    assert f"{tree.name(4)} was published again and is read again" in report.stages[0].notes
    assert added <= set(home.texts())
    assert {pmid: text for pmid, text in home.texts().items() if pmid not in added} == {
        pmid: text for pmid, text in texts_of(tree).items() if pmid not in added
    }


def test_a_mirror_whose_dates_changed_without_its_files_is_not_read_again(home: Home, mirror: Path) -> None:
    tree = small_tree()
    tree.write(mirror)
    home.refresh(mirror)
    later = time.time() + 3 * 86_400
    for path in mirror.rglob("*.gz"):
        os.utime(path, (later, later))
    assert home.refresh(mirror).outcome == "unchanged"


def test_a_generation_that_lacks_files_is_built_again(home: Home, mirror: Path) -> None:
    small_tree().write(mirror)
    home.refresh(mirror)
    (home.store.folder("000001") / "dense" / "articles.faiss").unlink()
    assert home.refresh(mirror).generation == "000002"


def test_an_outage_that_looks_like_an_empty_pubmed_deletes_nothing(home: Home) -> None:
    world = World(300)
    with NcbiServer(world=world) as ncbi:
        home.refresh(ncbi=ncbi, queries=["colon"])
        with home.catalog() as catalog:
            catalog.mark_complete("PubMed sweep: colon", "swept", date="2020-01-01")
        everything, world.citations = world.citations, 0
        with pytest.raises(GateError, match=r"no longer has 300 of the 300 articles .* none was deleted"):
            home.refresh(ncbi=ncbi, queries=["colon"])
        assert len(home.texts()) == 300
        world.citations = everything
        assert home.refresh(ncbi=ncbi, queries=["colon"]).articles == 300
        assert len(home.texts()) == 300
