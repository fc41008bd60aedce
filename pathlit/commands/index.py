"""`pathlit index`: files into the catalog, the catalog into a new generation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexing.build import BuildReport, build_generation, built_before
from indexing.catalog import Catalog
from indexing.ingest import IngestReport, find_files, ingest
from pathlit.commands.options import AsJson, Home, NoVectors, Ray
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder

_SHOWN_REJECTIONS = 10

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="PubMed XML (.xml, .xml.gz), JSON lines (.jsonl, .jsonl.gz), a catalog, or folders of them.",
        show_default=False,
    ),
]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Build even where nothing has changed since the last build.")]


def index(
    files: Files = None,
    home: Home = None,
    no_vectors: NoVectors = False,
    ray: Ray = None,
    rebuild: Rebuild = False,
    as_json: AsJson = False,
) -> None:
    """Read files into the catalog, then build, verify and publish a new generation.

    Files that were read before and have not changed are skipped; without FILES the catalog is indexed as it is.
    What is published stays as it was until the new generation has passed its checks. Records that cannot be used are
    named, and listed in rejected.txt in the home folder.

    JSON lines hold one article each: pmid and/or id, title, abstract (or text), and optionally journal, year, mesh,
    publication_types, languages, authors, doi, pmcid, keywords.

    \b
        pathlit index pubmed26n*.xml.gz
        pathlit index articles.jsonl.gz --home my-corpus
    """
    place = HomeFolder(read_settings(home, ray=ray))
    found = find_files(files or [])
    with place.working("index"), place.open_catalog() as catalog:
        ingested = _read(found, place, catalog, quiet=as_json)
        encoder = None if no_vectors else place.encoder
        images = None if no_vectors else place.image_side
        unchanged = (
            None
            if rebuild
            else built_before(place.store, catalog, place.analyzer, encoder, mesh=place.mesh, images=images)
        )
        built = None
        if unchanged is None:
            with WorkProgress(err).shown() as progress:
                built = publish(place, catalog, progress, vectors=not no_vectors)
    if as_json:
        print_json({"ingested": ingested, "built": built, "unchanged": unchanged and unchanged.generation})
    elif built:
        retracted = f", {built.retracted:,} of them retracted" if built.retracted else ""
        out.print(f"Published generation [bold]{built.generation}[/]: {built.articles:,} articles{retracted}.")
    elif unchanged:
        out.print(
            f"Nothing has changed: still generation [bold]{unchanged.generation}[/], {unchanged.articles:,} articles "
            "(--rebuild builds it anew)."
        )


def publish(place: HomeFolder, catalog: Catalog, progress: WorkProgress, *, vectors: bool = True) -> BuildReport:
    """Build, verify and publish the catalog as it is."""
    return build_generation(
        catalog,
        place.store,
        place.embeddings,
        place.analyzer,
        place.encoder if vectors else None,
        mesh=place.mesh,
        images=place.image_side if vectors else None,
        runner=place.runner,
        keep=place.settings.keep_generations,
        progress=progress.stage,
    )


def _read(found: list[Path], place: HomeFolder, catalog: Catalog, *, quiet: bool) -> IngestReport:
    """Says what was rejected even where reading fails, and what was read before anything is built."""
    rejected: list[str] = []
    try:
        with WorkProgress(err).shown() as progress:
            ingested = ingest(found, catalog, progress=progress.file, on_reject=rejected.append)
    finally:
        _list_rejected(rejected, place, quiet=quiet)
    if not quiet:
        _describe(ingested)
    return ingested


def _list_rejected(rejected: list[str], place: HomeFolder, *, quiet: bool) -> None:
    if not rejected:
        return
    listing = place.home / "rejected.txt"
    listing.write_text("\n".join(rejected) + "\n", encoding="utf-8")
    if quiet:
        return
    for message in rejected[:_SHOWN_REJECTIONS]:
        note("rejected", message)
    if len(rejected) > _SHOWN_REJECTIONS:
        note("...", f"and {len(rejected) - _SHOWN_REJECTIONS:,} more; all are listed in {listing}")


def _describe(ingested: IngestReport) -> None:
    tally = ingested.tally
    if ingested.skipped:
        out.print(f"{len(ingested.skipped):,} of {ingested.files:,} files were read before and have not changed.")
    if tally.read or ingested.rejected:
        changes = ", ".join(
            f"{count:,} {word}"
            for count, word in (
                (tally.added, "added"),
                (tally.updated, "updated"),
                (tally.unchanged, "unchanged"),
                (tally.stale, "older than known"),
                (tally.deleted, "deleted"),
                (tally.absent, "deletions of unknown articles"),
                (len(ingested.rejected), "rejected"),
            )
            if count
        )
        out.print(f"Read {tally.read + len(ingested.rejected):,} records: {changes}.")
