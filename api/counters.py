"""What this process did since it started. Changed on the event loop alone, so that no count is lost."""

from __future__ import annotations


class Counters:
    def __init__(self) -> None:
        self.searches = 0
        self.answers = 0
        self.errors = 0
        """Answers with status 500 and above."""
