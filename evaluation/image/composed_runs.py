"""Composed cases asked with each part alone, and with all: nDCG@10, and what the whole wins over each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.image.composed import Case
from evaluation.image.results import Line, Measured, averaged
from evaluation.measures import Run, Values, ranked_values
from evaluation.significance import interval, paired_p
from retrieval.errors import InputError
from retrieval.image.records import ImageQuery
from retrieval.image.search import ImageSearch

WEIGHTS: Final = (0.3, 0.5, 0.7)
_DEPTH: Final = 10
_MEASURE: Final = "nDCG@10"
_ALONE: Final = ("image alone", "report alone", "genes alone", "report and genes")


def measure_composed(
    search: ImageSearch, cases: Sequence[Case], vectors: Mapping[str, npt.NDArray[np.float32]]
) -> Measured:
    """`vectors` by the images of the cases. InputError without cases."""
    if not cases:
        raise InputError(
            "no case can be made: the index needs articles with MeSH headings and markers of these classes"
        )
    qrels = {case.id: {str(pmid): 1 for pmid in case.relevant} for case in cases}
    values: Values = {}
    for name in (*_ALONE, *map(_whole, WEIGHTS)):
        run: Run = {case.id: _asked(search, case, vectors[case.image], name) for case in cases}
        values[name] = ranked_values(run, qrels)[_MEASURE]
    lines: list[Line] = [averaged(f"{_MEASURE}, {name}", own) for name, own in values.items()]
    notes = [
        f"{len(cases)} cases, {np.mean([len(case.relevant) for case in cases]):.1f} relevant articles each on average"
    ]
    whole = _whole(0.5)
    order = [case.id for case in cases]
    for name in (*_ALONE, *(_whole(weight) for weight in WEIGHTS if weight != 0.5)):
        first, second = ([values[which][key] for key in order] for which in (whole, name))
        won = [a - b for a, b in zip(first, second, strict=True)]
        lines.append(Line(f"{whole} - {name}", interval(won), len(won)))
        notes.append(f"{whole} against {name}: p = {paired_p(first, second):.4f}")
    return Measured("composed", tuple(lines), values, notes=tuple(notes))


def _whole(weight: float) -> str:
    return f"whole, image_weight {weight}"


def _asked(search: ImageSearch, case: Case, vector: npt.NDArray[np.float32], name: str) -> dict[str, float]:
    words = case.report if name.startswith(("report", "whole")) else ""
    genes = case.genes if "genes" in name or name.startswith("whole") else ""
    with_image = name.startswith(("image", "whole"))
    weight = float(name.rpartition(" ")[2]) if name.startswith("whole") else float(with_image)
    query = ImageQuery(words=words, genes=genes, image_weight=weight, limit=_DEPTH)
    vectors = vector.reshape(1, -1) if with_image else np.zeros((0, 0), dtype=np.float32)
    result = search.search_vectors(query, vectors, [1.0] * len(vectors))
    return {str(hit.article.pmid): 1.0 / hit.rank for hit in result.hits}
