"""PubMed's bulk files as a source: what is listed, how the files come one after the other, and a whole harvest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexing.bulk.listing import BulkFile
from indexing.bulk.plan import pending
from indexing.bulk.source import BulkSource
from indexing.catalog import Catalog
from indexing.pubmed.reader import read_pubmed_xml
from retrieval.errors import ConfigurationError, SourceError
from tests.servers.bulk_server import BulkServer, Fault, random_faults
from tests.servers.bulk_tree import BulkTree


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def tree() -> BulkTree:
    return BulkTree(seed=6, baseline_files=2, update_files=4, citations_per_file=20)


@pytest.fixture
def server(tree: BulkTree) -> Iterator[BulkServer]:
    with tree.serve() as server:
        yield server


def a_source(location: str, folder: Path, **options: Any) -> BulkSource:
    return BulkSource(location, folder, wait=lambda _stop, _seconds: None, timeout=5.0, **options)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- Listing ---------------------------------------------------------------------------------------------------------


def test_a_server_lists_baseline_and_updates_with_their_days(
    server: BulkServer, tree: BulkTree, tmp_path: Path
) -> None:
    listing = a_source(server.url, tmp_path).listing()
    assert (listing.year, listing.warnings) == (26, ())
    assert [file.name for file in listing.baseline] == ["pubmed26n0001.xml.gz", "pubmed26n0002.xml.gz"]
    assert [(file.number, file.date) for file in listing.updates] == [
        (3, "2026-01-05"),
        (4, "2026-01-06"),
        (5, "2026-01-07"),
        (6, "2026-01-08"),
    ]
    address = f"{server.url}updatefiles/pubmed26n0003.xml.gz"
    assert (listing.updates[0].location, listing.updates[0].md5) == (address, f"{address}.md5")
    assert server.paths == ["baseline/", "updatefiles/"]


def test_the_address_may_end_without_a_stroke(server: BulkServer, tmp_path: Path) -> None:
    assert len(a_source(server.url.rstrip("/"), tmp_path).listing().files) == 6


@pytest.mark.parametrize("fault", [Fault(keep=0.6), Fault(keep=0.6, announce=False)], ids=["announced", "silent"])
def test_a_listing_cut_short_is_asked_for_again(fault: Fault, server: BulkServer, tmp_path: Path) -> None:
    server.faults += [fault, Fault(), fault]
    assert len(a_source(server.url, tmp_path).listing().files) == 6
    assert server.paths == ["baseline/", "baseline/", "updatefiles/", "updatefiles/"]


def test_a_missing_update_file_is_an_error(server: BulkServer, tree: BulkTree, tmp_path: Path) -> None:
    page = tree.answer("GET", "updatefiles/", {})[2].replace(b"pubmed26n0004", b"pubmedxxx")
    server.faults += [Fault(match="updatefiles/", body=page)]
    with pytest.raises(SourceError, match="files 0004 of 2026 are missing between the baseline"):
        a_source(server.url, tmp_path).listing()


def test_the_newest_file_is_left_for_later_while_it_has_no_md5(
    server: BulkServer, tree: BulkTree, tmp_path: Path
) -> None:
    page = tree.answer("GET", "updatefiles/", {})[2].replace(b"pubmed26n0006.xml.gz.md5", b"none")
    server.faults += [Fault(match="updatefiles/", body=page)]
    listing = a_source(server.url, tmp_path).listing()
    assert [file.number for file in listing.updates] == [3, 4, 5]
    assert listing.warnings == ("pubmed26n0006.xml.gz has no .md5 yet: it is left for the next time",)


def test_a_server_without_sums_is_read_with_a_warning(server: BulkServer, tree: BulkTree, tmp_path: Path) -> None:
    pages = [tree.answer("GET", part, {})[2].replace(b".md5", b".sum") for part in ("baseline/", "updatefiles/")]
    server.faults += [Fault(body=page) for page in pages]
    listing = a_source(server.url, tmp_path).listing()
    assert {file.md5 for file in listing.files} == {""}
    assert listing.warnings[0].endswith("baseline/ has no .md5 files: downloads are checked by gzip's own sum")


def test_a_page_that_is_no_listing_is_an_error(server: BulkServer, tmp_path: Path) -> None:
    server.faults += [Fault(body=b"<html>We are moving.</html>")] * 2
    with pytest.raises(SourceError, match="holds no PubMed baseline: expected names such as pubmed26n0001"):
        a_source(server.url, tmp_path).listing()


def test_the_password_of_an_address_stays_out_of_its_name(tmp_path: Path) -> None:
    assert a_source("https://me:secret@mirror.example/pubmed/", tmp_path).name == "https://mirror.example/pubmed/"


def test_other_protocols_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"cannot be read by ftp: use https, as in https://ftp.ncbi.nlm.nih.gov"
    ):
        a_source("ftp://ftp.ncbi.nlm.nih.gov/pubmed/", tmp_path).listing()


# --- Local mirrors ---------------------------------------------------------------------------------------------------


def test_a_local_mirror_is_used_where_it_lies(tree: BulkTree, tmp_path: Path) -> None:
    tree.write(tmp_path / "mirror")
    before = sorted((tmp_path / "mirror").rglob("*"))
    source = a_source(str(tmp_path / "mirror"), tmp_path / "downloads")
    listing = source.listing()
    assert (len(listing.baseline), len(listing.updates), listing.warnings) == (2, 4, ())
    assert [path for _, path in source.files(listing.files)] == [Path(file.location) for file in listing.files]
    assert listing.files[0].size == Path(listing.files[0].location).stat().st_size
    assert sorted((tmp_path / "mirror").rglob("*")) == before
    assert not (tmp_path / "downloads").exists()


def test_a_local_mirror_may_be_flat_and_without_sums(tree: BulkTree, tmp_path: Path) -> None:
    tree.write(tmp_path, flat=True, md5=False)
    source = a_source(str(tmp_path), tmp_path / "downloads")
    listing = source.listing()
    assert [file.number for file in listing.baseline] == [1, 2, 3, 4, 5, 6]
    assert source.fetch(listing.files[5]) == tmp_path / "pubmed26n0006.xml.gz"


def test_a_damaged_file_of_a_local_mirror_is_an_error_that_names_both_sums(tree: BulkTree, tmp_path: Path) -> None:
    tree.write(tmp_path)
    source = a_source(str(tmp_path), tmp_path)
    file = source.listing().files[2]
    Path(file.location).write_bytes(b"damaged")
    with pytest.raises(SourceError, match=r"has the MD5 \w{32}, but .* says \w{32}"):
        source.fetch(file)


def test_a_file_that_has_left_a_local_mirror_is_an_error(tree: BulkTree, tmp_path: Path) -> None:
    tree.write(tmp_path)
    source = a_source(str(tmp_path), tmp_path)
    file = source.listing().files[0]
    Path(file.location).unlink()
    with pytest.raises(SourceError, match="cannot be read: No such file or directory; complete the mirror"):
        source.fetch(file)


def test_a_mirror_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"the mirror .*nowhere cannot be read: No such file or directory; check"):
        a_source(str(tmp_path / "nowhere"), tmp_path).listing()


def test_both_years_in_a_mirror_give_the_new_one(tree: BulkTree, tmp_path: Path) -> None:
    tree.write(tmp_path)
    tree.following(baseline_files=3, update_files=1).write(tmp_path)
    listing = a_source(str(tmp_path), tmp_path).listing()
    assert [file.name for file in listing.files] == [f"pubmed27n000{number}.xml.gz" for number in (1, 2, 3, 4)]
    assert listing.warnings == (
        "2 baseline files of 2026 are ignored: the files of 2027 are used",
        "4 update files of 2026 are ignored: the files of 2027 are used",
    )


def test_downloads_that_were_kept_serve_as_a_mirror(server: BulkServer, tree: BulkTree, tmp_path: Path) -> None:
    source = a_source(server.url, tmp_path, keep=True)
    list(source.files(source.listing().files))
    mirror = a_source(str(tmp_path), tmp_path)
    assert [path.name for _, path in mirror.files(mirror.listing().files)] == [tree.name(n) for n in range(1, 7)]


# --- File after file -------------------------------------------------------------------------------------------------


def test_downloads_are_deleted_once_the_next_file_is_asked_for(
    server: BulkServer, tree: BulkTree, tmp_path: Path
) -> None:
    source = a_source(server.url, tmp_path)
    wanted = source.listing().files
    read: list[Path] = []
    for file, path in source.files(wanted):
        assert path.read_bytes() == tree.file(file.name)
        assert not any(earlier.exists() for earlier in read)
        read.append(path)
    assert [path.name for path in read] == [file.name for file in wanted]
    assert names(tmp_path) == []
    assert server.most_at_once == 1


def test_downloads_stay_where_they_are_to_be_kept(server: BulkServer, tmp_path: Path) -> None:
    source = a_source(server.url, tmp_path, keep=True)
    wanted = source.listing().files[:2]
    list(source.files(wanted))
    assert names(tmp_path) == [name for file in wanted for name in (file.name, f"{file.name}.md5")]


def test_the_next_file_comes_while_one_is_in_use(server: BulkServer, tmp_path: Path) -> None:
    source = a_source(server.url, tmp_path)
    files = source.files(source.listing().files)
    next(files)
    second = tmp_path / "pubmed26n0002.xml.gz"
    waited = threading.Event()
    while not second.exists():
        assert not waited.wait(0.01)  # pytest's timeout ends a wait in vain
    files.close()


def test_closing_ends_a_download_and_keeps_what_has_arrived(server: BulkServer, tree: BulkTree, tmp_path: Path) -> None:
    source = a_source(server.url, tmp_path)
    wanted = source.listing().files
    server.faults.append(Fault(match="0002.xml.gz", drip=0.05))
    files = source.files(wanted)
    _, first = next(files)
    part = tmp_path / "pubmed26n0002.xml.gz.part"
    while not part.exists():
        threading.Event().wait(0.01)
    files.close()
    assert first.exists()
    assert tree.file("pubmed26n0002.xml.gz").startswith(part.read_bytes())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pathlit-bulk")]


def test_an_error_comes_with_the_file_that_has_it_and_not_before(
    server: BulkServer, tree: BulkTree, tmp_path: Path
) -> None:
    source = a_source(server.url, tmp_path, max_attempts=2)
    wanted = source.listing().files
    tree.vanished |= {"pubmed26n0002.xml.gz"}
    files = source.files(wanted)
    assert next(files)[0] == wanted[0]
    with pytest.raises(SourceError, match=r"HTTP 404 for /pubmed/baseline/pubmed26n0002.xml.gz: it is not there"):
        next(files)


def test_nothing_is_fetched_before_the_first_file_is_asked_for(tmp_path: Path) -> None:
    a_source("http://127.0.0.1:9/", tmp_path).files([BulkFile("pubmed26n0001.xml.gz", 26, 1, "http://127.0.0.1:9/x")])


# --- A whole harvest -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_day_after_day_under_faults_the_catalog_becomes_what_pubmed_holds(seed: int, tmp_path: Path) -> None:
    tree = BulkTree(seed, baseline_files=2, update_files=12, citations_per_file=60)
    with tree.serve(random_faults(0.25, seed)) as server, Catalog.open(tmp_path / "catalog.sqlite") as catalog:
        source = BulkSource(server.url, tmp_path / "downloads", wait=lambda _stop, _seconds: None, max_attempts=12)
        for day in (5, 6, 9, 14):
            tree.published = day
            plan = pending(source.listing(), [done.name for done in catalog.sources()])
            for file, path in source.files(plan.files):
                catalog.apply(read_pubmed_xml(path), source=file.name, position=file.number)
                catalog.mark_complete(file.name, "verified", date=file.date)
            truth = tree.truth()
            held = {entry.article.pmid: entry.article for entry in catalog.articles()}
            assert held.keys() == truth.keys()
            for pmid, article in held.items():
                assert (article.version, article.revised) == (truth[pmid].version, truth[pmid].revised)
                assert (article.title, article.abstract) == (truth[pmid].title, truth[pmid].abstract)
        assert [done.name for done in catalog.sources()] == [tree.name(number) for number in range(1, 15)]
