"""The rows of a joint space, gathered by the article that they belong to."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from retrieval.index.elasticsearch.mapping import JOINT
from retrieval.index.elasticsearch.vectors import numbers
from retrieval.index.joint_space import FIGURE, JointContents

_FIGURES: Final = "figures"


class RowsByArticle:
    """Made once for a joint space; sorts its row numbers, and reads vectors when they are asked for."""

    def __init__(self, contents: JointContents) -> None:
        self._figures = contents.figures
        self._encoder = msgspec.json.Encoder()
        self._parts = {
            part: (rows, np.argsort(rows.rows[:, 0], kind="stable")) for part, rows in contents.parts.items()
        }
        self._pmids = {part: rows.rows[order, 0] for part, (rows, order) in self._parts.items()}

    def fields(self, pmid: int) -> dict[str, Any]:
        """What a document has of the joint space: its rows, and the figures that these name."""
        found: dict[str, Any] = {}
        figures: dict[int, Any] = {}
        for part, ((rows, vectors), order) in self._parts.items():
            first, last = np.searchsorted(self._pmids[part], [pmid, pmid + 1])
            if first == last:
                continue
            places = order[first:last]
            own = rows[places, 1].tolist()
            # One by one, since the vectors may lie in a file where they are read from their places.
            found[JOINT[part]] = [
                {"number": number, "vector": numbers(vectors[place])} for number, place in zip(own, places, strict=True)
            ]
            figures |= {number: self._figures[number - FIGURE] for number in own if number >= FIGURE}
        if figures:
            found[_FIGURES] = self._encoder.encode(figures).decode()
        return found
