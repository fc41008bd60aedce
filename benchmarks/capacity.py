"""From measured bytes and seconds to machines: computes the tables of docs/capacity.md.

    uv run python -m benchmarks.capacity            checks them; exits with 1 where the page says something else
    uv run python -m benchmarks.capacity --write    writes them

Figures come from benchmarks/results/, written by benchmarks.cluster and benchmarks.vectors, and from the constants of
benchmarks.capacity_model, each with its source.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence

from benchmarks.capacity_model import (
    SCALES,
    Constant,
    Row,
    building,
    clustered,
    constants,
    disk,
    measured_kinds,
    memory,
    queries,
    times,
)
from benchmarks.data import ROOT

PAGE = ROOT / "docs" / "capacity.md"
_BEGIN, _END = "<!-- begin: benchmarks.capacity -->", "<!-- end: benchmarks.capacity -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    write: bool = parser.parse_args().write
    page = PAGE.read_text(encoding="utf-8")
    computed = renewed(page, generated_part(constants()))
    if write:
        PAGE.write_text(computed, encoding="utf-8")
    elif page != computed:
        lines = page.splitlines(keepends=True), computed.splitlines(keepends=True)
        sys.stdout.writelines(difflib.unified_diff(*lines, "page", "computed"))
        sys.exit(1)


def renewed(page: str, part: str) -> str:
    """The page with what stands between its two marks replaced."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{part}\n{_END}{after}"


def generated_part(found: dict[str, Constant]) -> str:
    """Markdown."""
    sections = [
        ("What was measured", _measured(found)),
        ("One machine: disk", _table(disk(found), _size)),
        ("One machine: memory while it answers", _table(memory(found), _size)),
        ("One machine: memory while it builds", _table(building(found), _size)),
        ("One machine of two cores: time of a whole build", _table(times(found), _time)),
        *((f"Elasticsearch with {kind}", _table(clustered(found, kind), _size)) for kind in measured_kinds(found)),
    ]
    sections.append(("A query: median, one client", _table(queries(found), _milliseconds)))
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in sections)


def _measured(found: dict[str, Constant]) -> str:
    lines = ["| constant | for one article, unless it says otherwise | from |", "| --- | ---: | --- |"]
    lines += [f"| {name} | {_each(constant)} | {constant.source} |" for name, constant in found.items()]
    return "\n".join(lines)


def _each(constant: Constant) -> str:
    if constant.unit in ("bytes", "articles"):
        return f"{constant.value:,.0f} {constant.unit}"
    if constant.unit == "ms":
        return f"{constant.value * 1e3:,.2f} ms a query"
    if constant.unit == "MB":
        return f"{constant.value / 1e6:,.0f} MB in all"
    return f"{constant.value * 1e6:,.1f} us" if constant.value > 1e-6 else f"{constant.value:.2e} s"


def _table(rows: Sequence[Row], shown: Callable[[Row, float], str]) -> str:
    lines = ["| | how | " + " | ".join(f"{n / 1e6:,.1f} million".replace(".0 ", " ") for n in SCALES) + " |"]
    lines.append("| --- | --- |" + " ---: |" * len(SCALES))
    lines += [
        f"| {row.what} | {row.how} | " + " | ".join(shown(row, value) for value in row.values) + " |" for row in rows
    ]
    return "\n".join(lines)


def _size(row: Row, value: float) -> str:
    if row.what.startswith("nodes"):
        return f"{value:,.0f}"
    if "hours" in row.what:
        return f"{value / 3600:,.1f} h"
    return f"{value / 1e9:,.1f} GB" if value else "-"


def _milliseconds(row: Row, value: float) -> str:
    return f"{value * 1e3:,.0f} ms"


def _time(row: Row, value: float) -> str:
    return f"{value / 3600:,.1f} h" if value < 48 * 3600 else f"{value / 86400:,.1f} days"


if __name__ == "__main__":
    main()
