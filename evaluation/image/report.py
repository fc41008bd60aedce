"""A measurement as lines of text, for a terminal and for benchmarks."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.image.results import Line, Measured

_COLUMNS = f"{'mean':>8}  {'95 % interval':<17}{'chance':>8}{'n':>6}"


def told(measured: Measured, title: str) -> Iterator[str]:
    """A table with intervals and chance levels, then reliability and notes."""
    width = max([len(title), *(len(line.name) for line in measured.lines)]) + 2
    yield f"{title:<{width}}{_COLUMNS}"
    for line in measured.lines:
        yield told_line(line, width)
    for where, bins in measured.reliability.items():
        pairs = "  ".join(f"{own.confidence:.2f}: {own.accuracy:.2f} ({own.n})" for own in bins)
        yield f"reliability {where}, confidence: accuracy (images)  {pairs}"
    yield from measured.notes


def told_line(line: Line, width: int) -> str:
    value = line.value
    chance = "" if line.chance is None else f"{line.chance:.4f}"
    interval = f"{value.low:.4f} to {value.high:.4f}"
    return f"{line.name:<{width}}{value.mean:>8.4f}  {interval:<17}{chance:>8}{line.n:>6}"
