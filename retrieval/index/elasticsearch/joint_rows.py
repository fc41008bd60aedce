"""The rows of a joint space, gathered by the article that they belong to."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from retrieval.index.elasticsearch.mapping import JOINT
from retrieval.index.joint_space import FIGURE, JointContents, JointRows, Part

_FIGURES: Final = "figures"


class RowsByArticle:
    """Made once for a joint space; sorts its row numbers, and reads vectors when they are asked for."""

    def __init__(self, contents: JointContents) -> None:
        self._figures = contents.figures
        self._encoder = msgspec.json.Encoder()
        parts: dict[Part, JointRows] = {"texts": contents.texts, "images": contents.images}
        self._parts = {part: (rows, np.argsort(rows.rows[:, 0], kind="stable")) for part, rows in parts.items()}
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
            numbers = rows[places, 1].tolist()
            # One by one, since the vectors may lie in a file where they are read from their places.
            found[JOINT[part]] = [
                {"number": number, "vector": vectors[place].astype(np.float32).tolist()}
                for number, place in zip(numbers, places, strict=True)
            ]
            figures |= {number: self._figures[number - FIGURE] for number in numbers if number >= FIGURE}
        if figures:
            found[_FIGURES] = self._encoder.encode(figures).decode()
        return found
