"""The gate before a search by image: does the picture show tissue, and well enough to ask by it?

A refusal says that no answer could mean anything; a warning goes along with the answer. Measures are taken at the
size that encoders look at (256 to 511 px on the shorter side), traces of compression at the size that was sent.
"""

from __future__ import annotations

import msgspec

from retrieval.errors import ImageError
from retrieval.image import gate_rules as rules
from retrieval.image.gate_colour import colours, ground, pen, view
from retrieval.image.gate_rules import GateFinding
from retrieval.image.gate_texture import grid, sharpness, structure
from retrieval.image.picture import Picture
from retrieval.records import Record

__all__ = ["GateFinding", "GateReport", "inspect", "require_usable"]


class GateReport(Record, frozen=True):
    """All findings, and every measure by name; a refused picture lacks those that were pointless to take."""

    findings: tuple[GateFinding, ...] = ()
    measures: dict[str, float] = msgspec.field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return any(finding.severity == "refusal" for finding in self.findings)

    @property
    def warnings(self) -> tuple[GateFinding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "warning")


def inspect(picture: Picture) -> GateReport:
    """Measure a picture and judge it; never raises for what the picture shows."""
    findings = list(rules.of_size(picture.width, picture.height))
    measures = {"width": float(picture.width), "height": float(picture.height)}
    if _refused(findings):
        return GateReport(tuple(findings), measures)
    seen = ground(view(picture.pixels))
    measures |= {name: float(getattr(seen, name).mean()) for name in ("tissue", "glass", "void")}
    findings += rules.of_amount(measures["tissue"])
    if _refused(findings):
        return GateReport(tuple(findings), measures)
    measures |= {**pen(seen), **colours(seen), **structure(seen), **sharpness(seen), **grid(picture.pixels)}
    for rule in (rules.of_pen, rules.of_content, rules.of_focus, rules.of_file, rules.of_light):
        findings += rule(measures)
    return GateReport(tuple(findings), measures)


def require_usable(picture: Picture) -> GateReport:
    """The report of a picture that may be searched by; ImageError with kind and measure of its first refusal."""
    report = inspect(picture)
    for finding in report.findings:
        if finding.severity == "refusal":
            raise ImageError(finding.kind, finding.message, measure=finding.measure)
    return report


def _refused(findings: list[GateFinding]) -> bool:
    return any(finding.severity == "refusal" for finding in findings)
