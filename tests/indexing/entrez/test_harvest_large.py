"""A quarter of a million citations through the E-utilities, at NCBI's pace, with everything going wrong at random."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from indexing.catalog import Catalog
from indexing.entrez.harvest import Harvester
from indexing.entrez.pace import Pace
from indexing.entrez.source import EntrezSource
from tests.servers.ncbi import FIRST_PMID, NcbiServer, random_faults
from tests.servers.ncbi_world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CITATIONS = 250_000
MISSING = {FIRST_PMID + 4, FIRST_PMID + 100_000}


def test_250_000_citations_arrive_once_each_at_a_rate_that_is_never_above_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("indexing").setLevel(logging.ERROR)
    # A day that finds more than PubMed hands out is in it.
    world = World(CITATIONS, crowd=range(60_000, 75_000))
    with (
        NcbiServer(world=world, enforce_rate=True, faults_at_random=random_faults(0.1, seed=4)) as ncbi,
        Catalog.open(tmp_path / "catalog.sqlite") as catalog,
    ):
        ncbi.missing = set(MISSING)
        source = EntrezSource(
            "me@example.org",
            api_key="k" * 36,
            base_url=ncbi.url,
            max_attempts=8,
            pace=Pace("stand-in", 10, folder=tmp_path),
        )
        report = Harvester(source, catalog).harvest("pathology")
        busiest = ncbi.busiest_second()
        with capsys.disabled():
            print(f"\n{len(ncbi.requests):,} requests, {ncbi.spoilt:,} spoilt, {busiest} in the busiest second")
        held = [(entry.article.pmid, entry.article.title) for entry in catalog.articles()]
    assert busiest <= 10
    assert ncbi.spoilt > 40
    assert report.announced == CITATIONS
    assert set(report.missing) == MISSING
    assert report.rejected == ()
    assert report.tally.added == CITATIONS - len(MISSING)
    assert [pmid for pmid, _ in held] == [pmid for pmid in reversed(world.pmids) if pmid not in MISSING]
    assert all(title.endswith(f": case {pmid}.") for pmid, title in held)
