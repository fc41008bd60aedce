"""`pathlit search --top-up`: PubMed's newest beside the index, on demand, and never in its way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pathlit.conftest import Run
from tests.servers.ncbi import NcbiServer


def test_help_says_that_the_words_of_the_query_go_to_ncbi(run: Run) -> None:
    assert "Sends the words of your query over the network to NCBI." in " ".join(run("search", "--help").out.split())


@pytest.mark.server
def test_pubmeds_newest_are_listed_behind_the_hits(run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with NcbiServer(citations=3) as ncbi:
        monkeypatch.setenv("PATHLIT_ENTREZ__URL", ncbi.url)
        ran = run("search", "--home", str(demo), "--top-up", "-n", "2", "frozen section")
        silent = run("search", "--home", str(demo), "-n", "2", "frozen section")
        asked = [r.parameters["term"] for r in ncbi.requests if r.utility == "esearch"]
    assert ran.code == silent.code == 0
    hits, _, recent = ran.out.partition("At PubMed, not in the index yet")
    assert "Demonstration text" in hits
    assert recent.count("Stand-in") == 2
    assert "At PubMed" not in silent.out
    assert len(asked) == 1
    assert asked[0].startswith('(frozen section) AND ("')


def test_without_a_network_the_search_is_answered_with_a_notice(run: Run, demo: Path) -> None:
    ran = run("search", "--home", str(demo), "--top-up", "--json", "frozen section")
    data = json.loads(ran.out)["data"]
    assert ran.code == 0
    assert data["hits"]
    assert data["not_indexed"] == []
    assert data["notices"] == ["PubMed could not be asked for newer articles; this search has the index alone."]
