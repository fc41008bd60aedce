"""`pathlit figures`: the figures of open-access articles, with captions and licences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from indexing.figures.collect import FiguresReport, collect_figures, wanted_by
from indexing.figures.pmc_folder import PmcFolder
from indexing.figures.reading import Wanted
from indexing.notices import Notice
from pathlit.commands.options import AsJson, Home
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import BusyError
from retrieval.exclusive import exclusive
from retrieval.records import IntegrityStatus

_ORIGIN = "PMC"
_LOCK = "figures.lock"
_SHOWN_REJECTIONS = 10
_CAPTION_START = 100

Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FOLDERS]...",
        help="Folders laid out like the PMC Cloud (PMC1234567.1/, ...). [default: ask the PMC Cloud]",
        show_default=False,
    ),
]
Images = Annotated[bool, typer.Option("--images", help="Keep the image files as well, below the home folder.")]
Licences = Annotated[
    list[str] | None,
    typer.Option("--licence", help="Licence to allow, instead of those in the settings; repeat for more."),
]


def figures(
    folders: Folders = None,
    images: Images = False,
    licences: Licences = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Collect the figures of the catalog's open-access articles from PMC, or those in folders.

    Only figures under an allowed licence are kept: CC0, CC BY and CC BY-SA unless you say otherwise. Figures that were
    kept under a licence no longer allowed are removed. Stopped at any moment, the same command goes on from there.

    \b
        pathlit figures --images
        pathlit figures downloads/pmc --licence "CC BY" --licence "CC BY-NC"
    """
    place = HomeFolder(read_settings(home))
    place.make_home()
    allowed = licences or list(place.settings.figures.licences)
    with exclusive(place.home / _LOCK, "figures"), WorkProgress(err).shown() as progress:
        reports = list(_collect(place, folders or [], allowed, progress, images=images))
    retracted = _report_retractions(place, reports)
    if as_json:
        print_json({"collected": reports})
    else:
        for report in reports:
            _describe(report)
        _list_rejected([line for report in reports for line in report.rejected + report.images_rejected], place)
        if retracted:
            out.print(f"PMC calls {retracted:,} articles retracted; the next `pathlit index` takes note.")


def _collect(
    place: HomeFolder, folders: list[Path], licences: list[str], progress: WorkProgress, *, images: bool
) -> Iterator[FiguresReport]:
    with place.open_figures() as store:
        for path in folders:
            folder = PmcFolder(path)
            wanted = [Wanted(pmcid) for pmcid in folder.articles()]
            yield collect_figures(
                wanted,
                folder,
                store,
                licences=licences,
                images=place.images,
                with_images=images,
                progress=_hearing(progress, f"Figures of {path.name}", len(wanted)),
            )
        if not folders:
            with place.open_catalog(read_only=True) as catalog:
                wanted = wanted_by(catalog)
            with place.pmc_cloud() as cloud:
                yield collect_figures(
                    wanted,
                    cloud,
                    store,
                    licences=licences,
                    images=place.images,
                    with_images=images,
                    threads=cloud.connections,
                    progress=_hearing(progress, "Figures from PMC", len(wanted)),
                )


def _hearing(progress: WorkProgress, name: str, total: int) -> Callable[[int], None]:
    return lambda done: progress.stage(name, done, total)


def _report_retractions(place: HomeFolder, reports: list[FiguresReport]) -> int:
    """Hands PMC's word on retractions to the catalog, where there is one; how many it has now."""
    known = reports[-1].retractions
    if not place.catalog_path.exists():
        return 0
    notices = [
        Notice(IntegrityStatus.RETRACTED, pmid=retraction.pmid, reason=retraction.pmcid)
        for retraction in known
        if retraction.pmid
    ]
    try:
        with place.working("figures"), place.open_catalog() as catalog:
            return catalog.put_notices(_ORIGIN, notices)
    except BusyError as exc:
        note("warning", f"PMC's retractions are left to the next run of this command: {exc}")
        return 0


def _describe(report: FiguresReport) -> None:
    parts = [
        (report.kept, "kept"),
        (report.unchanged, "unchanged"),
        (report.older, "older than known"),
        *((count, f"refused ({code or 'no licence stated'})") for code, count in sorted(report.refused.items())),
        (len(report.rejected), "rejected"),
    ]
    says = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    out.print(Text(f"{report.asked:,} articles from {report.source}{': ' if says else ''}{says}."), soft_wrap=True)
    figures = [f"{report.figures:,} figures kept"]
    if report.images:
        figures.append(f"{report.images:,} of them with their image")
    if report.without_image:
        figures.append(f"{report.without_image:,} came without an image")
    figures += [
        f"{count:,} refused ({code or 'by permission of others'})"
        for code, count in sorted(report.figures_refused.items())
    ]
    out.print(Text(f"{', '.join(figures)}."), soft_wrap=True)
    if report.withdrawn:
        out.print(f"{report.withdrawn:,} articles removed: their licence is no longer allowed.")


def _list_rejected(lines: list[str], place: HomeFolder) -> None:
    for line in lines[:_SHOWN_REJECTIONS]:
        note("rejected", line)
    if len(lines) > _SHOWN_REJECTIONS:
        listing = place.home / "figures-rejected.txt"
        listing.write_text("\n".join(lines) + "\n", encoding="utf-8")
        note("...", f"and {len(lines) - _SHOWN_REJECTIONS:,} more; all are listed in {listing}")


def render_figures(place: HomeFolder, pmid: int, console: Console) -> None:
    """The figures that are known of an article, a line each; nothing where none were collected."""
    if not place.figures_path.exists():
        return
    with place.open_figures(read_only=True) as store:
        found = store.by_pmid(pmid)
    if found:
        console.print()
    for figure in found:
        start = figure.caption.replace("\n", " ")
        if len(start) > _CAPTION_START:
            start = start[:_CAPTION_START].rsplit(" ", 1)[0] + " …"
        label = figure.label or figure.id.partition(":")[2]
        console.print(Text.assemble((f"{label}: ", "bold"), start, (f"  {figure.license_code}", "dim")))
