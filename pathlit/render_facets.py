"""Facet counts as a person likes to read them: a small table for each, side by side where there is room."""

from __future__ import annotations

from typing import Final

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pathlit.console import visible
from retrieval.records import Facet

_VALUE_WIDTH: Final = 30
_BAR_WIDTH: Final = 10
_SHOWN_YEARS: Final = 10
_TITLES: Final = {"type": "publication type", "mesh": "MeSH heading", "study": "study type"}


def render_facets(facets: tuple[Facet, ...], matching: int, console: Console) -> None:
    console.print(Text(f"Among {matching:,} articles with these words and conditions", style="bold"))
    console.print(Columns([_table(facet) for facet in facets if facet.values], padding=(1, 3)))


def _table(facet: Facet) -> Table:
    shown = facet.values[:_SHOWN_YEARS] if facet.name == "year" else facet.values
    most = max(value.count for value in shown)
    table = Table(box=None, padding=(0, 1, 0, 0), title=_TITLES.get(facet.name, facet.name), title_justify="left")
    table.show_header = False
    table.add_column(width=_VALUE_WIDTH, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", min_width=6)
    table.add_column(width=_BAR_WIDTH, style="cyan")
    for value in shown:
        table.add_row(
            Text(visible(value.value)), f"{value.count:,}", "▇" * max(1, round(_BAR_WIDTH * value.count / most))
        )
    return table
