"""Harvests: everything that a query finds, once, however PubMed misbehaves and whenever they are stopped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from Bio import Entrez

from indexing.catalog import Catalog
from indexing.entrez.agenda import Agenda
from indexing.entrez.eutils import Eutils
from indexing.entrez.harvest import Harvester
from indexing.entrez.harvest_report import HarvestReport
from indexing.entrez.pace import Pace
from indexing.entrez.source import EntrezSource
from retrieval.errors import ArticleNotFoundError, GateError, InputError, SourceError
from tests.servers.ncbi import FIRST_PMID, Asked, Fault, NcbiServer, random_faults
from tests.servers.ncbi_world import FIRST_DAY, World, citation

TODAY = date(2026, 11, 21)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bio.Entrez waits between requests as well, by a clock of its own that here runs fast."""
    monkeypatch.setattr(Entrez, "time", SimpleNamespace(time=itertools.count(1).__next__, sleep=lambda _: None))
    monkeypatch.setattr(Entrez._open, "previous", 0)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog.sqlite") as opened:
        yield opened


def source(ncbi: NcbiServer, tmp_path: Path, *, attempts: int = 8) -> EntrezSource:
    """With NCBI's pace between processes, but without its pauses, which would take most of the time."""
    pace = Pace("stand-in", 10, folder=tmp_path / "pace", sleep=lambda _: None, clock=itertools.count(1000).__next__)
    return EntrezSource(
        "me@example.org", api_key="k", base_url=ncbi.url, max_attempts=attempts, sleep=lambda _: None, pace=pace
    )


