"""A board written as a page (index.html, one file, works offline), as text (leaderboard.md) and as data (.json)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from evaluation.leaderboard.board import Board, Row, Standing, TaskTable, title
from evaluation.leaderboard.plot import Point, cost_plot
from retrieval.errors import InputError

_TEMPLATES: Final = Path(__file__).parent
_MARKS: Final = {
    "clean": "clean",
    "no model": "no model",
    "unknown": "unknown",
    "related": "related data",
    "leaked": "LEAKED",
}


def write_board(board: Board, folder: Path) -> list[Path]:
    """The files that were written."""
    contents = {
        "index.html": _render("board.html.j2", board),
        "leaderboard.md": _render("board.md.j2", board),
        "leaderboard.json": msgspec.json.format(msgspec.json.encode(board), indent=2).decode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as exc:
        raise InputError(f"the leaderboard cannot be written to {folder}: {exc.strerror}; choose another --to") from exc
    return [folder / name for name in contents]


def _render(template: str, board: Board) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"title": title, "mark": _MARKS.__getitem__, "cell": _cell}
    return environment.get_template(template).render(
        board=board, plot=_overall_plot(board.standings), plots={t.name: _task_plot(t) for t in board.tasks}
    )


def _cell(text: str) -> str:
    """As one cell of a Markdown table."""
    return " ".join(text.replace("|", "\\|").split())


def _overall_plot(standings: Sequence[Standing]) -> Markup:
    complete = [s for s in standings if s.tasks == standings[0].tasks]
    points = [Point(s.system, s.median_ms, s.mean_primary, s.bytes / 1e6) for s in complete]
    return Markup(cost_plot(points, "mean of the tasks"))  # noqa: S704 - escaped where it is made


def _task_plot(table: TaskTable) -> Markup:
    return Markup(cost_plot([_point(row, table.primary) for row in table.rows], title(table.primary)))  # noqa: S704


def _point(row: Row, measure: str) -> Point:
    mean = row.means[measure]
    return Point(row.system, row.latency.median_ms, mean.mean, row.index.bytes / 1e6, mean.low, mean.high)
