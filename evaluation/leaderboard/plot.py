"""Quality against latency as a picture of its own: inline SVG, colours by CSS, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

_WIDTH: Final = 760
_HEIGHT: Final = 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 150, 20, 46
_STEPS: Final = (1, 2, 5)
_LABEL_GAP: Final = 15
_LEAST_SPREAD: Final = 0.05
"""Of the qualities shown: equal systems should look equal."""


class Point(NamedTuple):
    name: str
    ms: float
    quality: float
    megabytes: float
    low: float | None = None
    high: float | None = None
    """Interval of the quality, where there is one."""


def cost_plot(points: Sequence[Point], measure: str) -> str:
    """Latency to the right on a logarithmic scale, quality upwards; the area of a dot is the index that is read.

    A line joins the systems that no other one beats in both.
    """
    ticks = _milliseconds(min(p.ms for p in points), max(p.ms for p in points))
    values = [v for p in points for v in (p.quality, p.low, p.high) if v is not None]
    steps = _nice(min(values), max(values))
    x_low, x_high = math.log10(ticks[0]), math.log10(ticks[-1])
    y_low, y_high = steps[0], steps[-1]

    def x(ms: float) -> float:
        return _LEFT + (math.log10(ms) - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)

    def y(quality: float) -> float:
        return _HEIGHT - _BOTTOM - (quality - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f"aria-label={quoteattr(f'{measure} against median latency of {len(points)} systems')}>"
    ]
    end, floor = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for step in steps:
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{end}" y1="{y(step):.1f}" y2="{y(step):.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{y(step) + 4:.1f}" text-anchor="end">{step:g}</text>')
    for tick in ticks:
        parts.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{_TOP}" y2="{floor}"/>')
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{floor + 18}" text-anchor="middle">{tick:g}</text>')
    middle = (_LEFT + end) / 2
    parts.append(
        f'<text class="axis" x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">'
        "median latency of a query, ms</text>"
    )
    parts.append(
        f'<text class="axis" transform="translate(15 {(_TOP + floor) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(measure)}</text>"
    )
    line = " ".join(f"{x(p.ms):.1f},{y(p.quality):.1f}" for p in _frontier(points))
    parts.append(f'<polyline class="frontier" points="{line}"/>')
    largest = max(p.megabytes for p in points) or 1.0
    placed = _label_heights([y(p.quality) for p in points])
    for point, label in zip(points, placed, strict=True):
        cx, cy, radius = x(point.ms), y(point.quality), 4 + 7 * math.sqrt(point.megabytes / largest)
        if point.low is not None and point.high is not None:
            parts.append(
                f'<line class="whisker" x1="{cx:.1f}" x2="{cx:.1f}" y1="{y(point.low):.1f}" y2="{y(point.high):.1f}"/>'
            )
        told = f"{point.name}: {point.quality:.3f}, {point.ms:.1f} ms, {point.megabytes:,.1f} MB"
        parts.append(
            f'<circle class="dot" cx="{cx:.1f}" cy="{cy:.1f}" r="{radius:.1f}"><title>{escape(told)}</title></circle>'
        )
        parts.append(f'<line class="leader" x1="{cx + radius:.1f}" y1="{cy:.1f}" x2="{end + 10}" y2="{label:.1f}"/>')
        parts.append(f'<text class="label" x="{end + 14}" y="{label + 4:.1f}">{escape(point.name)}</text>')
    return "".join([*parts, "</svg>"])


def _frontier(points: Sequence[Point]) -> list[Point]:
    """From the fastest to the best: each better than every faster one."""
    found: list[Point] = []
    for point in sorted(points, key=lambda p: (p.ms, -p.quality)):
        if not found or point.quality > found[-1].quality:
            found.append(point)
    return found


def _label_heights(heights: Sequence[float]) -> list[float]:
    """Where labels stand so that none covers another: in the order of their dots, as near to them as may be."""
    placed = dict.fromkeys(range(len(heights)), 0.0)
    last = -math.inf
    for i in sorted(placed, key=lambda i: heights[i]):
        last = placed[i] = max(heights[i], last + _LABEL_GAP)
    # What was pushed below the picture moves up again.
    ceiling = _HEIGHT - _BOTTOM + 4.0
    for i in sorted(placed, key=lambda i: -placed[i]):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - _LABEL_GAP
    return [placed[i] for i in range(len(heights))]


def _milliseconds(low: float, high: float) -> list[float]:
    low = max(low, 0.01)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**power for power in powers for step in _STEPS]
    first = max(tick for tick in ticks if tick <= low)
    last = min(tick for tick in ticks if tick >= high and tick > first)
    return [tick for tick in ticks if first <= tick <= last]


def _nice(low: float, high: float) -> list[float]:
    """Four to nine round numbers around a range."""
    low = min(low, high - _LEAST_SPREAD)
    spread = high - low
    size = 10 ** math.floor(math.log10(spread / 4))
    step = next(size * s for s in (1, 2, 5, 10) if spread / (size * s) <= 6)
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    return [round(i * step, 6) for i in range(first, last + 1)]
