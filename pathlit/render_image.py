"""What an image was found to show, and its hits with reasons, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pathlit.render import heading, numbered
from retrieval.citations import cite_source
from retrieval.image.records import ImageHit, ImageResult
from retrieval.image.regions import categories

_LIKELY = 0.2
"""Probability from which a concept is shown."""


def render_image_result(result: ImageResult, notices: Sequence[str], console: Console) -> None:
    for finding in result.gate:
        console.print(Text(f"! {finding.message}", style="yellow"))
    for notice in (*notices, *result.notices):
        console.print(Text(f"! {notice}", style="yellow"))
    likely = [seen for seen in result.concepts if seen.probability >= _LIKELY]
    if likely:
        shown = ", ".join(f"{seen.concept.name} {seen.probability:.0%}" for seen in likely)
        console.print(Text.assemble(("The image may show: ", "bold"), shown))
        console.print()
    for hit in result.hits:
        console.print(_hit(hit))
        console.print()
    spent = sum(result.timings_ms.values())
    searched = f" for {result.query}" if result.query else ""
    footer = f"{len(result.hits)} hits{searched} · generation {result.generation} · {spent:.0f} ms"
    console.print(Text(footer, style="dim"))


def render_regions(console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("Region", "Other words", "What is marked", "How it was checked"):
        table.add_column(column, overflow="fold")
    for category in categories():
        table.add_row(category.name, ", ".join(category.also), category.means, category.checked)
    console.print(table)


def _hit(hit: ImageHit) -> Group:
    reasons = [Text.assemble((f"{reason.share:5.2f} {reason.kind}: ", "green"), reason.text) for reason in hit.reasons]
    below = Group(Text(cite_source(hit.article), style="dim"), *reasons)
    return Group(numbered(f"{hit.rank:>2}.", heading(hit.article, hit.integrity)), Padding(below, (0, 0, 0, 4)))
