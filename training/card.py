"""The card of a trained model: what it was made from, how, what that gained, and what it may have seen of a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from retrieval.records import Record

CARD: Final = "README.md"
"""Where hubs and sentence-transformers look for it."""


class Metric(Record, frozen=True):
    name: str
    """With what it was measured on: "nDCG@10, titles of 1,000 held-out articles"."""
    before: float | None
    """Of the base or of the teacher; None where there is no such thing."""
    after: float


class LeakCheck(Record, frozen=True):
    """What became of looking for a test's texts in the training data."""

    task: str
    tested: int
    leaked: int


class Card(Record, frozen=True):
    title: str
    made_by: str
    """The command, as typed."""
    created: str
    """UTC, ISO 8601."""
    base_models: tuple[str, ...]
    """Encoder ids: what it was adapted from, or the teachers."""
    licence: str
    about: str
    """One paragraph: what it is and what it is for."""
    data: Mapping[str, str | int]
    """What of which there were how many: "articles", "pairs: title to abstract"."""
    steps: Mapping[str, str | int | float]
    metrics: tuple[Metric, ...]
    leakage: tuple[LeakCheck, ...] = ()

    def markdown(self) -> str:
        """With the front matter that model hubs read."""
        front = ["---", f"license: {self.licence.lower()}", "library_name: sentence-transformers", "base_model:"]
        front += [f"- {name.partition('@')[0]}" for name in self.base_models]
        leaks = [(check.task, f"{check.tested:,}", f"{check.leaked:,}") for check in self.leakage]
        body = [
            *front,
            "---",
            "",
            f"# {self.title}",
            "",
            self.about,
            "",
            f"Made {self.created} by `{self.made_by}` from {', '.join(self.base_models)}.",
            "",
            *_section("Data", ("what", "how many"), _rows(self.data)),
            *_section("Steps", ("what", "value"), _rows(self.steps)),
            *_section("Measured", ("measure", "before", "after"), [_measured(metric) for metric in self.metrics]),
            *_section("Leakage", ("test", "texts looked for", "found in the training data"), leaks),
        ]
        if not self.leakage:
            body.append("Not checked against any test.\n")
        return "\n".join(body)


def write_card(folder: Path, card: Card) -> None:
    (folder / CARD).write_text(card.markdown(), encoding="utf-8")


def _measured(metric: Metric) -> tuple[str, str, str]:
    return metric.name, "" if metric.before is None else f"{metric.before:.4g}", f"{metric.after:.4g}"


def _rows(values: Mapping[str, str | int | float]) -> list[tuple[str, str]]:
    return [(name, f"{value:,}" if isinstance(value, int | float) else value) for name, value in values.items()]


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"## {title}", ""]
    if rows:
        lines += [_row(columns), _row(["---"] * len(columns)), *map(_row, rows), ""]
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
