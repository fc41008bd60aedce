"""`pathlit refresh` and `pathlit harvest`: what keeps a home folder current."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from indexing.entrez.harvest import Harvester
from indexing.entrez.harvest_report import HarvestReport
from indexing.refresh import note_harvest
from indexing.refresh_report import RefreshReport, Stage, StageLog
from pathlit.commands.options import AsJson, Home, NoVectors, Ray
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import DEMO_EMAIL, read_settings
from pathlit.wiring import HomeFolder

Bulk = Annotated[
    str | None,
    typer.Option(
        "--bulk",
        help="PubMed's bulk files: the address of a tree with baseline/ and updatefiles/, or a folder. "
        "[default: the setting refresh.bulk]",
        show_default=False,
    ),
]
Queries = Annotated[
    list[str] | None,
    typer.Option(
        "--query",
        help="A PubMed query whose articles are kept up to date; may be repeated. [default: the setting "
        "refresh.queries]",
        show_default=False,
    ),
]


def refresh(
    bulk: Bulk = None,
    queries: Queries = None,
    home: Home = None,
    no_vectors: NoVectors = False,
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Harvest what is new, update the catalog, encode what changed, build, verify, publish, prune.

    Made to be run every day: `pathlit schedule`, or the timer and the CronJob in deploy/. One runs at a time. Killed at
    any moment and run again, it comes to the same end. Where a stage fails, or a check holds it back, what is published
    stays as it is, and the command ends with the reason. The last outcome is kept in refresh.json in the home folder.

    \b
    Exit codes: 0 published or unchanged, 1 held back by a check, 2 unusable setting, 3 index or catalog,
    4 remote source failed, 5 another run is at work.

    \b
        pathlit refresh --bulk https://ftp.ncbi.nlm.nih.gov/pubmed/       all of PubMed
        pathlit refresh --bulk /mirror/pubmed
        pathlit refresh --query 'pathology[mh] AND neoplasms[mh]'         a part of it
    """
    place = HomeFolder(read_settings(home, ray=ray))
    settings = place.settings.refresh
    queries = list(settings.queries) if queries is None else queries
    if queries:
        _ask_for_an_email(place)
    place.make_home()
    with WorkProgress(err).shown() as progress:
        report = place.refresher(
            bulk=settings.bulk if bulk is None else bulk,
            queries=queries,
            vectors=not no_vectors,
            progress=progress.stage,
            hear=(lambda stage: None) if as_json else _say,
        ).refresh()
    if as_json:
        print_json(report)
    else:
        _conclude(report)


def harvest(
    query: Annotated[str, typer.Argument(help="In PubMed's own query language.", show_default=False)],
    full: Annotated[bool, typer.Option("--full", help="Fetch everything again, not only what is new.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Fetch all articles that a PubMed query finds, however many, into the catalog.

    The first time everything, later what was entered or modified since. PubMed is asked at its own pace, three times a
    second, or ten with an API key (PATHLIT_ENTREZ__API_KEY); set PATHLIT_ENTREZ__EMAIL to your own address first. A
    harvest that is stopped goes on where it was. Publish what came with `pathlit index`.

    \b
        pathlit harvest 'pathology[mh] AND 2020:2026[dp]'
    """
    place = HomeFolder(read_settings(home))
    _ask_for_an_email(place)
    with (
        place.working("harvest"),
        place.open_catalog() as catalog,
        WorkProgress(err).shown() as progress,
    ):
        report = Harvester(place.entrez(), catalog).harvest(
            query,
            full=full,
            sweep_after_days=place.settings.refresh.sweep_after_days,
            max_lost=place.settings.refresh.max_shrink,
            progress=lambda done, total: progress.stage("Fetching from PubMed", done, total),
        )
    if as_json:
        print_json(report)
        return
    _say(_as_stage(report))
    out.print(f"The catalog is in {place.catalog_path}; publish it with [bold]pathlit index[/].")


def _ask_for_an_email(place: HomeFolder) -> None:
    if place.settings.entrez.email == DEMO_EMAIL:
        note("warning", "NCBI asks for an address to write to before it locks anybody out: set PATHLIT_ENTREZ__EMAIL")


def _as_stage(report: HarvestReport) -> Stage:
    log = StageLog(f"PubMed query: {report.term}")
    note_harvest(report, log)
    return log.stage(0.0)


def _say(stage: Stage) -> None:
    took = f", {stage.seconds:,.1f} s" if stage.seconds else ""
    counts = f"{stage.read:,} in, {stage.accepted:,} out, {stage.rejected:,} rejected{took}"
    out.print(Text.assemble((f"{stage.name}: ", "bold"), counts), soft_wrap=True)
    for line in stage.notes:
        out.print(Text(f"  {line}"), soft_wrap=True)
    for reason in stage.reasons:
        note("  rejected", reason)
    if stage.rejected > len(stage.reasons):
        note("  ...", f"and {stage.rejected - len(stage.reasons):,} more")


def _conclude(report: RefreshReport) -> None:
    current = f", current to {report.current_to}" if report.current_to else ""
    verb = "Published" if report.outcome == "published" else "Nothing has changed: still"
    out.print(f"{verb} generation [bold]{report.generation}[/]: {report.articles:,} articles{current}.", soft_wrap=True)
