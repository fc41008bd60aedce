"""The names of PubMed's bulk files: pubmed26n1512.xml.gz is the 1512th of the files numbered for 2026.

Baseline and daily update files share one numbering, which starts again each December with the next year's baseline.
"""

from __future__ import annotations

import re
from typing import Self

from retrieval.records import Record

_NAME = re.compile(r"pubmed(\d{2})n(\d{4,})\.xml(?:\.gz)?")


class BulkName(Record, frozen=True, order=True):
    """Sorts in the order in which the files are to be applied."""

    year: int
    """As the name has it: 26 for 2026."""
    number: int

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """None where the name is not that of a bulk file."""
        match = _NAME.fullmatch(name)
        return cls(year=int(match[1]), number=int(match[2])) if match else None
