"""Measured runs and comparisons for people, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from pathlit.console import out
from retrieval.errors import ArticleNotFoundError
from retrieval.search import Searcher

if TYPE_CHECKING:
    from evaluation.comparison import Comparison
    from evaluation.runs import RunRecord


def print_records(records: Sequence[RunRecord]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("task", "system", "measure"):
        table.add_column(name)
    for name in ("mean", "95 %", "median ms", "p95 ms"):
        table.add_column(name, justify="right")
    for record in records:
        mean = record.means[record.primary]
        table.add_row(
            Text(record.task),
            Text(record.system.name),
            record.primary,
            f"{mean.mean:.4f}",
            f"{mean.low:.4f}-{mean.high:.4f}",
            f"{record.latency.median_ms:.1f}",
            f"{record.latency.p95_ms:.1f}",
        )
    out.print(table)


def print_comparison(comparison: Comparison, limit: int, searcher: Searcher) -> None:
    change, differences = comparison.change, comparison.differences
    wins = sum(d.change > 0 for d in differences)
    out.print(
        f"{comparison.task}, {comparison.measure}: {comparison.second} against {comparison.first} {change.mean:+.4f} "
        f"[{change.low:+.4f}, {change.high:+.4f}], p = {comparison.p:.4f}; {wins} better, "
        f"{len(differences) - wins} worse, {comparison.equal} equal.",
        markup=False,
    )
    for difference in differences[:limit]:
        out.print()
        out.print(
            Text.assemble(
                (f"{difference.first:.3f} -> {difference.second:.3f}  ", "green" if difference.change > 0 else "red"),
                (difference.text, "bold"),
                f"  ({difference.query})",
            )
        )
        for name, articles in ((comparison.first, difference.only_first), (comparison.second, difference.only_second)):
            for article in articles[:3]:
                out.print(Text(f"  only {name}: {_title(searcher, article)} ({article})"))


def _title(searcher: Searcher, article: str) -> str:
    try:
        return searcher.article(article).article.title
    except ArticleNotFoundError:
        return "not in this generation"
