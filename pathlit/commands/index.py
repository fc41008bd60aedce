"""`pathlit index`: files into the catalog, the catalog into a new generation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexing.build import BuildReport, build_generation
from indexing.catalog import Catalog
from indexing.ingest import IngestReport, find_files, ingest
from pathlit.commands.options import AsJson, Home, NoVectors
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


def index(files: Files = None, home: Home = None, no_vectors: NoVectors = False, as_json: AsJson = False) -> None:
    """Read files into the catalog, then build, verify and publish a new generation.

    Files that were read before and have not changed are skipped; without FILES the catalog is indexed as it is.
    What is published stays as it was until the new generation has passed its checks.

    JSON lines hold one article each: pmid and/or id, title, abstract (or text), and optionally journal, year, mesh,
    publication_types, languages, authors, doi, pmcid, keywords.

    \b
        pathlit index pubmed26n*.xml.gz
        pathlit index articles.jsonl.gz --home my-corpus
    """
    place = HomeFolder(read_settings(home))
    found = find_files(files or [])
    with place.working("index"), place.open_catalog() as catalog, WorkProgress(err).shown() as progress:
        ingested = ingest(found, catalog, progress=progress.file)
        built = publish(place, catalog, progress, vectors=not no_vectors)
    if as_json:
        print_json({"ingested": ingested, "built": built})
    else:
        _describe(ingested, built, place)


def publish(place: HomeFolder, catalog: Catalog, progress: WorkProgress, *, vectors: bool = True) -> BuildReport:
    """Build, verify and publish the catalog as it is."""
    return build_generation(
        catalog,
        place.store,
        place.embeddings,
        place.analyzer,
        place.encoder if vectors else None,
        keep=place.settings.keep_generations,
        progress=progress.stage,
    )


def _describe(ingested: IngestReport, built: BuildReport, place: HomeFolder) -> None:
    tally = ingested.tally
    if ingested.skipped:
        out.print(f"{len(ingested.skipped):,} of {ingested.files:,} files were read before and have not changed.")
    if tally.read or ingested.rejected:
        changes = ", ".join(
            f"{count:,} {word}"
            for word, count in (
                ("added", tally.added),
                ("updated", tally.updated),
                ("unchanged", tally.unchanged),
                ("older than known", tally.stale),
                ("deleted", tally.deleted),
                ("deletions of unknown articles", tally.absent),
                ("rejected", len(ingested.rejected)),
            )
            if count
        )
        out.print(f"Read {tally.read + len(ingested.rejected):,} records: {changes}.")
    for message in ingested.rejected[:_SHOWN_REJECTIONS]:
        note("rejected", message)
    if len(ingested.rejected) > _SHOWN_REJECTIONS:
        listing = place.home / "rejected.txt"
        listing.write_text("\n".join(ingested.rejected) + "\n", encoding="utf-8")
        note("...", f"and {len(ingested.rejected) - _SHOWN_REJECTIONS:,} more; all are listed in {listing}")
    retracted = f", {built.retracted:,} of them retracted" if built.retracted else ""
    out.print(f"Published generation [bold]{built.generation}[/]: {built.articles:,} articles{retracted}.")
