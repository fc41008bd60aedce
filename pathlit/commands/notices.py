"""`pathlit notices`: a list of retractions, concerns and corrections that others keep, into the catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from indexing.notices import NATURES, Notice
from indexing.retraction_watch import ORIGIN, read_retraction_watch
from pathlit.commands.options import AsJson, Home
from pathlit.console import note, out, print_json
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import RecordError
from retrieval.records import Record

_SHOWN_REJECTIONS = 10

File = Annotated[Path, typer.Argument(help="retraction_watch.csv, as Crossref publishes it.", show_default=False)]
Origin = Annotated[str, typer.Option(help="Who keeps the list; an import replaces the earlier one of the same origin.")]


class NoticesReport(Record, frozen=True, omit_defaults=False):
    """What an import did: `rows` is the sum of all natures and the rejected."""

    file: str
    origin: str
    rows: int
    kept: dict[str, int]
    """Notices by what they announce: retraction, withdrawal, ..."""
    rejected: tuple[str, ...]
    articles: int
    """Articles of the catalog that they are about."""


Shrink = Annotated[bool, typer.Option("--shrink", help="Accept a list that holds much less than the one before.")]
_MOST_LOST = 0.1


def notices(
    file: File, origin: Origin = ORIGIN, shrink: Shrink = False, home: Home = None, as_json: AsJson = False
) -> None:
    """Take a list of retractions, expressions of concern and corrections into the catalog, in place of its last state.

    The Retraction Watch database knows of many that PubMed has not marked. A file that cannot be read to its end
    changes nothing, nor does one that holds much less than the one before.

    \b
        pathlit notices retraction_watch.csv
        pathlit index
    """
    place = HomeFolder(read_settings(home))
    kept: Counter[str] = Counter()
    rejected: list[str] = []

    def counted(read: Iterable[Notice]) -> Iterator[Notice]:
        for notice in read:
            kept[NATURES[notice.status]] += 1
            yield notice

    def reject(error: RecordError) -> None:
        rejected.append(f"record {error.identifier}: {error.reason}")

    with place.working("notices"), place.open_catalog() as catalog:
        catalog.put_notices(
            origin, counted(read_retraction_watch(file, reject)), max_shrink=1.0 if shrink else _MOST_LOST
        )
        report = NoticesReport(
            file=str(file),
            origin=origin,
            rows=kept.total() + len(rejected),
            kept=dict(kept.most_common()),
            rejected=tuple(rejected),
            articles=catalog.count_articles_named(origin),
        )
    if as_json:
        print_json(report)
    else:
        _describe(report, place)


def _describe(report: NoticesReport, place: HomeFolder) -> None:
    counts = [f"{count:,} {nature}" for nature, count in report.kept.items()]
    out.print(f"Read {report.rows:,} rows of {report.origin}: {', '.join(counts)}, {len(report.rejected):,} rejected.")
    for message in report.rejected[:_SHOWN_REJECTIONS]:
        note("rejected", message)
    if len(report.rejected) > _SHOWN_REJECTIONS:
        listing = place.home / "rejected-notices.txt"
        listing.write_text("\n".join(report.rejected) + "\n", encoding="utf-8")
        note("...", f"and {len(report.rejected) - _SHOWN_REJECTIONS:,} more; all are listed in {listing}")
    out.print(f"Articles of the catalog that they are about: {report.articles:,}.")
    out.print("Searches show it after the next `pathlit index` or `pathlit refresh`.")
