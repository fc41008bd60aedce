"""What an asker should know about how a slide was read."""

from __future__ import annotations

from retrieval.records import Record


class Notice(Record, frozen=True):
    """`kind` is one word for programs: scale, thumbnail, little_tissue or sampled; `message` is for people."""

    kind: str
    message: str
