"""What a person reads when the catalog's file is unusable, and what survives kill -9."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from indexing.catalog import Catalog
from retrieval.errors import CatalogError
from retrieval.records import Article

ROOT = Path(__file__).parents[2]


def articles(first: int, last: int) -> list[Article]:
    return [Article(pmid=pmid, title=f"Article {pmid} " + "x" * 3000) for pmid in range(first, last + 1)]


def test_the_constructor_touches_no_file(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "missing" / "catalog.sqlite")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CatalogError, match=r"is not open: use Catalog.open"):
        len(catalog)


def test_opening_creates_the_file_and_its_folder(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "new folder" / "a catalog?#%.sqlite") as catalog:
        assert len(catalog) == 0
        catalog.apply(articles(1, 3), source="one")
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["a catalog?#%.sqlite"]
    with Catalog.open(tmp_path / "new folder" / "a catalog?#%.sqlite") as catalog:
        assert len(catalog) == 3


def test_a_closed_catalog_says_so(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    catalog.close()
    catalog.close()
    with pytest.raises(CatalogError, match="is not open"):
        catalog.get(1)
    with pytest.raises(CatalogError, match="is not open"):
        next(catalog.articles())


def test_a_directory_is_no_catalog(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="is a directory: name a file"):
        Catalog.open(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="cannot be opened"):
        Catalog.open(tmp_path / "file" / "catalog.sqlite")


@pytest.mark.parametrize(
    "content", [b"PMID- 29952771\n" * 100, b"\x00" * 4096, b"SQLite format 3\x00" + b"\xff" * 4080]
)
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=r"catalog\.sqlite"):
        Catalog.open(path)
    assert path.read_bytes() == content


def test_a_foreign_sqlite_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
        connection.commit()
    content = path.read_bytes()
    with pytest.raises(CatalogError, match="is a SQLite file, but not a pathlit catalog"):
        Catalog.open(path)
    assert path.read_bytes() == content


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    Catalog.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(CatalogError, match=r"written by a newer pathlit.*format 99.*upgrade pathlit"):
        Catalog.open(path)


def test_a_damaged_file_is_reported_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with Catalog.open(path) as catalog:
        catalog.apply(articles(1, 200), source="one")
    content = path.read_bytes()
    path.write_bytes(content[:16384] + b"\xa5" * (len(content) - 16384))
    with Catalog.open(path) as catalog, pytest.raises(CatalogError, match=r"damaged|failed"):
        list(catalog.articles())


def test_a_damaged_record_names_its_pmid(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with Catalog.open(path) as catalog:
        catalog.apply(articles(1, 2), source="one")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE articles SET record = x'7b' WHERE pmid = 2")
        connection.commit()
    with Catalog.open(path) as catalog, pytest.raises(CatalogError, match=r"the record of PMID 2 .* is damaged"):
        catalog.get(2)


def test_reading_only_needs_a_catalog_and_never_writes(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with pytest.raises(CatalogError, match="there is no catalog at"):
        Catalog.open(path, read_only=True)
    with Catalog.open(path) as catalog:
        catalog.apply(articles(1, 2), source="one")
    with Catalog.open(path, read_only=True) as catalog:
        assert [entry.article.pmid for entry in catalog.articles()] == [1, 2]
        with pytest.raises(CatalogError, match="opened for reading only"):
            catalog.apply(articles(3, 3), source="two")
        with pytest.raises(CatalogError, match="opened for reading only"):
            catalog.mark_complete("one", "aaaa")


def test_a_second_writer_hears_of_the_first_and_readers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with Catalog.open(path) as first, Catalog.open(path, busy_timeout=0.05) as second:
        first.apply(articles(1, 2), source="one")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(CatalogError, match="another pathlit process is writing"):
                second.apply(articles(3, 3), source="two")
            assert [entry.article.pmid for entry in second.articles()] == [1, 2]
            other.execute("ROLLBACK")
        second.apply(articles(3, 3), source="two")
        assert len(first) == 3


def test_a_full_disk_keeps_the_batches_before_it(tmp_path: Path) -> None:
    with Catalog.open(tmp_path / "catalog.sqlite", batch_size=10) as catalog:
        catalog.apply(articles(1, 20), source="one")
        connection = catalog._connected()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 12}")
        with pytest.raises(CatalogError, match="the disk is full while writing"):
            catalog.apply(articles(21, 60), source="one")
        held = [entry.article.pmid for entry in catalog.articles()]
        assert held == list(range(1, len(held) + 1))
        assert len(held) == len(catalog) == 30
        connection.execute("PRAGMA max_page_count = 1000000")
        catalog.apply(articles(1, 60), source="one")
        assert len(catalog) == 60


# --- kill -9 ----------------------------------------------------------------------------------------------------------

STREAM = """
import random, sys
from pathlib import Path
from indexing.catalog import Catalog
from retrieval.records import Article, Correction, Deletion

def stream(source):
    rng = random.Random(source)
    for _ in range(1500):
        pmid = rng.randrange(1, 800)
        if rng.random() < 0.15:
            yield Deletion(pmid)
        else:
            yield Article(
                pmid=pmid, version=rng.randrange(1, 3), revised=f"2020-01-0{rng.randrange(1, 9)}",
                title=f"{source} " + "x" * rng.randrange(6000),
                corrections=(Correction("RetractionOf", rng.randrange(1, 800)),),
            )

with Catalog.open(Path(sys.argv[1]), batch_size=20) as catalog:
    for source in ("first", "second", "third"):
        if not catalog.is_complete(source, source):
            catalog.apply(stream(source), source=source, progress=lambda read: print(read, flush=True))
            catalog.mark_complete(source, source)
    print(catalog.fingerprint())
"""


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def run(path: Path) -> str:
    command = [sys.executable, "-c", STREAM, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=ENVIRONMENT)
    return done.stdout.split()[-1]


def run_and_kill(path: Path, batches: int, seconds: float) -> bool:
    """Kills the run `seconds` after it has written that many batches; False where it ended before."""
    with subprocess.Popen(
        [sys.executable, "-c", STREAM, str(path)], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(batches):
            process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


def test_a_killed_run_that_is_repeated_gives_the_same_catalog(tmp_path: Path) -> None:
    rng = random.Random(20260101)
    path = tmp_path / "disturbed"
    unfinished = 0
    for _ in range(8):
        killed = run_and_kill(path, rng.randrange(1, 110), rng.uniform(0, 0.01))
        with Catalog.open(path, read_only=True) as catalog:
            unfinished += killed and len(catalog.sources()) < 3
            assert sum(1 for _ in catalog.articles()) == len(catalog)
    assert unfinished >= 3
    assert run(path) == run(tmp_path / "undisturbed")
