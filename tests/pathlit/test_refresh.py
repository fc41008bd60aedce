"""`pathlit refresh` and `pathlit harvest`, as an operator types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pathlit.conftest import Run
from tests.servers.bulk_tree import BulkTree
from tests.servers.ncbi import NcbiServer


@pytest.fixture
def ncbi(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[NcbiServer]:
    """Answers where `run` has nobody; its home folder is the one in use."""
    tree = BulkTree(baseline_files=1, update_files=2, citations_per_file=30)
    with NcbiServer(citations=40, mounts={"/pubmed/": tree.answer}) as server:
        monkeypatch.setenv("PATHLIT_ENTREZ__URL", server.url)
        monkeypatch.setenv("PATHLIT_ENTREZ__EMAIL", "operator@hospital.example")
        monkeypatch.setenv("PATHLIT_HOME", str(tmp_path / "home"))
        yield server


def test_a_query_is_harvested_built_and_published_and_each_stage_is_told(run: Run, ncbi: NcbiServer) -> None:
    ran = run("refresh", "--no-vectors", "--query", "colon cancer")
    assert ran.code == 0, ran.err
    assert "PubMed query: colon cancer: 40 in, 40 out, 0 rejected" in ran.out
    assert "understood by PubMed as: colon cancer[All Fields]" in ran.out
    assert "Published generation 000001: 40 articles" in ran.out
    again = run("refresh", "--no-vectors", "--query", "colon cancer")
    assert "Nothing has changed: still generation 000001" in again.out
    assert {asked.parameters["email"] for asked in ncbi.requests} == {"operator@hospital.example"}


def test_bulk_files_come_from_the_setting(run: Run, ncbi: NcbiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATHLIT_REFRESH__BULK", f"{ncbi.root}pubmed/")
    ran = run("refresh", "--no-vectors", "--json")
    report = json.loads(ran.out)
    assert (report["outcome"], report["current_to"]) == ("published", "pubmed26n0003.xml.gz")
    said = run("status").out
    assert "current to update file 3 (pubmed26n0003.xml.gz)" in " ".join(said.split())


def test_without_a_source_the_error_names_both_kinds(run: Run, ncbi: NcbiServer) -> None:
    ran = run("refresh")
    assert ran.code == 2
    assert "--bulk" in ran.err
    assert "--query" in ran.err


def test_a_server_that_is_away_is_exit_code_4_and_the_report_says_why(
    run: Run, ncbi: NcbiServer, tmp_path: Path
) -> None:
    ran = run("refresh", "--no-vectors", "--bulk", "http://127.0.0.1:9/pubmed/")
    assert ran.code == 4
    report = json.loads((tmp_path / "home" / "refresh.json").read_bytes())
    assert report["outcome"] == "failed"
    assert report["reason"] in ran.err.replace("\n", " ") or "127.0.0.1:9" in ran.err


def test_a_harvest_fills_the_catalog_and_index_publishes_it(run: Run, ncbi: NcbiServer) -> None:
    ncbi.missing.add(30_000_002)
    ran = run("harvest", "lung")
    assert ran.code == 0
    assert "40 in, 39 out, 1 rejected" in ran.out
    assert "PMID 30000002 was found by the search and not returned" in ran.err + ran.out
    assert run("index", "--no-vectors").code == 0
    assert "39 articles" in run("status").out.replace("\n", " ") or "39 (" in run("status").out


def test_without_an_address_of_ones_own_there_is_a_warning(
    run: Run, ncbi: NcbiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATHLIT_ENTREZ__EMAIL")
    ran = run("harvest", "lung")
    assert ran.code == 0
    assert "PATHLIT_ENTREZ__EMAIL" in ran.err


def test_what_pubmed_did_not_find_is_shown(run: Run, ncbi: NcbiServer) -> None:
    ncbi.unknown_phrases.add("xyzzy")
    ran = run("harvest", "xyzzy")
    assert "PhraseNotFound: xyzzy" in ran.out


@pytest.mark.parametrize(
    "words", [("harvest", "\udcff"), ("refresh", "--query", "\udcff"), ("search", "\udcff", "--json")]
)
def test_an_argument_that_is_not_utf8_is_unusable_input(run: Run, ncbi: NcbiServer, words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert ran.code in (2, 3)
    assert "Traceback" not in ran.err


def test_the_password_of_an_address_is_nowhere(run: Run, ncbi: NcbiServer, tmp_path: Path) -> None:
    address = f"{ncbi.root}nowhere/".replace("http://", "http://operator:S3CRET@")
    ran = run("refresh", "--no-vectors", "--bulk", address)
    assert ran.code == 4
    assert "S3CRET" not in ran.out + ran.err + (tmp_path / "home" / "refresh.json").read_text()
    ran = run("refresh", "--no-vectors", "--bulk", "http:/operator:S3CRET@127.0.0.1/")
    assert ran.code == 2
    assert "S3CRET" not in ran.out + ran.err
