"""`pathlit figures`, and the figures that `pathlit show` lists."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexing.catalog import Catalog
from indexing.figures.store import FigureStore
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.records import Article, IntegrityStatus
from tests.fakes import Corpus
from tests.pathlit.conftest import Run
from tests.servers.pmc_bucket import PmcBucket, article, fig

BODY = fig("f1", "<title>Lung biopsy.</title><p>(A) H&amp;E. (B) TTF-1.</p>") + fig("f2", "<p>p40.</p>")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[PmcBucket]:
    with PmcBucket() as running:
        monkeypatch.setenv("PATHLIT_FIGURES__URL", running.url)
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A published home folder with three articles, two of them at PMC."""
    articles = [
        Article(pmid=10, title="Lung cancer", pmcid="PMC1"),
        Article(pmid=20, title="Colon cancer", pmcid="PMC2"),
        Article(pmid=30, title="Skin cancer"),
    ]
    corpus = Corpus(tmp_path / "home")
    # As the commands have it, with the names of markers.
    corpus.analyzer = HomeFolder(read_settings(corpus.home)).analyzer
    corpus.publish(articles)
    return corpus.home


def test_figures_of_the_catalog_are_collected_and_counted(run: Run, bucket: PmcBucket, home: Path) -> None:
    bucket.add(article("PMC1.1", pmid=10, body=BODY, images=["f1.jpg"]), article("PMC2.1", pmid=20, licence="TDM"))
    ran = run("figures", "--home", str(home), "--images")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"2 articles from {bucket.url}: 1 kept, 1 refused (TDM).\n"
        "2 figures kept, 1 of them with their image, 1 came without an image.\n"
    )
    assert (home / "figures" / "PMC1.1" / "f1.jpg").is_file()
    again = run("figures", "--home", str(home), "--images")
    assert again.out.startswith(f"2 articles from {bucket.url}: 2 unchanged.")


def test_as_json_everything_is_named(run: Run, bucket: PmcBucket, home: Path) -> None:
    bucket.add(article("PMC1.1", pmid=10, body=BODY, retracted=True))
    ran = run("figures", "--home", str(home), "--json")
    (report,) = json.loads(ran.out)["collected"]
    assert (report["asked"], report["kept"], report["figures"], report["refused"]) == (2, 1, 2, {})
    assert report["rejected"] == [f"{bucket.url[7:-1]}, record PMC2: it is not among PMC's open-access articles"]
    assert report["retractions"] == [{"pmid": 10, "pmcid": "PMC1.1"}]


def test_pmcs_retractions_reach_the_catalog(run: Run, bucket: PmcBucket, home: Path) -> None:
    bucket.add(article("PMC1.1", pmid=10, retracted=True), article("PMC2.1", pmid=20))
    ran = run("figures", "--home", str(home))
    assert "PMC calls 1 articles retracted; the next `pathlit index` takes note." in ran.out
    with Catalog.open(home / "catalog.sqlite", read_only=True) as catalog:
        standing = {entry.article.pmid: entry.integrity.status for entry in catalog.articles()}
    assert standing == {10: IntegrityStatus.RETRACTED, 20: IntegrityStatus.OK, 30: IntegrityStatus.OK}


def test_figures_in_a_folder_need_no_catalog(run: Run, bucket: PmcBucket, tmp_path: Path) -> None:
    bucket.add(article("PMC1.1", pmid=10, body=BODY, licence="CC BY-NC"))
    bucket.write_to(tmp_path / "pmc")
    words = ("figures", str(tmp_path / "pmc"), "--home", str(tmp_path / "home"))
    assert "1 refused (CC BY-NC)" in run(*words).out
    assert "2 figures kept" in run(*words, "--licence", "CC BY-NC").out
    assert "1 articles removed: their licence is no longer allowed." in run(*words).out
    assert bucket.requests == []


def test_without_a_catalog_the_message_says_what_to_do(run: Run, tmp_path: Path) -> None:
    ran = run("figures", "--home", str(tmp_path / "home"))
    assert (ran.code, "there is no catalog" in ran.err) == (3, True)


def test_an_unreachable_cloud_is_a_failed_source(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHLIT_FIGURES__URL", "http://127.0.0.1:9/")
    ran = run("figures", "--home", str(home))
    assert (ran.code, "127.0.0.1:9 cannot be reached" in ran.err) == (4, True)


def test_show_lists_the_figures_of_an_article(run: Run, bucket: PmcBucket, home: Path) -> None:
    bucket.add(article("PMC1.1", pmid=10, body=BODY), article("PMC2.1", pmid=20))
    before = run("show", "10", "--home", str(home)).out
    run("figures", "--home", str(home))
    assert run("show", "10", "--home", str(home)).out == (
        before + "\nFigure 1: Lung biopsy. (A) H&E. (B) TTF-1.  CC BY\nFigure 2: p40.  CC BY\n"
    )
    assert run("show", "30", "--home", str(home)).out.count("\n") == before.count("\n")


@pytest.mark.server
def test_a_killed_harvest_leaves_whole_articles_and_goes_on(run: Run, bucket: PmcBucket, tmp_path: Path) -> None:
    home, count = tmp_path / "home", 200
    home.mkdir()
    bucket.add(*(article(f"PMC{n}.1", pmid=n, body=BODY, images=["f1.jpg", "f2.jpg"]) for n in range(1, count + 1)))
    with Catalog.open(home / "catalog.sqlite") as catalog:
        catalog.apply([Article(pmid=n, pmcid=f"PMC{n}") for n in range(1, count + 1)], source="test")
    command = [sys.executable, "-m", "pathlit", "figures", "--home", str(home), "--images"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ) as killed:
        deadline = time.monotonic() + 120
        while len(bucket.requests) < 250 and killed.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    with FigureStore.open(home / "figures.sqlite") as store:
        done = [state.pmcid for state in store.articles()]
        assert 0 < len(done) < count
        assert len(store) == 2 * len(done)
    bucket.requests.clear()
    report = json.loads(run("figures", "--home", str(home), "--images", "--json").out)["collected"][0]
    assert (report["unchanged"], report["kept"]) == (len(done), count - len(done))
    assert not [asked for asked in bucket.requests if asked.partition("/")[0].strip("?.") in done]
    with FigureStore.open(home / "figures.sqlite") as store:
        assert len(store) == 2 * count
    assert sum(1 for _ in (home / "figures").rglob("*.jpg")) == 2 * count
    assert list((home / "figures").rglob("*.part")) == []