def harvest(
    ncbi: NcbiServer,
    catalog: Catalog,
    term: str = "pathology",
    *,
    today: date = TODAY,
    full: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> HarvestReport:
    harvester = Harvester(source(ncbi, catalog.path.parent), catalog, today=lambda: today)
    return harvester.harvest(term, full=full, progress=progress)


def held(catalog: Catalog) -> list[int]:
    return [entry.article.pmid for entry in catalog.articles()]


def truth(ncbi: NcbiServer) -> list[int]:
    return [pmid for pmid in reversed(ncbi.pmids) if pmid not in ncbi.missing]


def searches(ncbi: NcbiServer) -> list[Asked]:
    return [asked for asked in ncbi.requests if asked.utility == "esearch"]


# --- The first time -------------------------------------------------------------------------------------------------


def test_a_query_that_finds_little_is_searched_once_and_fetched_by_the_history_server(catalog: Catalog) -> None:
    with NcbiServer(citations=1_200) as ncbi:
        report = harvest(ncbi, catalog)
        assert held(catalog) == truth(ncbi)
    assert (report.announced, report.found, report.stored, report.tally.added) == (1_200, 1_200, 1_200, 1_200)
    assert report.translation == "pathology[All Fields]"
    fetches = [asked.parameters for asked in ncbi.requests if asked.utility == "efetch"]
    assert [(f["retstart"], f["retmax"]) for f in fetches] == [("0", "500"), ("500", "500"), ("1000", "200")]
    assert all("WebEnv" in f and "id" not in f for f in fetches)


def test_more_than_pubmed_hands_out_is_halved_by_date_and_a_crowded_day_by_pmid(catalog: Catalog) -> None:
    world = World(26_000, crowd=range(3_000, 15_000))
    with NcbiServer(world=world) as ncbi:
        report = harvest(ncbi, catalog)
        assert held(catalog) == truth(ncbi)
    assert report.found == report.announced == 26_000
    assert any("[UID]" in asked.parameters["term"] for asked in searches(ncbi))
    dated = [asked.parameters for asked in searches(ncbi) if "mindate" in asked.parameters]
    assert dated
    assert all(parameters.get("maxdate") for parameters in dated)
    # No PMID was asked for twice.
    fetched = sum(int(asked.parameters["retmax"]) for asked in ncbi.requests if asked.utility == "efetch")
    assert fetched == 26_000


def test_tool_and_email_come_with_every_request(catalog: Catalog) -> None:
    with NcbiServer(citations=700) as ncbi:
        harvest(ncbi, catalog)
    assert {(a.parameters["tool"], a.parameters["email"]) for a in ncbi.requests} == {("pathlit", "me@example.org")}


def test_what_pubmed_did_not_understand_is_told(catalog: Catalog) -> None:
    with NcbiServer(citations=5) as ncbi:
        ncbi.unknown_phrases.add("zzzzz")
        report = harvest(ncbi, catalog, "colon zzzzz")
    assert (report.announced, report.found) == (0, 0)
    assert "PhraseNotFound: zzzzz" in report.warnings


def test_an_empty_query_is_refused(catalog: Catalog) -> None:
    with NcbiServer(citations=5) as ncbi, pytest.raises(InputError, match="query is empty"):
        harvest(ncbi, catalog, "  ")


# --- Faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_every_fault_at_random_loses_and_doubles_nothing(catalog: Catalog, seed: int) -> None:
    world = World(12_500, crowd=range(1_000, 2_000))
    with NcbiServer(world=world, faults_at_random=random_faults(0.3, seed)) as ncbi:
        ncbi.missing = {FIRST_PMID + 17, FIRST_PMID + 9_000}
        report = harvest(ncbi, catalog)
        assert ncbi.spoilt >= 10
        assert held(catalog) == truth(ncbi)
    assert report.missing == (FIRST_PMID + 17, FIRST_PMID + 9_000)
    assert report.rejected == ()
    assert report.tally.added == 12_498


def test_batches_shrink_where_bodies_are_cut_off_and_grow_again(catalog: Catalog) -> None:
    def long_bodies_are_cut(asked: Asked) -> Fault | None:
        long = asked.utility == "efetch" and int(asked.parameters.get("retmax", 0)) > 100
        return Fault(keep=0.5) if long and len(ncbi.requests) < 12 else None

    with NcbiServer(citations=3_000, faults_at_random=long_bodies_are_cut) as ncbi:
        harvest(ncbi, catalog)
        assert held(catalog) == truth(ncbi)
    sizes = [int(asked.parameters["retmax"]) for asked in ncbi.requests if asked.utility == "efetch"]
    assert sizes[:4] == [500, 250, 125, 62]
    assert max(sizes[6:]) > 400


def test_a_search_that_the_history_server_forgot_is_searched_again(catalog: Catalog) -> None:
    def forgetful(asked: Asked) -> Fault | None:
        return Fault(forget=True) if len(ncbi.requests) in (4, 7) else None

    with NcbiServer(citations=3_000, faults_at_random=forgetful) as ncbi:
        harvest(ncbi, catalog)
        assert held(catalog) == truth(ncbi)
    assert len(searches(ncbi)) == 4
    assert all("WebEnv" in asked.parameters for asked in ncbi.requests if asked.utility == "efetch")


def test_a_record_that_never_comes_whole_is_rejected_by_name_and_the_others_are_kept(catalog: Catalog) -> None:
    bad = FIRST_PMID + 3

    def garbled(asked: Asked) -> Fault | None:
        parameters = asked.parameters
        first = ncbi.pmids.index(bad) - int(parameters.get("retstart", 0))
        by_history = "WebEnv" in parameters and 0 <= first < int(parameters["retmax"])
        return Fault(garble=True) if asked.utility == "efetch" and by_history else None

    with NcbiServer(citations=20, faults_at_random=garbled) as ncbi:
        report = harvest(ncbi, catalog)
        assert held(catalog) == [pmid for pmid in truth(ncbi) if pmid != bad]
    assert len(report.rejected) == 1
    assert str(bad) in report.rejected[0]


def test_a_server_in_trouble_stops_the_harvest_instead_of_rejecting_everything(catalog: Catalog) -> None:
    with (
        NcbiServer(
            citations=2_000, faults_at_random=lambda a: Fault(garble=True) if a.utility == "efetch" else None
        ) as ncbi,
        pytest.raises(SourceError, match="unusable XML"),
    ):
        harvest(ncbi, catalog)
    assert len(catalog) == 0


def test_ids_that_are_announced_and_not_handed_out_are_an_error(catalog: Catalog) -> None:
    short = "<eSearchResult><Count>7</Count><IdList><Id>1</Id></IdList></eSearchResult>"
    with (
        NcbiServer(citations=7, faults_at_random=lambda a: Fault(body=short)) as ncbi,
        pytest.raises(SourceError, match=r"announced 7 PMIDs .* handed out 1"),
    ):
        harvest(ncbi, catalog)


def test_a_search_that_names_nothing_of_what_was_announced_fails_and_is_made_again(catalog: Catalog) -> None:
    empty = "<eSearchResult><Count>0</Count><IdList></IdList></eSearchResult>"
    away = [True]

    def nothing(asked: Asked) -> Fault | None:
        return Fault(body=empty) if away[0] and "usehistory" in asked.parameters else None

    with NcbiServer(citations=50, faults_at_random=nothing) as ncbi:
        with pytest.raises(SourceError, match=r"announced 50 articles for 'pathology', and its searches name 0"):
            harvest(ncbi, catalog)
        away[0] = False
        assert harvest(ncbi, catalog).stored == 50
        assert held(catalog) == truth(ncbi)


def test_a_first_harvest_that_finds_nothing_is_made_in_full_again(catalog: Catalog) -> None:
    world = World(0)
    with NcbiServer(world=world) as ncbi:
        assert harvest(ncbi, catalog).found == 0
        world.citations = 30
        assert harvest(ncbi, catalog).stored == 30


def test_a_history_server_that_keeps_nothing_is_done_without(catalog: Catalog) -> None:
    def forgets(asked: Asked) -> Fault | None:
        return Fault(forget=True) if asked.utility == "efetch" else None

    with NcbiServer(citations=700, faults_at_random=forgets) as ncbi:
        harvest(ncbi, catalog)
        assert held(catalog) == truth(ncbi)
        assert len(ncbi.requests) < 30


@pytest.mark.parametrize("number", ["-5", "0", str(2**63), "1" + 30 * "0"])
def test_an_answer_with_a_number_that_is_no_pmid_is_asked_for_again(catalog: Catalog, number: str) -> None:
    wrong = f"<eSearchResult><Count>5</Count><IdList><Id>{number}</Id></IdList></eSearchResult>"
    with NcbiServer(citations=5) as ncbi:
        ncbi.faults.extend([Fault(body=wrong), Fault(body=wrong.replace("<Count>5", f"<Count>{number}" + "0" * 9))])
        assert harvest(ncbi, catalog).stored == 5


def test_records_that_an_earlier_run_rejected_are_counted_by_the_one_that_ends(catalog: Catalog) -> None:
    broken = citation(FIRST_PMID + 1_199).replace('Version="1"', 'Version="one"')

    def spoils(asked: Asked) -> Fault | None:
        first = asked.utility == "efetch" and asked.parameters.get("retstart") == "0"
        body = "".join(citation(pmid) for pmid in range(FIRST_PMID + 1_198, FIRST_PMID + 699, -1))
        return Fault(body=f"<PubmedArticleSet>{broken}{body}</PubmedArticleSet>") if first else None

    def stop(done: int, total: int) -> None:
        raise StoppedError

    with NcbiServer(citations=1_200, faults_at_random=spoils) as ncbi:
        with pytest.raises(StoppedError):
            harvest(ncbi, catalog, progress=stop)
        report = harvest(ncbi, catalog)
    assert (report.found, report.stored, report.unusable, report.missing) == (1_200, 1_199, 1, ())


def test_an_outage_during_a_sweep_deletes_nothing(catalog: Catalog) -> None:
    world = World(300)
    with NcbiServer(world=world) as ncbi:
        harvest(ncbi, catalog)
        later = Harvester(source(ncbi, catalog.path.parent), catalog, today=lambda: date(2027, 6, 1))
        world.citations = 0
        with pytest.raises(GateError, match=r"none was deleted"):
            later.harvest("pathology")
        world.citations = 300
        assert later.harvest("pathology").deleted == ()
    assert len(catalog) == 300


def test_a_deleted_article_goes_though_another_query_had_it_last(catalog: Catalog) -> None:
    world = World(300)
    with NcbiServer(world=world) as ncbi:
        harvest(ncbi, catalog, "colon")
        world.revise(FIRST_PMID + 7, TODAY)
        harvest(ncbi, catalog, "lung")
        world.delete(FIRST_PMID + 7)
        later = Harvester(source(ncbi, catalog.path.parent), catalog, today=lambda: date(2027, 6, 1))
        assert later.harvest("colon").deleted == (FIRST_PMID + 7,)


def test_a_clock_that_once_ran_ahead_is_made_good_by_a_harvest_in_full(catalog: Catalog) -> None:
    with NcbiServer(citations=10) as ncbi:
        harvest(ncbi, catalog)
        catalog.mark_complete("PubMed query: pathology", "all", date="2096-01-01")
        assert harvest(ncbi, catalog).since == ""


# --- Stopped and taken up again -------------------------------------------------------------------------------------


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("after", [1, 500, 1_500, 9_000, 11_000])
def test_a_stopped_harvest_goes_on_where_it_was(catalog: Catalog, after: int) -> None:
    def stop(done: int, total: int) -> None:
        if done >= after:
            raise StoppedError

    with NcbiServer(citations=11_500) as ncbi:
        with pytest.raises(StoppedError):
            harvest(ncbi, catalog, progress=stop)
        stored = len(catalog)
        assert stored >= min(after, 500)
        report = harvest(ncbi, catalog)
        assert held(catalog) == truth(ncbi)
    assert report.resumed
    assert report.tally.added == 11_500 - stored
    assert Agenda(catalog).unfinished("pathology") is None


def test_a_server_that_goes_away_leaves_what_was_fetched_and_the_next_run_the_rest(catalog: Catalog) -> None:
    gone = [False]
    with NcbiServer(citations=2_000, faults_at_random=lambda a: Fault(status=503) if gone[0] else None) as ncbi:

        def leave(done: int, total: int) -> None:
            gone[0] = done >= 1_000

        with pytest.raises(SourceError, match="HTTP 503"):
            harvest(ncbi, catalog, progress=leave)
        assert len(catalog) == 1_000
        gone[0] = False
        assert harvest(ncbi, catalog).tally.added == 1_000
        assert held(catalog) == truth(ncbi)


# --- Later ----------------------------------------------------------------------------------------------------------


def test_later_only_new_and_modified_articles_are_fetched(catalog: Catalog) -> None:
    world = World(600, first_day=date(2026, 1, 1))
    with NcbiServer(world=world) as ncbi:
        harvest(ncbi, catalog, today=date(2026, 1, 12))
        world.citations = 660
        for pmid in (FIRST_PMID + 5, FIRST_PMID + 6):
            world.revise(pmid, date(2026, 1, 15))
        report = harvest(ncbi, catalog, today=date(2026, 1, 20))
        assert held(catalog) == truth(ncbi)
    assert report.since == "2026-01-12"
    assert (report.tally.added, report.tally.updated) == (60, 2)
    assert report.tally.read < 200, "and those of the days before, which may have come late"


def test_a_sweep_fetches_the_unknown_and_the_modified_and_deletes_what_pubmed_deleted(catalog: Catalog) -> None:
    world = World(600)
    with NcbiServer(world=world) as ncbi:
        harvest(ncbi, catalog)
        world.delete(FIRST_PMID + 7)
        world.citations = 610
        world.revise(FIRST_PMID + 8, date(2026, 11, 22))
        ncbi.requests.clear()
        harvester = Harvester(source(ncbi, catalog.path.parent), catalog, today=lambda: date(2027, 1, 20))
        report = harvester.harvest("pathology", sweep_after_days=30)
        assert held(catalog) == truth(ncbi)
    assert report.since == "sweep"
    assert report.deleted == (FIRST_PMID + 7,)
    assert (report.tally.added, report.tally.updated, report.tally.deleted) == (10, 1, 1)
    with pytest.raises(ArticleNotFoundError):
        catalog.get(FIRST_PMID + 7)


def test_in_full_everything_is_fetched_again(catalog: Catalog) -> None:
    with NcbiServer(citations=40) as ncbi:
        harvest(ncbi, catalog)
        report = harvest(ncbi, catalog, full=True)
    assert (report.tally.unchanged, report.tally.added) == (40, 0)


def test_two_queries_are_two_harvests_of_one_catalog(catalog: Catalog) -> None:
    with NcbiServer(citations=40) as ncbi:
        harvest(ncbi, catalog, "colon")
        report = harvest(ncbi, catalog, "lung")
    assert (report.since, report.tally.unchanged) == ("", 40)
    assert len(catalog) == 40


def test_the_stand_in_knows_days() -> None:
    world = World(200, per_day=10)
    assert world.found("x", "edat", FIRST_DAY, FIRST_DAY) == tuple(range(FIRST_PMID + 9, FIRST_PMID - 1, -1))
    assert Eutils(email="a@b.c", tool="t", base_url="http://127.0.0.1:9/").host == "127.0.0.1:9"
